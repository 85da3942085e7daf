package sheet

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// sample draws the first row of the given columns.
func sample(t *testing.T, size image.Point, spec loader.Spec, cols ...mem.Column) Tile {
	t.Helper()
	src, err := mem.Columns(spec, cols...)
	if err != nil {
		t.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		tile, err := Sample(b, 0, size)
		if err != nil {
			t.Fatal(err)
		}
		return tile
	}
	t.Fatal("no sample")
	return Tile{}
}

// rows makes c the value of one sample, whose first dimension is n.
func rows(c mem.Column, n int64) mem.Column {
	c.Offsets = []int64{0, n}
	return c
}

func wantColor(t *testing.T, m *image.NRGBA, x, y int, want color.NRGBA) {
	t.Helper()
	if got := m.NRGBAAt(x, y); got != want {
		t.Errorf("pixel (%d, %d) is %v, want %v", x, y, got, want)
	}
}

// One picture in all layouts and element types that images come in.
func TestPixels(t *testing.T) {
	red, blue := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 255}
	spec := func(d dtype.Type, dims ...int) loader.Field {
		return loader.Field{Name: "image", DType: d, Shape: loader.Dims(dims...), Kind: kind.Image}
	}
	for _, test := range []struct {
		name  string
		field loader.Field
		data  mem.Column
	}{
		{"bytes", spec(dtype.Uint8, 1, 2, 3), mem.Of([]uint8{255, 0, 0, 0, 0, 255})},
		{"planes", spec(dtype.Uint8, 3, 1, 2), mem.Of([]uint8{255, 0, 0, 0, 0, 255})},
		{"floats", spec(dtype.Float32, 1, 2, 3), mem.Of([]float32{1, 0, 0, 0, 0, 1})},
		{"stretched", spec(dtype.Float64, 3, 1, 2), mem.Of([]float64{2, -2, -2, -2, -2, 2})},
		{"NaN is black", spec(dtype.Float32, 1, 2, 3), mem.Of([]float32{1, float32(math.NaN()), 0, 0, 0, 1})},
	} {
		t.Run(test.name, func(t *testing.T) {
			tile := sample(t, image.Pt(8, 8), loader.Spec{test.field}, test.data)
			if size := tile.Picture.Rect.Size(); size != image.Pt(8, 4) {
				t.Fatalf("the picture is %v, want the ratio of 2 x 1", size)
			}
			wantColor(t, tile.Picture, 1, 1, red)
			wantColor(t, tile.Picture, 6, 2, blue)
		})
	}
}

func TestMarks(t *testing.T) {
	spec := loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(4, 4), Kind: kind.Image},
		{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		{Name: "labels", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Label, Follows: "boxes", Names: []string{"a", "b"}},
		{Name: "mask", DType: dtype.Uint8, Shape: loader.Dims(4, 4), Kind: kind.Mask, Canvas: "image"},
		{Name: "points", DType: dtype.Float32, Shape: loader.Dims(1, 3), Kind: kind.KeyPoints, Canvas: "image"},
		{Name: "label", DType: dtype.Int32, Shape: loader.Dims(), Kind: kind.Label, Names: []string{"zero", "one"}},
	}
	tile := sample(t, image.Pt(64, 64), spec,
		mem.Of(make([]uint8, 16)),
		rows(mem.Of([]float32{0, 0, 2, 2}), 1),
		mem.Varying([][]int32{{1}}),
		mem.Of([]uint8{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
		mem.Of([]float32{3, 1, 2}),
		mem.Of([]int32{1}))
	black := color.NRGBA{0, 0, 0, 255}
	wantColor(t, tile.Picture, 0, 0, classColor(1))   // corner of the box
	wantColor(t, tile.Picture, 31, 31, classColor(1)) // its other corner
	wantColor(t, tile.Picture, 15, 15, black)         // inside of it
	c := classColor(0)
	wantColor(t, tile.Picture, 60, 60, color.NRGBA{c.R / 3, c.G / 3, c.B / 3, 255}) // mask
	wantColor(t, tile.Picture, 48, 16, black)                                       // key point
	wantColor(t, tile.Picture, 51, 16, white)                                       // its edge
	wantColor(t, tile.Picture, 40, 60, black)                                       // nothing
	if tile.Caption != "one" || tile.Corner != "#0" {
		t.Errorf("caption %q, corner %q", tile.Caption, tile.Corner)
	}
	if got := strings.Join(Legend(spec), " "); got != "a b" {
		t.Errorf("the legend is %q", got)
	}
}

func TestWave(t *testing.T) {
	x := make([]float32, 100)
	for i := 50; i < 100; i++ {
		x[i] = float32(i%2)*4 - 2 // beyond full scale
	}
	tile := sample(t, image.Pt(20, 11), loader.Spec{{Name: "audio", DType: dtype.Float32, Shape: loader.Dims(100, 1), Kind: kind.Audio}}, mem.Of(x))
	wantColor(t, tile.Picture, 3, 0, white)
	wantColor(t, tile.Picture, 3, 5, classColor(0))
	wantColor(t, tile.Picture, 13, 0, classColor(3))
	wantColor(t, tile.Picture, 13, 10, classColor(3))
}

func TestText(t *testing.T) {
	spec := loader.Spec{
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "spans", DType: dtype.Int32, Shape: loader.Dims(-1, 2), Kind: kind.Spans, Canvas: "text"},
	}
	tile := sample(t, image.Pt(120, 60), spec, mem.Strings([]string{"in Łódź"}), rows(mem.Of([]int32{3, 10, -5, 99}), 2))
	wantColor(t, tile.Picture, 10, 10, tint(classColor(1), 0.3)) // the second span covers all, and more
	wantColor(t, tile.Picture, 119, 59, white)
}

