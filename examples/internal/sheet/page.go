package sheet

import (
	"bytes"
	"image"
	"unicode"
	"unicode/utf8"

	"github.com/disintegration/imaging"
	"golang.org/x/image/font/inconsolata"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
)

// page draws the named text of row i as lines, its spans on grounds in the
// colours of their classes. What does not fit is left out.
func page(b *loader.Batch, i int, name string, size image.Point) *image.NRGBA {
	const border = 10
	m := imaging.New(size.X, size.Y, white)
	text := b.Row(name, i).Data
	inside := spanClasses(b, i, name, len(text))
	columns := max(1, (size.X-2*border)/charWidth)
	for k, l := range wrap(text, columns) {
		top := border + k*lineHeight
		if top+lineHeight > size.Y-border/2 {
			break
		}
		x := border
		for at := l[0]; at < l[1]; {
			r, n := utf8.DecodeRune(text[at:])
			if class := inside[at]; class >= 0 {
				fill(m, image.Rect(x, top, x+charWidth, top+lineHeight-2), tint(classColor(class), 0.3))
			}
			write(m, inconsolata.Regular8x16, image.Pt(x, top), ink, string(r))
			at, x = at+n, x+charWidth
		}
	}
	return m
}

// spanClasses returns for each byte of a text the class of the innermost span
// that covers it, or -1.
func spanClasses(b *loader.Batch, i int, name string, length int) []int {
	inside := make([]int, length)
	for k := range inside {
		inside[k] = -1
	}
	for _, f := range on(b.Spec(), name, kind.Spans) {
		classes, _ := follower(b, i, f.Name)
		spans := loader.View[int32](b.Row(f.Name, i))
		for k := range len(spans) / 2 {
			class := k
			if k < len(classes) {
				class = classes[k]
			}
			for at := max(0, int(spans[2*k])); at < min(length, int(spans[2*k+1])); at++ {
				inside[at] = max(0, class)
			}
		}
	}
	return inside
}

// wrap returns where each line of text begins and ends, in bytes, so that none
// has more than the given number of characters. It breaks at spaces, which it
// leaves out there, and within words that are longer than a line.
func wrap(text []byte, columns int) (lines [][2]int) {
	begin, n := 0, 0       // of the line: first byte, characters
	space, behind := -1, 0 // last place to break, characters up to there
	end := func(at int) {
		lines = append(lines, [2]int{begin, begin + len(bytes.TrimRightFunc(text[begin:at], unicode.IsSpace))})
		begin, n, space, behind = at, n-behind, -1, 0
	}
	for at, size := 0, 0; at < len(text); at += size {
		var r rune
		r, size = utf8.DecodeRune(text[at:])
		switch {
		case r == '\n':
			space = -1
			end(at)
			begin, n = at+1, 0
			continue
		case unicode.IsSpace(r):
			n++
			space, behind = at+size, n // a space may hang over the edge
			continue
		case n >= columns && space >= 0:
			end(space)
		case n >= columns:
			end(at)
			n = 0
		}
		n++
	}
	end(len(text))
	return lines
}
