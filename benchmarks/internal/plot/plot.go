package plot

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// A Line is points with something in common.
type Line struct {
	Name   string
	Colour string // as CSS has them
	X, Y   []float64
	Dashed bool // a bound rather than a measurement: without markers
	Bare   bool // without markers, for many points
	Hollow bool // markers are squares that are not filled, instead of discs
	Light  bool // not in the legend
}

// A Chart shows lines.
type Chart struct {
	Title string
	X, Y  Axis
	Lines []Line
}

// A Bar is one value.
type Bar struct {
	Name, Colour string
	Value        float64
	Hollow       bool // hatched instead of filled
}

// Bars shows values side by side, each with its number.
type Bars struct {
	Title string
	Y     Axis
	Bars  []Bar
}

// The sizes of a drawing, in pixels.
const (
	width  = 620
	height = 300 // of the inner rectangle
	left   = 78
	right  = 26
	top    = 40
	bottom = 52
	line   = 18 // of a legend
	column = 300
)

// drawing is the text of an SVG.
type drawing struct{ strings.Builder }

func (d *drawing) f(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

// text writes a text that is anchored at start, middle or end.
func (d *drawing) text(x, y float64, anchor, class, s string) {
	d.f(`<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class, html.EscapeString(s))
}

// begin writes what all drawings begin with.
func (d *drawing) begin(title string, total int) {
	d.f(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`, width, total, width, total)
	d.f(`<title>%s</title>`, html.EscapeString(title))
	d.f(`<style>text{font:12px sans-serif;fill:#222}.title{font-weight:bold;font-size:14px}.small{font-size:11px}</style>`)
	d.f(`<rect width="%d" height="%d" fill="#fff"/>`, width, total)
	d.text(width/2, 22, "middle", "title", title)
}

// axisY draws the left side and lines across.
func (d *drawing) axisY(y *scale) {
	for _, v := range y.ticks() {
		p := y.at(v)
		d.f(`<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`, left, width-right, p, p)
		d.text(left-8, p+4, "end", "small", y.text(v))
	}
	d.f(`<text transform="translate(16,%d) rotate(-90)" text-anchor="middle">%s</text>`, top+height/2, html.EscapeString(y.Label))
	d.f(`<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#888"/>`, left, top, width-right-left, height)
}

// axisX draws the lower side and lines upwards.
func (d *drawing) axisX(x *scale) {
	for _, v := range x.ticks() {
		p := x.at(v)
		d.f(`<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#eee"/>`, p, p, top, top+height)
		d.text(p, top+height+16, "middle", "small", x.text(v))
	}
	d.text((left+width-right)/2, top+height+36, "middle", "", x.Label)
}

// SVG returns the drawing.
func (c Chart) SVG() string {
	var xs, ys []float64
	named := 0
	for _, l := range c.Lines {
		xs, ys = append(xs, l.X...), append(ys, l.Y...)
		if !l.Light {
			named++
		}
	}
	x := newScale(c.X, xs, left, width-right)
	y := newScale(c.Y, ys, top+height, top)
	var d drawing
	d.begin(c.Title, top+height+bottom+line*((named+1)/2))
	d.axisX(&x)
	d.axisY(&y)
	k := 0
	for _, l := range c.Lines {
		d.line(l, &x, &y)
		if !l.Light {
			d.legend(l, k)
			k++
		}
	}
	d.f("</svg>")
	return d.String()
}

// line draws the points of a line, and the line through them.
func (d *drawing) line(l Line, x, y *scale) {
	var path strings.Builder
	var marks [][2]float64
	for i := range l.X {
		if !x.shows(l.X[i]) || !y.shows(l.Y[i]) {
			continue
		}
		p := [2]float64{x.at(l.X[i]), y.at(l.Y[i])}
		fmt.Fprintf(&path, " %.1f,%.1f", p[0], p[1])
		marks = append(marks, p)
	}
	d.f(`<polyline points="%s" fill="none" %s/>`, strings.TrimSpace(path.String()), l.stroke())
	for _, p := range marks {
		d.mark(l, p[0], p[1])
	}
}

// stroke returns the attributes of l's stroke.
func (l Line) stroke() string {
	s := fmt.Sprintf(`stroke="%s" stroke-width="2"`, l.Colour)
	if l.Dashed {
		s += ` stroke-dasharray="6 4"`
	}
	return s
}

// mark draws one point.
func (d *drawing) mark(l Line, x, y float64) {
	switch {
	case l.Dashed || l.Bare:
	case l.Hollow:
		d.f(`<rect x="%.1f" y="%.1f" width="8" height="8" fill="#fff" stroke="%s" stroke-width="2"/>`, x-4, y-4, l.Colour)
	default:
		d.f(`<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`, x, y, l.Colour)
	}
}

// legend names line number k.
func (d *drawing) legend(l Line, k int) {
	x, y := float64(14+k%2*column), float64(top+height+bottom+k/2*line)
	d.f(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" %s/>`, x, x+26, y, y, l.stroke())
	d.mark(l, x+13, y)
	d.text(x+32, y+4, "start", "small", l.Name)
}

// SVG returns the drawing.
func (b Bars) SVG() string {
	var ys []float64
	for _, bar := range b.Bars {
		ys = append(ys, bar.Value)
	}
	y := newScale(b.Y, ys, top+height, top)
	if b.Y.Log {
		y.lo /= 10 // so that the least bar has a height
		y.hi *= 1.5
	}
	var d drawing
	d.begin(b.Title, top+height+bottom)
	d.f(`<defs>`)
	for i, bar := range b.Bars {
		d.f(`<pattern id="%s" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7" fill="#fff"/><rect width="4" height="7" fill="%s"/></pattern>`, hatch(b.Title, i), bar.Colour)
	}
	d.f(`</defs>`)
	d.axisY(&y)
	slot := float64(width-right-left) / float64(max(1, len(b.Bars)))
	for i, bar := range b.Bars {
		middle := left + slot*(float64(i)+0.5)
		d.words(middle, top+height+16, slot, bar.Name)
		if !y.shows(bar.Value) {
			continue
		}
		fill := bar.Colour
		if bar.Hollow {
			fill = "url(#" + hatch(b.Title, i) + ")"
		}
		wide, p := math.Min(slot*0.6, 90), y.at(bar.Value)
		d.f(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" stroke="%s"/>`, middle-wide/2, p, wide, top+height-p, fill, bar.Colour)
		d.text(middle, p-5, "middle", "small", y.text(bar.Value))
	}
	d.f("</svg>")
	return d.String()
}

// hatch returns a name for the pattern of a bar that no other drawing of a page
// has.
func hatch(title string, i int) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, title)
	return fmt.Sprintf("hatch-%s-%d", name, i)
}

// words writes a text in up to three lines that fit a width.
func (d *drawing) words(x, y, wide float64, s string) {
	letters := max(1, int(wide/6.2))
	row, rows := "", 0
	for w := range strings.FieldsSeq(s) {
		if row != "" && len([]rune(row))+1+len([]rune(w)) > letters {
			d.text(x, y+float64(13*rows), "middle", "small", row)
			row, rows = "", rows+1
		}
		row = strings.TrimSpace(row + " " + w)
	}
	d.text(x, y+float64(13*rows), "middle", "small", row)
}
