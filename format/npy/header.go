package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

const (
	magic     = "\x93NUMPY"
	maxHeader = 64 << 10 // bytes; those of arrays that can be read take about 128
	maxRank   = 5
	maxBytes  = 1 << 56 // of an array, so that sums do not overflow
)

// header is what stands before the elements of an array.
type header struct {
	dtype   dtype.Type
	swap    bool // the bytes of an element are in the other order than the machine's
	fortran bool
	dims    []int
	n       int   // bytes of the header itself
	bytes   int64 // of the elements
}

// readHeader reads a header of version 1 to 3: numpy/lib/format.py.
func readHeader(r io.Reader) (header, error) {
	var start [12]byte // magic, version, and a length of two bytes, or four from version 2 on
	if _, err := io.ReadFull(r, start[:10]); err != nil {
		return header{}, cut(err)
	}
	if string(start[:6]) != magic {
		return header{}, corrupt("not an array of NumPy")
	}
	first, n := 10, int(binary.LittleEndian.Uint16(start[8:]))
	switch {
	case start[6] < 1 || start[6] > 3 || start[7] != 0:
		return header{}, corrupt("an array of version %d.%d", start[6], start[7])
	case start[6] > 1:
		if _, err := io.ReadFull(r, start[10:]); err != nil {
			return header{}, cut(err)
		}
		first, n = 12, int(min(binary.LittleEndian.Uint32(start[8:]), math.MaxInt32))
	}
	if n > maxHeader {
		return header{}, corrupt("a header of %d bytes, the limit is %d", n, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return header{}, cut(err)
	}
	h, err := parseHeader(string(text))
	h.n = first + n
	return h, err
}

// parseHeader parses the Python dictionary that a header is.
func parseHeader(text string) (h header, err error) {
	p := literal{rest: text}
	var descr string
	seen := map[string]bool{}
	p.want("{")
	for p.err == nil && !p.take("}") {
		key := p.text()
		if seen[key] {
			return h, corrupt("header: %q twice", key)
		}
		seen[key] = true
		if p.want(":"); p.err != nil {
			break
		}
		switch key {
		case "descr":
			if p.next('[') {
				return h, fmt.Errorf("records, of which a field has no type: %w", loader.ErrSpec)
			}
			descr = p.text()
		case "fortran_order":
			h.fortran = p.truth()
		case "shape":
			h.dims = p.tuple()
		default:
			return h, corrupt("header: unknown key %.40q", key)
		}
		if !p.take(",") && !p.next('}') {
			p.fail("a comma")
		}
	}
	if p.err == nil && strings.TrimLeft(p.rest, blanks) != "" {
		p.fail("its end")
	}
	if p.err != nil {
		return h, p.err
	}
	if len(seen) != 3 {
		return h, corrupt("header: %d of descr, fortran_order and shape", len(seen))
	}
	if h.dtype, h.swap, err = parseType(descr); err != nil {
		return h, err
	}
	h.bytes, err = count(h.dims, h.dtype)
	return h, err
}

// count returns the bytes of an array.
func count(dims []int, t dtype.Type) (int64, error) {
	if len(dims) > maxRank {
		return 0, fmt.Errorf("%d dimensions, a field has at most %d: %w", len(dims), maxRank, loader.ErrSpec)
	}
	n, empty := int64(t.Size()), false
	for _, d := range dims {
		if d >= math.MaxInt32 || int64(max(d, 1)) > maxBytes/n { // an array without elements can have any shape
			return 0, corrupt("shape %v", dims)
		}
		n *= int64(max(d, 1))
		empty = empty || d == 0
	}
	if empty {
		return 0, nil
	}
	return n, nil
}

// parseType returns the element type that a descr such as "<f4" names, and whether
// its bytes are to be swapped.
func parseType(descr string) (t dtype.Type, swap bool, err error) {
	if len(descr) < 2 {
		return 0, false, corrupt("header: descr %q", descr)
	}
	order, name := descr[0], descr[1:]
	types := map[string]dtype.Type{
		"b1": dtype.Bool, "u1": dtype.Uint8, "i1": dtype.Int8, "u2": dtype.Uint16, "i2": dtype.Int16, "u4": dtype.Uint32,
		"i4": dtype.Int32, "u8": dtype.Uint64, "i8": dtype.Int64, "f2": dtype.Float16, "f4": dtype.Float32, "f8": dtype.Float64,
	}
	t, ok := types[name]
	switch {
	case strings.HasPrefix(name, "O"):
		return 0, false, fmt.Errorf("objects, which are pickles and never read: %w", loader.ErrSpec)
	case !ok:
		return 0, false, fmt.Errorf("elements of type %.40q, which no field has: %w", descr, loader.ErrSpec)
	case order != '<' && order != '>' && !(order == '|' && t.Size() == 1):
		return 0, false, corrupt("header: descr %.40q", descr)
	}
	return t, t.Size() > 1 && (order == '>') != elem.IsBig(binary.NativeEndian), nil
}

const blanks = " \t\r\n"

// literal parses the few Python literals that a header may hold. After an error
// it gives zeros.
type literal struct {
	rest string
	err  error
}

func (p *literal) fail(want string) {
	if p.err == nil {
		p.err = corrupt("header: no %s at %.20q", want, p.rest)
	}
	p.rest = ""
}

// next reports whether c comes next.
func (p *literal) next(c byte) bool {
	p.rest = strings.TrimLeft(p.rest, blanks)
	return p.rest != "" && p.rest[0] == c
}

func (p *literal) take(s string) bool {
	p.rest = strings.TrimLeft(p.rest, blanks)
	var ok bool
	p.rest, ok = strings.CutPrefix(p.rest, s)
	return ok
}

func (p *literal) want(s string) {
	if !p.take(s) {
		p.fail(s)
	}
}

// text parses a string without escapes.
func (p *literal) text() string {
	for _, quote := range []string{"'", `"`} {
		if p.take(quote) {
			s, rest, ok := strings.Cut(p.rest, quote)
			if !ok || strings.ContainsAny(s, "\\\n") {
				p.fail("string")
				return ""
			}
			p.rest = rest
			return s
		}
	}
	p.fail("string")
	return ""
}

func (p *literal) truth() bool {
	if p.take("True") {
		return true
	}
	p.want("False")
	return false
}

// tuple parses a tuple of numbers: (), (3,) or (3, 4).
func (p *literal) tuple() []int {
	dims := []int{}
	p.want("(")
	for p.err == nil && !p.take(")") {
		p.rest = strings.TrimLeft(p.rest, blanks)
		digits := p.rest[:len(p.rest)-len(strings.TrimLeft(p.rest, "0123456789"))]
		n, err := strconv.Atoi(digits)
		if err != nil || len(dims) == maxHeader {
			p.fail("number")
			break
		}
		p.rest = strings.TrimPrefix(p.rest[len(digits):], "L") // behind a long of Python 2
		dims = append(dims, n)
		if !p.take(",") && (!p.next(')') || len(dims) == 1) {
			p.fail("comma")
		}
	}
	return dims
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), loader.ErrCorrupt)
}

// cut makes damage of a file that ends too early.
func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return corrupt("the array ends too early")
	}
	return err
}
