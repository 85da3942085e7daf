package syntax

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/stokerdata/stoker/loader"
)

// CSV is RFC 4180: cells with a comma, a quote or the end of a line in them are in
// quotes, and quotes in them are doubled.
type CSV struct {
	Comma byte
	// Columns are the names of the columns of files whose first row does not tell
	// them. Nil means that it does.
	Columns []string
}

// Head implements Syntax.
func (s CSV) Head(b []byte) ([]string, int, error) {
	n, err := mark(b)
	if err != nil || s.Columns != nil {
		return s.Columns, n, err
	}
	for n < len(b) {
		line := b[n:]
		if k := s.Split(line); k > 0 {
			line = line[:k]
		}
		n += len(line)
		if IsEmpty(line) {
			continue
		}
		names := []string{}
		r := csvReader{comma: s.Comma, all: true}
		err := r.Read(line, func(_ int, cell []byte) error {
			names = append(names, string(cell))
			return nil
		})
		return names, n, err
	}
	return nil, n, corrupt("no row of names")
}

// Split implements Syntax.
func (s CSV) Split(b []byte) int {
	quotes := 0
	for n := 0; ; {
		i := bytes.IndexByte(b[n:], '\n')
		if i < 0 {
			return 0
		}
		quotes += bytes.Count(b[n:n+i], quote)
		if n += i + 1; quotes%2 == 0 {
			return n
		}
	}
}

var quote = []byte{'"'}

// Whole implements Syntax.
func (CSV) Whole(b []byte) bool { return bytes.IndexByte(b, '"') < 0 }

// Names implements Syntax.
func (CSV) Names(names []string, _ []byte) ([]string, error) { return names, nil }

// Reader implements Syntax.
func (s CSV) Reader(names, want []string) (Reader, error) {
	r := &csvReader{comma: s.Comma, to: slices.Repeat([]int{-1}, len(names))}
	for c, w := range want {
		k := slices.Index(names, w)
		if k < 0 {
			return nil, fmt.Errorf("no column %q among %q: %w", w, names, loader.ErrSpec)
		}
		r.to[k] = c
	}
	return r, nil
}

// csvReader reads rows of CSV.
type csvReader struct {
	comma byte
	all   bool  // any number of cells is right, and all are wanted
	to    []int // columns among those that are wanted, -1 if it is not
	text  []byte
}

// Read implements Reader.
func (r *csvReader) Read(row []byte, set func(int, []byte) error) error {
	row = bare(row)
	quoted := bytes.IndexByte(row, '"') >= 0
	commas := uint64(r.comma) * ones
	for k, at := 0, 0; ; k++ {
		start := at
		at = find(row, at, commas)
		cell := row[start:at]
		if quoted {
			var err error
			if cell, at, err = r.cell(row, start, at); err != nil {
				return fmt.Errorf("cell %d: %w", k+1, err)
			}
		}
		c := k
		if !r.all {
			if k >= len(r.to) {
				return corrupt("more than %d cells", len(r.to))
			}
			c = r.to[k]
		}
		if c >= 0 {
			if err := set(c, cell); err != nil {
				return err
			}
		}
		if at == len(row) {
			if !r.all && k+1 < len(r.to) {
				return corrupt("%d cells, must be %d", k+1, len(r.to))
			}
			return nil
		}
		at++
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// find returns the first place from at on with the byte that commas holds eight
// times, or the end of row. It looks at eight bytes at once: Mycroft's test for a
// byte that is zero, of which the lowest is always right.
func find(row []byte, at int, commas uint64) int {
	for ; at+8 <= len(row); at += 8 {
		x := binary.LittleEndian.Uint64(row[at:]) ^ commas
		if x = (x - ones) &^ x & highs; x != 0 {
			return at + bits.TrailingZeros64(x)>>3
		}
	}
	for at < len(row) && row[at] != byte(commas) {
		at++
	}
	return at
}

// cell returns the cell from start on, which ends at the next comma unless it is in
// quotes, and where it ends.
func (r *csvReader) cell(row []byte, start, comma int) (cell []byte, end int, err error) {
	if start == len(row) || row[start] != '"' {
		if bytes.IndexByte(row[start:comma], '"') >= 0 {
			return nil, 0, corrupt("a quote in a cell that does not begin with one")
		}
		return row[start:comma], comma, nil
	}
	r.text = r.text[:0]
	for at := start + 1; ; {
		i := bytes.IndexByte(row[at:], '"')
		if i < 0 {
			return nil, 0, corrupt("a quote is not closed")
		}
		if r.text = append(r.text, row[at:at+i]...); at+i+1 < len(row) && row[at+i+1] == '"' {
			r.text, at = append(r.text, '"'), at+i+2
			continue
		}
		if end = at + i + 1; end < len(row) && row[end] != r.comma {
			return nil, 0, corrupt("text behind the quote that closes a cell")
		}
		if bytes.IndexByte(r.text, '\r') >= 0 { // lines end with \n alone, as in the files of others
			r.text = append(r.text[:0], bytes.ReplaceAll(r.text, []byte("\r\n"), []byte("\n"))...)
		}
		return r.text, end, nil
	}
}
