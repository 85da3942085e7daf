package plot

import "fmt"

// A Dot is a value with the range that it is taken from.
type Dot struct {
	Name, Colour string
	Value        float64
	Low, High    float64
	Hollow       bool // not to be relied on
}

// Dots shows values below each other, each with its name and number.
type Dots struct {
	Title string
	X     Axis
	Mark  float64 // where a line stands for others to be compared with
	Dots  []Dot
}

// The sizes of Dots, in pixels.
const (
	names   = 176 // left of the inner rectangle
	numbers = 64  // right of it
	slot    = 22  // height of a dot's line
)

// SVG returns the drawing.
func (c Dots) SVG() string {
	values := []float64{c.Mark}
	for _, dot := range c.Dots {
		values = append(values, dot.Value, dot.Low, dot.High)
	}
	x := newScale(c.X, values, names, width-numbers)
	low := float64(top + slot*len(c.Dots) + slot/2) // end of the inner rectangle
	var d drawing
	d.begin(c.Title, int(low)+bottom)
	for _, v := range x.ticks() {
		d.f(`<line x1="%.1f" x2="%.1f" y1="%d" y2="%.1f" stroke="#eee"/>`, x.at(v), x.at(v), top, low)
		d.text(x.at(v), low+16, "middle", "small", x.text(v))
	}
	d.text((names+width-numbers)/2, low+36, "middle", "", c.X.Label)
	d.f(`<line x1="%.1f" x2="%.1f" y1="%d" y2="%.1f" stroke="#222" stroke-dasharray="6 4"/>`, x.at(c.Mark), x.at(c.Mark), top, low)
	d.f(`<rect x="%d" y="%d" width="%d" height="%.1f" fill="none" stroke="#888"/>`, names, top, width-numbers-names, low-top)
	for i, dot := range c.Dots {
		d.dot(dot, &x, float64(top+slot*i)+slot*3/4)
	}
	d.f("</svg>")
	return d.String()
}

// dot draws a dot in the middle of its range.
func (d *drawing) dot(dot Dot, x *scale, y float64) {
	d.text(names-8, y+4, "end", "small", dot.Name)
	if !x.shows(dot.Value) {
		d.text(width-numbers+8, y+4, "start", "small", "-")
		return
	}
	if x.shows(dot.Low) && x.shows(dot.High) {
		d.f(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="3"/>`, x.at(dot.Low), x.at(dot.High), y, y, dot.Colour)
	}
	fill, text := dot.Colour, fmt.Sprintf("%.2f", dot.Value)
	if dot.Hollow {
		fill, text = "#fff", "unsteady"
	}
	d.f(`<circle cx="%.1f" cy="%.1f" r="5" fill="%s" stroke="%s" stroke-width="2"/>`, x.at(dot.Value), y, fill, dot.Colour)
	d.text(width-numbers+8, y+4, "start", "small", text)
}
