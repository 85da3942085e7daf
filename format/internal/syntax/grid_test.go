package syntax

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestGrid takes random texts apart many rows at once, and row by row: the cells are the
// same, and what no grid has first is for Read.
func TestGrid(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	parts := []string{"", "1", "22", "\"x\"", "\"\"", "\"a,b\"", "\"c\n\"", "\"d\r\n\"", "\"\"\"\"", "\"e\"\"f\"", "long enough to be in a second block of bytes"}
	odd := []string{"\"", "\r", "a\"b", "\"a\"b", "\"\"c", "x\"", ",", "\n"}
	grids, rows := 0, 0
	for trial := range 20_000 {
		columns := 1 + r.IntN(4)
		end := []string{"\n", "\r\n"}[r.IntN(2)]
		var b strings.Builder
		for range r.IntN(30) {
			for c := range columns {
				if c > 0 {
					b.WriteByte(',')
				}
				b.WriteString(parts[r.IntN(len(parts))])
				if trial%2 > 0 && r.IntN(40) == 0 {
					b.WriteString(odd[r.IntN(len(odd))])
				}
			}
			b.WriteString(end)
		}
		n, m := checkGrids(t, CSV{Comma: ','}, []byte(b.String()), columns)
		grids, rows = grids+n, rows+m
	}
	if rows < 8*grids {
		t.Errorf("%d grids of %d rows", grids, rows)
	}
}

// TestGridJSON does the same with rows of JSON that have one order of keys, most of them.
func TestGridJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	values := []string{"1", "-2.5e7", "0", "null", "true", `"x"`, `"a \"text\" \u00e4\n"`, "[1, [2], 3]", `{"a": "}"}`, "12345678901234567890", `"long enough to be in a second block of bytes"`}
	odd := []string{"01", "1.", "-", `"x`, "\"\xff\"", "\"\t\"", `"\x"`, "[1,", "", "1 2", "nul", "[1,\r2]", "[\xff]"}
	grids, rows := 0, 0
	for trial := range 10_000 {
		columns := 1 + r.IntN(4)
		order := r.Perm(columns + r.IntN(2))
		space := []string{"", " "}[r.IntN(2)]
		var b strings.Builder
		for range r.IntN(30) {
			pick := func(n int) bool { return trial%2 > 0 && r.IntN(n) == 0 }
			if pick(20) {
				order = r.Perm(len(order))
			}
			b.WriteString("{")
			for i, k := range order {
				value := values[r.IntN(len(values))]
				if pick(100) {
					value = odd[r.IntN(len(odd))]
				}
				if i > 0 {
					b.WriteString("," + space)
				}
				b.WriteString(`"` + "abcde"[k:k+1] + `":` + space + value)
				if pick(100) {
					b.WriteString(`, "a": 1`)
				}
			}
			b.WriteString("}" + []string{"", "\r", "x"}[max(0, r.IntN(100)-97)] + "\n")
		}
		n, m := checkGrids(t, JSON{}, []byte(b.String()), columns)
		grids, rows = grids+n, rows+m
	}
	if rows < 5*grids {
		t.Errorf("%d grids of %d rows", grids, rows)
	}
}

// checkGrids compares the grids of a text with its rows, and returns how many there are.
func checkGrids(t *testing.T, s Syntax, text []byte, columns int) (grids, rows int) {
	t.Helper()
	_, isCSV := s.(CSV)
	names := strings.Split("abcd"[:columns], "")
	reader, err := s.Reader(names, names)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := s.Reader(names, names)
	var g Grid
	want := make([][]byte, columns)
	for at := 0; at < len(text); {
		reader.Grid(&g, text[at:])
		if g.Rows == 0 {
			n := s.Split(text[at:])
			if n == 0 {
				n = len(text) - at
			} else if row := text[at : at+n]; !IsEmpty(row) && other.Read(row, want) == nil && (isCSV || !slices.ContainsFunc(want, func(cell []byte) bool { return cell == nil })) {
				t.Fatalf("no grid begins with the row %q of %q", row, text)
			}
			at += n
			continue
		}
		grids, rows = grids+1, rows+g.Rows
		if g.Start(g.Rows) != g.Bytes {
			t.Fatalf("a grid of %d bytes ends at %d", g.Bytes, g.Start(g.Rows))
		}
		for i := range g.Rows {
			row := text[at+g.Start(i) : at+g.Start(i+1)]
			if n := s.Split(text[at+g.Start(i):]); n != len(row) {
				t.Fatalf("a row of %q is %q, %d bytes too long", text, row, len(row)-n)
			}
			if err := other.Read(row, want); err != nil {
				t.Fatalf("row %q of %q: %v", row, text, err)
			}
			for c := range columns {
				cell := g.Column(c).Cell(i)
				if isCSV && bytes.HasPrefix(cell, quote) {
					cell = reader.Unquote(cell)
				}
				if !bytes.Equal(cell, want[c]) {
					t.Fatalf("cell %d of %q is %q, want %q", c, row, cell, want[c])
				}
			}
		}
		at += g.Bytes
	}
	return grids, rows
}
