package raw

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
)

// readJSON reads one object from each line. If want is nil, the first object
// says which columns there are.
func (t *table) readJSON(r io.Reader, want []string, l format.Limits) error {
	t.json = true
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, int(min(l.RecordBytes, math.MaxInt32)))
	var o *objects
	line := int64(0)
	for lines.Scan() {
		line++
		text := lines.Bytes()
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte(byteOrderMark))
		}
		if text = trim(text); len(text) == 0 {
			continue
		}
		err := checkJSON(text)
		if err == nil && o == nil {
			o, err = newObjects(t, text, want, l)
		}
		if err == nil {
			err = o.add(text)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		if err := t.addRow(line, l); err != nil {
			return err
		}
	}
	if err := lines.Err(); err == bufio.ErrTooLong {
		return fmt.Errorf("line %d: longer than %d bytes: %w", line+1, l.RecordBytes, loader.ErrCorrupt)
	} else if err != nil {
		return fmt.Errorf("line %d: %w", line+1, err)
	}
	return nil
}

// checkJSON returns an error if text is not one JSON object.
func checkJSON(text []byte) error {
	if text[0] != '{' {
		return fmt.Errorf("not a JSON object: %w", loader.ErrCorrupt)
	}
	if json.Valid(text) {
		return nil
	}
	var v any
	err := json.Unmarshal(text, &v)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("byte %d: bad JSON: %w", e.Offset, loader.ErrCorrupt)
	}
	return fmt.Errorf("bad JSON: %w", loader.ErrCorrupt)
}

// objects puts the values of JSON objects into the columns of a table.
type objects struct {
	t     *table
	all   bool // other columns than these are an error
	index map[string]int
	seen  []bool
}

// newObjects makes t hold the wanted columns, or all of the first object.
func newObjects(t *table, first []byte, want []string, l format.Limits) (*objects, error) {
	o := &objects{t: t, all: want == nil, index: map[string]int{}}
	if o.all {
		for key := range members(first) {
			name, err := unquote(key)
			if err != nil {
				return nil, err
			}
			if name == "" {
				return nil, fmt.Errorf("a column has no name: say in Fields which to read: %w", loader.ErrSpec)
			}
			want = append(want, name)
		}
		if err := checkNames(want, l); err != nil {
			return nil, err
		}
	}
	t.keep(want)
	for c, name := range want {
		o.index[name] = c
	}
	o.seen = make([]bool, len(want))
	return o, nil
}

// add puts the values of one object into the columns.
func (o *objects) add(object []byte) error {
	clear(o.seen)
	for key, value := range members(object) {
		c, ok, err := o.column(key)
		switch {
		case err != nil:
			return err
		case !ok && o.all:
			return fmt.Errorf("column %.64s is not in the first row: %w", key, loader.ErrCorrupt)
		case !ok:
			continue
		case o.seen[c]:
			return fmt.Errorf("column %.64s twice: %w", key, loader.ErrCorrupt)
		}
		o.seen[c] = true
		add(&o.t.cells[c], value)
	}
	if c := slices.Index(o.seen, false); c >= 0 {
		return fmt.Errorf("column %q: %w: %w", o.t.names[c], errMissing, loader.ErrCorrupt)
	}
	return nil
}

func (o *objects) column(key []byte) (c int, ok bool, err error) {
	if c, ok = o.index[string(key[1:len(key)-1])]; ok || bytes.IndexByte(key, '\\') < 0 {
		return c, ok, nil
	}
	name, err := unquote(key)
	c, ok = o.index[name]
	return c, ok, err
}

// unquote returns the string that a JSON value is.
func unquote(value []byte) (string, error) {
	switch {
	case value[0] == 'n':
		return "", errMissing
	case value[0] != '"':
		return "", errors.New("not a string")
	case !utf8.Valid(value):
		return "", errUTF8
	case bytes.IndexByte(value, '\\') < 0:
		return string(value[1 : len(value)-1]), nil
	}
	var s string
	err := json.Unmarshal(value, &s)
	return s, err
}

// What follows walks over JSON that is known to be valid.

// members returns the keys, quoted, and values of an object.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for rest := inside(object); len(rest) > 0; {
			var key, value []byte
			key, rest = next(rest)
			value, rest = next(rest[len(":"):])
			if !yield(key, value) {
				return
			}
			rest = rest[min(len(","), len(rest)):]
		}
	}
}

// elements returns the values of a list.
func elements(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest := inside(list); len(rest) > 0; {
			var value []byte
			value, rest = next(rest)
			if !yield(value) {
				return
			}
			rest = rest[min(len(","), len(rest)):]
		}
	}
}

func inside(b []byte) []byte { return trim(b[1 : len(b)-1]) }

// next returns the first value of b and what follows it.
func next(b []byte) (value, rest []byte) {
	b = trim(b)
	n := 1
	switch b[0] {
	case '"':
		n = quoted(b)
	case '{', '[':
		for depth := 1; depth > 0; n++ {
			switch b[n] {
			case '"':
				n += quoted(b[n:]) - 1
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
		}
	default:
		for n < len(b) && !ends(b[n]) {
			n++
		}
	}
	return b[:n], trim(b[n:])
}

// ends reports whether c can follow a number or a word.
func ends(c byte) bool {
	return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

// quoted returns the length of the string that b begins with.
func quoted(b []byte) int {
	n := 1
	for ; b[n] != '"'; n++ {
		if b[n] == '\\' {
			n++
		}
	}
	return n + 1
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	for n := len(b); n > 0 && (b[n-1] == ' ' || b[n-1] == '\t' || b[n-1] == '\r' || b[n-1] == '\n'); n = len(b) {
		b = b[:n-1]
	}
	return b
}
