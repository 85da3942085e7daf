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
		r := csvReader{comma: s.Comma}
		cells, err := r.all(line)
		names := make([]string, len(cells))
		for i, cell := range cells {
			names[i] = string(cell)
		}
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

var quote, newline = []byte{'"'}, []byte{'\n'}

// Whole implements Syntax.
func (CSV) Whole(b []byte) bool { return bytes.IndexByte(b, '"') < 0 }

// Names implements Syntax.
func (CSV) Names([]byte, func(string) error) error { return nil }

// Reader implements Syntax.
func (s CSV) Reader(names, want []string) (Reader, error) {
	r := &csvReader{comma: s.Comma, to: slices.Repeat([]int{-1}, len(names)), from: make([]int, len(want)), text: []byte{}} // nil is no cell, "" one
	places := make(map[string]int, len(names))
	for k, name := range names {
		places[name] = k
	}
	for c, w := range want {
		k, ok := places[w]
		if !ok {
			return nil, fmt.Errorf("no column %q among %q: %w", w, names, loader.ErrSpec)
		}
		r.to[k], r.from[c] = c, k
	}
	return r, nil
}

// csvReader reads rows of CSV.
type csvReader struct {
	comma byte
	to    []int  // column among those that are wanted, -1 if it is not
	from  []int  // column of each that is wanted
	text  []byte // of cells in quotes
}

// Read implements Reader.
func (r *csvReader) Read(row []byte, cells [][]byte) error {
	row = bare(row)
	r.text = r.text[:0]
	quoted := bytes.IndexByte(row, '"') >= 0
	commas := uint64(r.comma) * ones
	at, last := 0, len(r.to)-1
	for k, c := range r.to {
		start := at
		at = find(row, at, commas)
		cell := row[start:at]
		if quoted {
			var err error
			if cell, at, err = r.cell(row, start, at); err != nil {
				return fmt.Errorf("cell %d: %w", k+1, err)
			}
		}
		if c >= 0 {
			cells[c] = cell
		}
		if (at == len(row)) != (k == last) {
			if k == last {
				return corrupt("more than %d cells", len(r.to))
			}
			return corrupt("%d cells, must be %d", k+1, len(r.to))
		}
		at++
	}
	return nil
}

// all returns all cells of a row, however many there are.
func (r *csvReader) all(row []byte) (cells [][]byte, err error) {
	row = bare(row)
	for at := 0; at <= len(row); at++ {
		start := at
		at = find(row, at, uint64(r.comma)*ones)
		var cell []byte
		if cell, at, err = r.cell(row, start, at); err != nil {
			return nil, fmt.Errorf("cell %d: %w", len(cells)+1, err)
		}
		cells = append(cells, cell)
	}
	return cells, nil
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
	from := len(r.text)
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
		if cell = r.text[from:]; bytes.IndexByte(cell, '\r') >= 0 { // lines end with \n alone, as in the files of others
			cell = bytes.ReplaceAll(cell, []byte("\r\n"), newline)
		}
		return cell[:len(cell):len(cell)], end, nil
	}
}
