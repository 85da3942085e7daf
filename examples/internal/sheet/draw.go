package sheet

import (
	"image"
	"image/color"
	"image/draw"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"
)

// Measures of the font, of which all characters are equally wide.
const (
	charWidth  = 8
	lineHeight = 18
	ascent     = 12
)

// write writes one line of text whose upper left corner is at.
func write(m *image.NRGBA, face *basicfont.Face, at image.Point, c color.NRGBA, text string) {
	d := font.Drawer{Dst: m, Src: image.NewUniform(c), Face: face, Dot: fixed.P(at.X, at.Y+ascent)}
	d.DrawString(text)
}

// label writes text on a ground of its own, inside of m, as near at as can be.
func label(m *image.NRGBA, at image.Point, ground color.NRGBA, text string) {
	box := image.Rect(0, 0, textWidth(text)+6, 16).Add(at)
	box = box.Add(image.Pt(min(0, m.Rect.Max.X-box.Max.X), min(0, m.Rect.Max.Y-box.Max.Y)))
	box = box.Add(image.Pt(max(0, m.Rect.Min.X-box.Min.X), max(0, m.Rect.Min.Y-box.Min.Y)))
	fill(m, box, ground)
	write(m, inconsolata.Regular8x16, box.Min.Add(image.Pt(3, 0)), white, text)
}

// textWidth returns the width of a line in pixels.
func textWidth(text string) int { return charWidth * utf8.RuneCountInString(text) }

// cut returns as much of text as fits, with two dots where something is missing.
func cut(text string, width int) string {
	n := max(0, width/charWidth)
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:max(0, n-2)]) + ".."[:min(2, n)]
}

// fill paints a rectangle, blended by the alpha of c.
func fill(m *image.NRGBA, r image.Rectangle, c color.NRGBA) {
	draw.Draw(m, r, image.NewUniform(c), image.Point{}, draw.Over)
}

// frame paints the edges of a rectangle, inside of it.
func frame(m *image.NRGBA, r image.Rectangle, width int, c color.NRGBA) {
	fill(m, image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+width), c)
	fill(m, image.Rect(r.Min.X, r.Max.Y-width, r.Max.X, r.Max.Y), c)
	fill(m, image.Rect(r.Min.X, r.Min.Y+width, r.Min.X+width, r.Max.Y-width), c)
	fill(m, image.Rect(r.Max.X-width, r.Min.Y+width, r.Max.X, r.Max.Y-width), c)
}

// disc paints a disc of the given radius around (x, y).
func disc(m *image.NRGBA, x, y, radius int, c color.NRGBA) {
	for dy := -radius; dy <= radius; dy++ {
		half := 0
		for (half+1)*(half+1)+dy*dy <= radius*radius+radius/2 {
			half++
		}
		fill(m, image.Rect(x-half, y+dy, x+half+1, y+dy+1), c)
	}
}

// tint returns c on white paper with the given part of its strength.
func tint(c color.NRGBA, strength float64) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8(255 - float64(255-v)*strength) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), 255}
}
