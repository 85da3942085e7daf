//go:build (amd64 || arm64) && !purego

package lz4

import "unsafe"

// room is how far short sequences are copied beyond their beginning: up to 14
// literals, and a match of up to 18 bytes, in steps of 16 and of 8, 8 and 2.
const room = 32

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
// of both, and returns where it got to. One that is damaged, or long while it repeats
// within sixteen bytes, is left to sequence.
func short(dst []byte, d int, src []byte, s int) (int, int) {
	to, from := unsafe.Pointer(unsafe.SliceData(dst)), unsafe.Pointer(unsafe.SliceData(src))
	lastD, lastS := len(dst)-room, len(src)-room
	for s <= lastS && d <= lastD {
		token := int(*(*byte)(unsafe.Add(from, s)))
		n, at := token>>4, s+1
		if n < more {
			*(*[16]byte)(unsafe.Add(to, d)) = *(*[16]byte)(unsafe.Add(from, at))
		} else {
			n, at = length(src, at, n)
			if at < 0 || n > lastS-at || n > lastD-d {
				break
			}
			words(unsafe.Add(to, d), unsafe.Add(from, at), n)
		}
		end := d + n
		at += n
		back := int(*(*uint16)(unsafe.Add(from, at)))
		if at += 2; back == 0 || back > end {
			break
		}
		q := unsafe.Add(to, end)
		p := unsafe.Add(q, -back)
		if n = token & 15; n == more {
			n, at = length(src, at, n)
			if at < 0 || back < 16 || n > lastD-end {
				break
			}
			words(q, p, n+minMatch)
		} else {
			head, again := *(*uint64)(p), 0
			if back < 8 {
				r := &period[back]
				head, again = head&r.known*r.times, back-r.again
			}
			*(*uint64)(q) = head
			p = unsafe.Add(p, 8+again)
			*(*uint64)(unsafe.Add(q, 8)) = *(*uint64)(p)
			*(*uint16)(unsafe.Add(q, 16)) = *(*uint16)(unsafe.Add(p, 8))
		}
		d, s = end+n+minMatch, at
	}
	return d, s
}

// words copies n bytes in steps of 16, the last of which reaches beyond their end.
func words(to, from unsafe.Pointer, n int) {
	for i := 0; i < n; i += 16 {
		*(*[16]byte)(unsafe.Add(to, i)) = *(*[16]byte)(unsafe.Add(from, i))
	}
}
