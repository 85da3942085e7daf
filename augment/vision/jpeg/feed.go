package jpeg

import (
	"bytes"

	"github.com/stokerdata/stoker/internal/jpegsimd"
)

// feedBytes is how much is un-stuffed at a time. It stays in the first cache
// together with tables and samples; the time does not depend on it between 4
// and 64 KiB.
const feedBytes = 16 << 10

// A feed takes stuffing out of entropy-coded bytes (B.1.1.5), piece by piece,
// so that the loops over bits see none.
//
// Where a segment ends and more is asked for, zeros follow its last byte: enough
// for one more block, so that a block may begin anywhere in the segment and at
// the few bits that are loaded ahead of its end.
type feed struct {
	bits   jpegsimd.Bits
	data   []byte // the file
	next   int    // where in data un-stuffing goes on
	end    int    // how many bytes of buf are data
	last   bool   // the segment ends with them
	padded bool   // zeros follow
	buf    [feedBytes + feedPad]byte
}

const feedPad = jpegsimd.Reach + 8

// start begins the segment at a byte of the file.
func (f *feed) start(data []byte, at int) {
	f.data, f.next, f.end, f.last, f.padded = data, at, 0, false, false
	f.bits = jpegsimd.Bits{}
	f.fill()
	if f.end < 8 {
		f.pad() // for Bits.Seek
	}
}

// fill un-stuffs what there is room for.
func (f *feed) fill() {
	n, used, last := unstuff(f.buf[f.end:feedBytes], f.data[f.next:])
	f.end, f.next, f.last = f.end+n, f.next+used, last
	f.bits.Buf = f.buf[:f.end]
}

// pad lets zeros follow.
func (f *feed) pad() {
	clear(f.buf[f.end : f.end+feedPad])
	f.bits.Buf, f.padded = f.buf[:f.end+feedPad], true
}

// more gets the next piece, or zeros, and reports false if these are there
// already.
func (f *feed) more() bool {
	if f.padded {
		return false
	}
	if f.last {
		f.pad()
		return true
	}
	keep := min(f.bits.At, 8) // whose bits may not have been taken yet
	f.end = copy(f.buf[:], f.buf[f.bits.At-keep:f.end])
	f.bits.At = keep
	f.fill()
	return true
}

// over reports whether more bits have been taken than there are.
func (f *feed) over() bool { return f.last && f.bits.At > f.end && f.bits.Taken() > 8*f.end }

// zeros lets zero bits follow.
func (f *feed) zeros() { f.bits.At, f.bits.Acc, f.bits.N = f.end, 0, 0 }

// unstuff copies bytes without what has been stuffed in: the zero after 0xff. It
// returns how many it has written and used, and whether what follows is a
// marker or the end of src.
func unstuff(dst, src []byte) (n, used int, last bool) {
	n, used = jpegsimd.Unstuff(dst, src)
	for n < len(dst) && used < len(src) {
		piece := src[used:min(len(src), used+len(dst)-n)]
		i := bytes.IndexByte(piece, 0xff)
		if i < 0 {
			n += copy(dst[n:], piece)
			used += len(piece)
			continue
		}
		n += copy(dst[n:], piece[:i])
		used += i
		after := used + 1
		for after < len(src) && src[after] == 0xff { // fill bytes
			after++
		}
		if after == len(src) || src[after] != 0 {
			return n, used, true
		}
		dst[n] = 0xff
		n, used = n+1, after+1
	}
	return n, used, used == len(src)
}

// restart goes on after the restart marker of a number, which must be the next
// marker. What is left of the segment before it is passed over.
func (f *feed) restart(number int) (ok bool, marker uint8) {
	at, marker := nextMarker(f.data, f.next)
	if marker != uint8(rst0+number&7) {
		return false, marker
	}
	f.start(f.data, at)
	return true, marker
}

// nextMarker returns the next marker from a byte of entropy-coded data on, and
// the byte after it. Without one the marker is 0.
func nextMarker(data []byte, at int) (after int, marker uint8) {
	for at < len(data) {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 {
			break
		}
		for at += i + 1; at < len(data) && data[at] == 0xff; at++ {
		}
		if at < len(data) && data[at] != 0 {
			return at + 1, data[at]
		}
	}
	return len(data), 0
}
