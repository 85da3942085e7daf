package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

// wellFormed fails for a text that is no XML, and returns how many elements of
// each name it has.
func wellFormed(t *testing.T, svg string) map[string]int {
	t.Helper()
	n := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok {
			n[e.Name.Local]++
		}
	}
}

func TestChart(t *testing.T) {
	svg := Chart{
		Title: "A < B", X: Axis{Label: "x", Log: true}, Y: Axis{Label: "y"},
		Lines: []Line{
			{Name: "one & two", Colour: "#123456", X: []float64{1, 10, 0, 100}, Y: []float64{1, 2, 3, math.NaN()}},
			{Name: "hollow", Colour: "#654321", Hollow: true, X: []float64{5}, Y: []float64{7}},
			{Name: "bound", Colour: "#000", Dashed: true, Light: true, X: []float64{1, 100}, Y: []float64{9, 9}},
		},
	}.SVG()
	n := wellFormed(t, svg)
	if n["polyline"] != 3 || n["circle"] != 3 { // two points and one in the legend: 0 and NaN have no place
		t.Errorf("%v", n)
	}
	if !strings.Contains(svg, "one &amp; two") || strings.Contains(svg, ">bound<") || strings.Contains(svg, "NaN") {
		t.Error(svg)
	}
	wellFormed(t, Chart{Title: "nothing", Y: Axis{Log: true}}.SVG())
}

func TestBars(t *testing.T) {
	svg := Bars{Title: "T", Y: Axis{Label: "y", Log: true}, Bars: []Bar{
		{Name: "a drive of many words", Colour: "#111", Value: 80}, {Name: "b", Colour: "#222", Value: 1.9e6, Hollow: true}, {Name: "none", Colour: "#333"},
	}}.SVG()
	if n := wellFormed(t, svg); n["pattern"] != 3 {
		t.Errorf("%v", n)
	}
	if !strings.Contains(svg, ">1.9 M<") || !strings.Contains(svg, `fill="url(#hatch-T-1)"`) || strings.Contains(svg, "Inf") {
		t.Error(svg)
	}
	wellFormed(t, Bars{}.SVG())
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		axis   Axis
		values []float64
		lo, hi float64
		ticks  []float64
	}{
		{Axis{}, []float64{3, 37}, 0, 40, []float64{0, 10, 20, 30, 40}},
		{Axis{Log: true}, []float64{79, 600e3, 0}, 50, 1e6, []float64{100, 1000, 1e4, 1e5, 1e6}},
		{Axis{Log: true}, []float64{30, 400}, 20, 500, []float64{20, 50, 100, 200, 500}},
		{Axis{Ticks: []float64{1, 2, 4}}, nil, 0, 4, []float64{1, 2, 4}},
	} {
		s := newScale(c.axis, c.values, 100, 0)
		got := s.ticks()
		same := slices.EqualFunc(got, c.ticks, func(a, b float64) bool { return math.Abs(a-b) < 1e-9*b+1e-12 })
		if math.Abs(s.lo-c.lo) > 1e-9 || math.Abs(s.hi-c.hi) > 1e-6 || !same {
			t.Errorf("%+v of %v: %v to %v, ticks %v", c.axis, c.values, s.lo, s.hi, got)
		}
		if s.at(s.lo) != 100 || math.Abs(s.at(s.hi)) > 1e-9 {
			t.Errorf("%v: ends at %v and %v", c.values, s.at(s.lo), s.at(s.hi))
		}
	}
	middle := newScale(Axis{Log: true}, []float64{1, 100}, 0, 10)
	if p := middle.at(10); math.Abs(p-5) > 1e-9 {
		t.Errorf("10 is at %v of 1 to 100", p)
	}
}

func TestFormats(t *testing.T) {
	for got, want := range map[string]string{
		SI(0): "0", SI(999.6): "1 k", SI(13e3): "13 k", SI(1.85e6): "1.85 M", SI(0.25): "0.25", SI(153): "153", SI(2e9): "2 G",
		Seconds(77e-6): "77 µs", Seconds(0.0127): "12.7 ms", Seconds(1): "1 s", Seconds(5e-8): "50 ns", Percent(0.951): "95.1 %",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDots(t *testing.T) {
	svg := Dots{Title: "T", X: Axis{Label: "x", Log: true}, Mark: 1, Dots: []Dot{
		{Name: "a & b", Colour: "#111", Value: 2, Low: 1.9, High: 2.1}, {Name: "wild", Colour: "#222", Value: 3, Low: 1, High: 9, Hollow: true}, {Name: "none", Colour: "#333"},
	}}.SVG()
	if n := wellFormed(t, svg); n["circle"] != 2 {
		t.Errorf("%v", n)
	}
	if !strings.Contains(svg, ">2.00<") || !strings.Contains(svg, ">unsteady<") || strings.Contains(svg, "3.00") || strings.Contains(svg, "Inf") {
		t.Error(svg)
	}
	wellFormed(t, Dots{X: Axis{Log: true}, Mark: 1}.SVG())
}
