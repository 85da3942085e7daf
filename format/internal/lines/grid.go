package lines

import (
	"slices"

	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/internal/decimal"
	"github.com/stokerdata/stoker/loader/dtype"
)

// parseGrid parses the rows of r.grid, which begin at a place in text, column by column.
func (r *rows) parseGrid(reader syntax.Reader, text []byte, at int) {
	g, first, bad := &r.grid, r.row, len(r.bad)
	for c := range r.cols {
		v, d := &r.cols[c], g.Column(c)
		enter := func(i int) {
			cell := d.Cell(i)
			if len(cell) > 0 && cell[0] == '"' {
				cell = reader.Unquote(cell)
			}
			r.row = first + i
			v.rows = r.row
			if err := r.enter(c, cell); err != nil {
				r.fail(text[:at+g.Start(i)], err)
				r.drop(c)
			}
		}
		if r.numbers(c, d) {
			for _, i := range r.odd {
				enter(int(i))
			}
		} else {
			for i := range g.Rows {
				enter(i)
			}
		}
		v.rows = first + g.Rows
	}
	r.row = first + g.Rows
	slices.SortStableFunc(r.bad[bad:], func(a, b rowError) int { return a.row - b.row })
	r.bad = slices.CompactFunc(r.bad, func(a, b rowError) bool { return a.row == b.row })
}

// numbers sets the next rows of column c to the numbers of d, of which r.odd are for
// enter, and reports whether there is a way to do so.
func (r *rows) numbers(c int, d decimal.Column) bool {
	v, col, n := &r.cols[c], &r.s.columns[c], r.grid.Rows
	if !col.number {
		return false
	}
	dst := v.data[v.rows*col.row:][:n*col.row]
	switch r.odd = r.odd[:0]; col.field.DType {
	case dtype.Float32:
		r.odd = decimal.Float32(elem.View[float32](dst), d, r.odd)
	case dtype.Float64:
		r.odd = decimal.Float64(elem.View[float64](dst), d, r.odd)
	case dtype.Int64:
		r.odd = decimal.Int64(elem.View[int64](dst), d, r.odd)
	default:
		return false
	}
	if col.mask >= 0 {
		valid := v.valid[v.rows:][:n]
		for i := range valid {
			valid[i] = 1
		}
	}
	return true
}
