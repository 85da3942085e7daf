package syntax

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// A member is a key that rows of a file have had, as it stands there.
type member struct {
	key    []byte // in quotes
	column int    // -1 if it is not wanted
}

const (
	mostMembers = 1024 // that are remembered
	mostKey     = 256  // bytes of the key of one
	fewMembers  = 16   // that are looked at for one, as rows may lack some
)

// Grid implements Reader. Of what a row lacks, the cell is empty.
func (r *jsonReader) Grid(g *Grid, text []byte) {
	if r.from == nil {
		for c := range r.keys {
			r.from = append(r.from, 1+2*c)
		}
	}
	g.Rows, g.Bytes, g.text, g.places, g.from, g.trim = 0, 0, text, 1+2*len(r.keys), r.from, 0
	g.ends = append(g.ends[:0], -1)
	for {
		row := text[g.Bytes:]
		row = row[:bytes.IndexByte(row, '\n')+1]
		n := len(g.ends)
		for range r.keys {
			g.ends = append(g.ends, int32(g.Bytes-1), int32(g.Bytes))
		}
		if len(row) == 0 || !r.walk(g.ends[n:], row, g.Bytes) {
			return
		}
		g.Rows++
		g.Bytes += len(row)
		g.ends = append(g.ends, int32(g.Bytes-1))
	}
}

// walk sets places to those of the cells of a row that begins at a byte of the text. It
// reports whether there is nothing wrong with the row, and leaves it to Read to say what.
func (r *jsonReader) walk(places []int32, row []byte, begin int) bool {
	at := space(row, 0)
	if at == len(row) || row[at] != '{' {
		return false
	}
	if at = space(row, at+1); at < len(row) && row[at] == '}' {
		return space(row, at+1) == len(row)
	}
	for next := 0; ; {
		n, c, ok := r.member(row[at:], &next)
		if at = space(row, at+n); !ok || at == len(row) || row[at] != ':' {
			return false
		}
		start := space(row, at+1)
		if at = skip(row, start, maxDepth); at < 0 {
			return false
		}
		switch {
		case c < 0:
			if !utf8.Valid(row[start:at]) {
				return false
			}
		case places[2*c+1] != int32(begin): // it is there twice
			return false
		default:
			places[2*c], places[2*c+1] = int32(begin+start-1), int32(begin+at)
		}
		if at = space(row, at); at == len(row) || row[at] != ',' {
			break
		}
		at = space(row, at+1)
	}
	return at < len(row) && row[at] == '}' && space(row, at+1) == len(row)
}

// member returns the length of the key that b begins with, and its column. It looks for
// it among the members from next on, and makes next the one behind it.
func (r *jsonReader) member(b []byte, next *int) (n, column int, ok bool) {
	few := r.members[*next:]
	for i, m := range few[:min(len(few), fewMembers)] {
		if bytes.HasPrefix(b, m.key) {
			*next += i + 1
			return len(m.key), m.column, true
		}
	}
	if n = skipString(b, 0); n < 0 {
		return 0, 0, false
	}
	column, err := r.column(b[:n])
	if err != nil || !utf8.Valid(b[:n]) {
		return 0, 0, false
	}
	if len(r.members) < mostMembers && n <= mostKey {
		r.members = slices.Insert(r.members, *next, member{bytes.Clone(b[:n]), column})
		*next++
	}
	return n, column, true
}

// Unquote implements Reader: cells are JSON values.
func (r *jsonReader) Unquote(cell []byte) []byte { return cell }
