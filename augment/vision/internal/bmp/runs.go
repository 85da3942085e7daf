package bmp

import "errors"

var errRuns = errors.New("the pixels end too early")

// What stands for the length of a run and is none.
const (
	endOfRow = iota
	endOfImage
	skip
)

// runs decodes run-length encoded indices in the order of the file. As in
// Pillow, a row goes on to the next multiple of the width, what is skipped has
// index 0, and nothing may be missing.
func (h header) runs(dst, data []byte) error {
	at, x, p := h.offset, 0, 0
	for p < len(dst) {
		if at+2 > len(data) {
			return errRuns
		}
		n, v := int(data[at]), data[at+1]
		at += 2
		switch {
		case n > 0: // a run, which ends with its row at the latest
			n = min(n, max(0, h.width-x), len(dst)-p)
			h.run(dst[p:p+n], v)
			x, p = x+n, p+n
		case v == endOfRow:
			to := (p + h.width - 1) / h.width * h.width
			clear(dst[p:to])
			x, p = 0, to
		case v == endOfImage:
			return errRuns
		case v == skip:
			if at+2 > len(data) {
				return errRuns
			}
			to := min(len(dst), p+int(data[at])+int(data[at+1])*h.width)
			clear(dst[p:to])
			x, p = to%h.width, to
			at += 2
		default: // as many indices as v says, padded to an even place in the file
			n := min(int(v), len(dst)-p)
			used := h.literal(dst[p:p+n], data[at:])
			if used < 0 {
				return errRuns
			}
			x, p = x+n, p+n
			at = (at + used + 1) &^ 1
		}
	}
	return nil
}

// run fills dst with an index, or with two in turn.
func (h header) run(dst []byte, v byte) {
	even, odd := v, v
	if h.compression == rle4 {
		even, odd = v>>4, v&15
	}
	for i := range dst {
		if i&1 == 0 {
			dst[i] = even
		} else {
			dst[i] = odd
		}
	}
}

// literal fills dst with indices that src holds, and returns how many bytes they
// take, -1 if there are too few.
func (h header) literal(dst, src []byte) int {
	n := len(dst)
	if h.compression == rle4 {
		n = (n + 1) / 2
	}
	if n > len(src) {
		return -1
	}
	if h.compression == rle4 {
		for i := range dst {
			dst[i] = src[i/2] >> (4 - 4*(i&1)) & 15
		}
	} else {
		copy(dst, src)
	}
	return n
}