func TestWrap(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"short", "short"},
		{"one two three", "one two|three"},
		{"exactly8 8", "exactly8|8"},
		{"  two  spaces ", "  two|spaces"},
		{"incomprehensible", "incompre|hensible"},
		{"a\nb\n\nc", "a|b||c"},
		{"ééééééééé", "éééééééé|é"},
		{"an incomprehensible word", "an|incompre|hensible|word"},
	} {
		var lines []string
		for _, l := range wrap([]byte(test.text), 8) {
			lines = append(lines, test.text[l[0]:l[1]])
		}
		if got := strings.Join(lines, "|"); got != test.want {
			t.Errorf("wrap(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

// FuzzWrap checks that lines fit, follow one another, and lose nothing but space.
func FuzzWrap(f *testing.F) {
	f.Add("one two three\n\nfour", 8)
	f.Add("\xff\xfe  x", 1)
	f.Fuzz(func(t *testing.T, text string, columns int) {
		if columns < 1 || columns > 100 {
			return
		}
		at := 0
		for _, l := range wrap([]byte(text), columns) {
			if l[0] < at || l[1] < l[0] || l[1] > len(text) {
				t.Fatalf("line %v behind %d of %d bytes", l, at, len(text))
			}
			if lost := strings.TrimSpace(text[at:l[0]]); lost != "" {
				t.Fatalf("%q is lost", lost)
			}
			if n := len([]rune(text[l[0]:l[1]])); n > columns {
				t.Fatalf("%d characters on a line of %d", n, columns)
			}
			at = l[1]
		}
		if lost := strings.TrimSpace(text[at:]); lost != "" {
			t.Fatalf("%q is lost at the end", lost)
		}
	})
}

func TestDraw(t *testing.T) {
	tile := func(w, h int) Tile {
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		fill(m, m.Rect, classColor(2))
		return Tile{Picture: m, Caption: "a caption that is much too long", Corner: "#1"}
	}
	m := Sheet{Columns: 2}.Draw([]Tile{tile(40, 30), tile(40, 30), tile(20, 10)})
	if want := image.Pt(2*margin+2*40+gap, 2*margin+2*(30+caption)+gap); m.Rect.Size() != want {
		t.Fatalf("the sheet is %v, want %v", m.Rect.Size(), want)
	}
	wantColor(t, m, margin, margin, classColor(2))
	wantColor(t, m, margin+40+gap, margin, classColor(2))
	third := image.Pt(margin, margin+30+caption+gap)
	wantColor(t, m, third.X+20, third.Y+15, classColor(2)) // centred
	wantColor(t, m, third.X+5, third.Y+5, paper)
	if (Sheet{Title: "x", Note: "y", Legend: []string{"z"}}).Draw(nil).Rect.Empty() {
		t.Error("a sheet of no tiles is empty")
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sheet.png")
	if err := Write(path, image.NewNRGBA(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if m, err := png.Decode(f); err != nil || m.Bounds() != image.Rect(0, 0, 3, 2) {
		t.Errorf("read back %v, %v", m, err)
	}
	if err := Write(filepath.Join(t.TempDir(), "no", "sheet.png"), image.NewNRGBA(image.Rect(0, 0, 1, 1))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("writing into a folder that is not there gives %v", err)
	}
}

func TestPixelsRefuses(t *testing.T) {
	for _, f := range []loader.Tensor{
		{DType: dtype.Uint8, Shape: loader.Dims(5)},
		{DType: dtype.Uint8, Shape: loader.Dims(5, 5, 5)},
		{DType: dtype.Float16, Shape: loader.Dims(2, 2, 3)},
	} {
		if _, err := pixels(f); err == nil {
			t.Errorf("%v %v was drawn as an image", f.DType, f.Shape)
		}
	}
}
