package syntax

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stokerdata/stoker/internal/split"
)

// maxDepth is how deep values may lie in values, as in encoding/json.
const maxDepth = 10000

// JSON is an object on each line: JSON lines. Cells are JSON values.
type JSON struct{}

// Head implements Syntax.
func (JSON) Head(b []byte) ([]string, int, error) {
	n, err := mark(b)
	return nil, n, err
}

// Split implements Syntax.
func (JSON) Split(b []byte) int {
	return bytes.IndexByte(b, '\n') + 1
}

// Whole implements Syntax.
func (JSON) Whole([]byte) bool { return true }

// Names implements Syntax.
func (JSON) Names(row []byte, add func(name string) error) error {
	return object(row, func(key, _ []byte) error {
		name, err := Unquote(key)
		if err != nil {
			return err
		}
		return add(name)
	})
}

// Reader implements Syntax.
func (JSON) Reader(_, want []string) (Reader, error) {
	r := &jsonReader{index: make(map[string]int, len(want))}
	for c, w := range want {
		r.index[w] = c
		key := `"` + w + `"`
		if strings.IndexByte(w, '\\') >= 0 { // in a key it would mean something else
			key = ""
		}
		r.keys = append(r.keys, key)
	}
	return r, nil
}

// jsonReader reads rows of JSON.
type jsonReader struct {
	index map[string]int
	keys  []string // in quotes, "" of a name that must be escaped

	members []member // in the order in which rows have them
	from    []int    // places of the columns in grids
}

// Read implements Reader.
func (r *jsonReader) Read(row []byte, cells [][]byte) error {
	clear(cells)
	next := 0 // columns mostly come in one order
	return object(row, func(key, value []byte) error {
		c := next
		if c >= len(r.keys) || string(key) != r.keys[c] {
			var err error
			if c, err = r.column(key); err != nil {
				return err
			}
			if c < 0 {
				return checkUTF8(key, value)
			}
		}
		if cells[c] != nil {
			return corrupt("column %.64s twice", key)
		}
		cells[c], next = value, c+1
		return nil
	})
}

// checkUTF8 checks a member that nobody wants, as AppendText does those that hold text.
func checkUTF8(key, value []byte) error {
	if !utf8.Valid(key) || !utf8.Valid(value) {
		return corrupt("column %.64q: %w", key[1:len(key)-1], errUTF8)
	}
	return nil
}

// column returns the number of the column with the given key, -1 if it is not
// wanted.
func (r *jsonReader) column(key []byte) (int, error) {
	if c, ok := r.index[string(key[1:len(key)-1])]; ok && bytes.IndexByte(key, '\\') < 0 {
		return c, nil
	}
	if bytes.IndexByte(key, '\\') < 0 {
		return -1, nil
	}
	name, err := Unquote(key)
	if c, ok := r.index[name]; ok && err == nil {
		return c, nil
	}
	return -1, err
}

// object calls member for the keys, quoted, and values of the object that row
// holds.
func object(row []byte, member func(key, value []byte) error) error {
	at := space(row, 0)
	if at == len(row) || row[at] != '{' {
		return corrupt("not a JSON object")
	}
	for first := true; ; first = false {
		at = space(row, at+1)
		if first && at < len(row) && row[at] == '}' {
			break
		}
		end := skipString(row, at)
		if end < 0 {
			return badJSON(row, at)
		}
		key := row[at:end]
		if at = space(row, end); at == len(row) || row[at] != ':' {
			return badJSON(row, at)
		}
		at = space(row, at+1)
		if end = skip(row, at, maxDepth); end < 0 {
			return badJSON(row, at)
		}
		if err := member(key, row[at:end]); err != nil {
			return err
		}
		if at = space(row, end); at == len(row) || row[at] != ',' && row[at] != '}' {
			return badJSON(row, at)
		}
		if row[at] == '}' {
			break
		}
	}
	if at = space(row, at+1); at < len(row) {
		return badJSON(row, at)
	}
	return nil
}

// badJSON says where a row is damaged, which is in the value at a byte, or before it.
func badJSON(row []byte, at int) error {
	if at < len(row) && (row[at] == '"' || row[at] == '[' || row[at] == '{') {
		return corrupt("bad JSON in the value at byte %d", at+1)
	}
	return corrupt("bad JSON at byte %d", at+1)
}

// space returns the first place from at on that is no white space.
func space(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\t' || b[at] == '\r' || b[at] == '\n') {
		at++
	}
	return at
}

// skip returns the end of the value at the given place, or -1 if none is there.
func skip(b []byte, at, depth int) int {
	if at >= len(b) || depth == 0 {
		return -1
	}
	switch b[at] {
	case '"':
		return skipString(b, at)
	case '[':
		return skipList(b, at, depth)
	case '{':
		return skipObject(b, at, depth)
	case 't':
		return skipWord(b, at, "true")
	case 'f':
		return skipWord(b, at, "false")
	case 'n':
		return skipWord(b, at, "null")
	}
	return skipNumber(b, at)
}

func skipWord(b []byte, at int, word string) int {
	if len(b)-at >= len(word) && string(b[at:at+len(word)]) == word {
		return at + len(word)
	}
	return -1
}

