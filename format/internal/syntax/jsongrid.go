package syntax

import (
	"bytes"
	"unicode/utf8"
)

// template is what rows of JSON have around their values, which in most files is the
// same in all rows.
type template struct {
	before [][]byte // each value
	column []int    // of each value, -1 if nobody wants it
	behind []byte   // the last value, up to the end of the row
}

// Grid implements GridReader. All rows have what the first one has around its values.
func (r *jsonReader) Grid(g *Grid, text []byte) {
	if r.from == nil {
		for c := range r.keys {
			r.from = append(r.from, 1+2*c)
		}
	}
	g.Rows, g.Bytes, g.text, g.columns, g.from, g.trim = 0, 0, text, 1+2*len(r.keys), r.from, 0
	g.ends = append(g.ends[:0], -1)
	for learned := false; ; {
		row := text[g.Bytes:]
		row = row[:bytes.IndexByte(row, '\n')+1]
		if len(row) == 0 {
			return
		}
		if !r.follow(g, row) {
			if g.Rows > 0 || learned || !r.learn(row) {
				return
			}
			learned = true
			continue
		}
		g.Rows++
		g.Bytes += len(row)
		g.ends = append(g.ends, int32(g.Bytes-1))
	}
}

// learn makes what a row has around its values the template, if all columns are in it.
func (r *jsonReader) learn(row []byte) bool {
	t := &r.template
	t.before, t.column = t.before[:0], t.column[:0]
	seen, missing, at := make([]bool, len(r.keys)), len(r.keys), 0
	err := object(row, func(key, value []byte) error {
		c, err := r.column(key)
		switch {
		case err != nil:
			return err
		case c < 0:
			err = checkUTF8(key, value)
		case seen[c]:
			err = corrupt("column %.64s twice", key)
		default:
			seen[c] = true
			missing--
		}
		start := cap(row) - cap(value)
		t.before, t.column = append(t.before, bytes.Clone(row[at:start])), append(t.column, c)
		at = start + len(value)
		return err
	})
	t.behind = bytes.Clone(row[at:])
	if err != nil || missing > 0 {
		t.before = t.before[:0] // which no row follows
		return false
	}
	return true
}

// follow appends to g where the values of a row lie, if it is as the template, and
// otherwise leaves g as it is.
func (r *jsonReader) follow(g *Grid, row []byte) bool {
	t, n := &r.template, len(g.ends)
	for range r.keys {
		g.ends = append(g.ends, 0, 0)
	}
	places, at := g.ends[n:], 0
	for i, before := range t.before {
		start := at + len(before)
		if !bytes.HasPrefix(row[at:], before) {
			break
		}
		if at = skip(row, start, maxDepth); at < 0 {
			break
		}
		if c := t.column[i]; c >= 0 {
			places[2*c], places[2*c+1] = int32(g.Bytes+start-1), int32(g.Bytes+at)
		} else if !utf8.Valid(row[start:at]) {
			at = -1
			break
		}
		if i == len(t.before)-1 && bytes.Equal(row[at:], t.behind) {
			return true
		}
	}
	g.ends = g.ends[:n]
	return false
}

// Unquote implements GridReader: cells are JSON values.
func (r *jsonReader) Unquote(cell []byte) []byte { return cell }
