//go:build (amd64 || arm64) && !purego

package lz4

import (
	"unsafe"

	"github.com/stokerdata/stoker/internal/prefetch"
)

// room is how far short sequences are copied beyond their beginning: up to 14
// literals, and a match of up to 18 bytes, in steps of 16 and of 8, 8 and 2.
const room = 32

// ahead is how far before its time memory is asked for that will be written: where
// columns are decoded it has left the cache.
const ahead = 1024

// period tells how the first eight bytes of a match that begins less than eight bytes
// back repeat: which of them are known, a product that repeats these, and how many
// bytes back, eight or more, the same ones stand again.
var period = [8]struct {
	known, times uint64
	again        int
}{
	1: {1<<8 - 1, 0x0101010101010101, 8},
	2: {1<<16 - 1, 0x0001000100010001, 8},
	3: {1<<24 - 1, 1<<48 + 1<<24 + 1, 9},
	4: {1<<32 - 1, 1<<32 + 1, 8},
	5: {1<<40 - 1, 1<<40 + 1, 10},
	6: {1<<48 - 1, 1<<48 + 1, 12},
	7: {1<<56 - 1, 1<<56 + 1, 14},
}

// short decodes sequences from src[s:] to dst[d:] as long as they are far from the end
// of both, and returns where it got to: before one that is damaged, or that is long and
// repeats within sixteen bytes.
func short(dst []byte, d int, src []byte, s int) (int, int) {
	to, from := unsafe.Pointer(unsafe.SliceData(dst)), unsafe.Pointer(unsafe.SliceData(src))
	lastD, lastS := len(dst)-room, len(src)-room
	for soon := d; s <= lastS && d <= lastD; {
		if d >= soon {
			soon = d + ahead
			prefetch.FrontForStores(dst[min(soon, len(dst)):min(soon+ahead, len(dst))])
		}
		p := unsafe.Add(from, s)
		token := int(*(*byte)(p))
		literals, n := token>>4, token&15
		if literals < more && n < more {
			*(*[16]byte)(unsafe.Add(to, d)) = *(*[16]byte)(unsafe.Add(p, 1))
			back, end := int(*(*uint16)(unsafe.Add(p, 1+literals))), d+literals
			if back >= 8 && back <= end {
				q := unsafe.Add(to, end)
				pair(q, unsafe.Add(q, -back), unsafe.Add(q, 8-back))
				d, s = end+n+minMatch, s+literals+3
				continue
			}
		}
		at := s
		if d, s = other(dst, d, src, s); s == at {
			break
		}
	}
	return d, s
}

// other decodes one sequence for short, of any kind.
func other(dst []byte, d int, src []byte, s int) (int, int) {
	to, from := unsafe.Pointer(unsafe.SliceData(dst)), unsafe.Pointer(unsafe.SliceData(src))
	lastD, lastS := len(dst)-room, len(src)-room
	literals, at := length(src, s+1, int(src[s]>>4))
	if at < 0 || literals > lastS-at || literals > lastD-d {
		return d, s
	}
	words(unsafe.Add(to, d), unsafe.Add(from, at), literals)
	end := d + literals
	back := int(*(*uint16)(unsafe.Add(from, at+literals)))
	n, at := length(src, at+literals+2, int(src[s]&15))
	if at < 0 || back == 0 || back > end {
		return d, s
	}
	q := unsafe.Add(to, end)
	p := unsafe.Add(q, -back)
	switch {
	case n < more && back < 8:
		r := &period[back]
		first := *(*uint64)(p) & r.known * r.times
		pair(q, unsafe.Pointer(&first), unsafe.Add(q, 8-r.again))
	case n < more:
		pair(q, p, unsafe.Add(p, 8))
	case back >= 16 && n <= lastD-end:
		words(q, p, n+minMatch)
	default:
		return d, s
	}
	return end + n + minMatch, at
}

// pair copies eight bytes of p to q and then, behind them, ten of rest, among which
// those eight may be.
func pair(q, p, rest unsafe.Pointer) {
	*(*uint64)(q) = *(*uint64)(p)
	*(*uint64)(unsafe.Add(q, 8)) = *(*uint64)(rest)
	*(*uint16)(unsafe.Add(q, 16)) = *(*uint16)(unsafe.Add(rest, 8))
}

// words copies n bytes in steps of 16, the last of which reaches beyond their end.
func words(to, from unsafe.Pointer, n int) {
	for i := 0; i < n; i += 16 {
		*(*[16]byte)(unsafe.Add(to, i)) = *(*[16]byte)(unsafe.Add(from, i))
	}
}