func skipList(b []byte, at, depth int) int {
	if at = space(b, at+1); at < len(b) && b[at] == ']' {
		return at + 1
	}
	for {
		if at = skip(b, at, depth-1); at < 0 {
			return -1
		}
		switch at = space(b, at); {
		case at == len(b):
			return -1
		case b[at] == ']':
			return at + 1
		case b[at] != ',':
			return -1
		}
		at = space(b, at+1)
	}
}

func skipObject(b []byte, at, depth int) int {
	if at = space(b, at+1); at < len(b) && b[at] == '}' {
		return at + 1
	}
	for {
		if at = skipString(b, at); at < 0 {
			return -1
		}
		if at = space(b, at); at == len(b) || b[at] != ':' {
			return -1
		}
		if at = skip(b, space(b, at+1), depth-1); at < 0 {
			return -1
		}
		switch at = space(b, at); {
		case at == len(b):
			return -1
		case b[at] == '}':
			return at + 1
		case b[at] != ',':
			return -1
		}
		at = space(b, at+1)
	}
}

func skipString(b []byte, at int) int {
	if at >= len(b) || b[at] != '"' {
		return -1
	}
	for at++; ; at++ {
		if at += split.Plain(b[at:]); at == len(b) {
			return -1
		}
		switch c := b[at]; {
		case c == '"':
			return at + 1
		case c < ' ':
			return -1
		}
		if at++; at == len(b) {
			return -1
		}
		if b[at] == 'u' {
			if len(b)-at < 5 || !isHex(b[at+1:at+5]) {
				return -1
			}
			at += 4
		} else if strings.IndexByte(escapes, b[at]) < 0 {
			return -1
		}
	}
}

func isHex(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func skipNumber(b []byte, at int) int {
	sign := 0 // which cannot be foretold, and is added without a branch
	if b[at] == '-' {
		sign = 1
	}
	at += sign
	if at == len(b) || !isDigit(b[at]) {
		return -1
	}
	if b[at] == '0' {
		at++
	} else {
		at = skipDigits(b, at)
	}
	if at < len(b) && b[at] == '.' {
		from := at + 1
		if at = skipDigits(b, from); at == from {
			return -1
		}
	}
	if at < len(b) && b[at]|0x20 == 'e' {
		if at++; at < len(b) && (b[at] == '+' || b[at] == '-') {
			at++
		}
		from := at
		if at = skipDigits(b, from); at == from {
			return -1
		}
	}
	return at
}

// skipDigits looks at eight bytes at once, of which the lowest that is found to be no
// digit is none.
func skipDigits(b []byte, at int) int {
	for ; at+8 <= len(b); at += 8 {
		x := binary.LittleEndian.Uint64(b[at:])
		if m := (x | (x + (0x7f-'9')*ones) | (x - '0'*ones)) & highs; m != 0 {
			return at + bits.TrailingZeros64(m)>>3
		}
	}
	for at < len(b) && isDigit(b[at]) {
		at++
	}
	return at
}

// Elements returns the values of a list in a cell.
func Elements(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for at := space(list, 1); list[at] != ']'; {
			end := skip(list, at, maxDepth)
			if !yield(list[at:end]) {
				return
			}
			if at = space(list, end); list[at] == ',' {
				at = space(list, at+1)
			}
		}
	}
}

// Unquote returns the text that a cell holds.
func Unquote(cell []byte) (string, error) {
	text, err := AppendText(nil, cell)
	return string(text), err
}

// AppendText appends the text that a cell holds.
func AppendText(text, cell []byte) ([]byte, error) {
	switch {
	case cell[0] != '"':
		return text, corrupt("not a text")
	case !utf8.Valid(cell):
		return text, corrupt("%w", errUTF8)
	case bytes.IndexByte(cell, '\\') < 0:
		return append(text, cell[1:len(cell)-1]...), nil
	}
	for cell = cell[1 : len(cell)-1]; ; {
		at := bytes.IndexByte(cell, '\\')
		if at < 0 {
			break
		}
		text = append(text, cell[:at]...)
		var n int
		text, n = appendEscaped(text, cell[at:])
		cell = cell[at+n:]
	}
	return append(text, cell...), nil
}

// appendEscaped appends what the first bytes of b mean, from a backslash on, and returns
// how many these are.
func appendEscaped(text, b []byte) ([]byte, int) {
	if i := strings.IndexByte(escapes, b[1]); i >= 0 {
		return append(text, escaped[i]), 2
	}
	n, r := 6, escapedRune(b[2:])
	if utf16.IsSurrogate(r) {
		low := rune(-1)
		if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
			low = escapedRune(b[8:])
		}
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			n = 12
		}
	}
	return utf8.AppendRune(text, r), n
}

// What may stand behind a backslash, but for u, and what it means.
const (
	escapes = `"\/bfnrt`
	escaped = "\"\\/\b\f\n\r\t"
)

// escapedRune returns what four hexadecimal digits mean.
func escapedRune(digits []byte) (r rune) {
	for _, c := range digits[:4] {
		d := c - '0'
		if d > 9 {
			d = c | 0x20 - 'a' + 10
		}
		r = r<<4 | rune(d)
	}
	return r
}
