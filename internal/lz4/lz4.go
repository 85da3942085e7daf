package lz4

import (
	"encoding/binary"
	"errors"
)

// errBlock is what is wrong with a block: it reaches outside of itself, of what was
// decoded, or of the memory that it should fill.
var errBlock = errors.New("damaged LZ4 block")

const (
	more     = 15 // a length in a token that goes on in the bytes behind it
	minMatch = 4
)

// Block decodes the block in src to dst[done:] and returns where its last byte ends.
// dst[:done] is what its matches may refer to beside its own bytes. What is behind the
// end it returns, and after an error all of dst[done:], may hold any bytes.
func Block(dst []byte, done int, src []byte) (end int, err error) {
	d, s := done, 0
	for s < len(src) {
		if d, s = short(dst, d, src, s); s == len(src) {
			break
		}
		if d, s = sequence(dst, d, src, s); s < 0 {
			return 0, errBlock
		}
	}
	return d, nil
}

// sequence decodes the sequence at src[s:] to dst[d:] and returns what is behind both,
// or a negative s if it is damaged.
func sequence(dst []byte, d int, src []byte, s int) (int, int) {
	token := src[s]
	literals, s := length(src, s+1, int(token>>4))
	if s < 0 || literals > len(src)-s || literals > len(dst)-d {
		return 0, -1
	}
	copy(dst[d:], src[s:s+literals])
	if d, s = d+literals, s+literals; s == len(src) {
		return d, s // the last sequence has no match
	}
	if len(src)-s < 2 {
		return 0, -1
	}
	back := int(binary.LittleEndian.Uint16(src[s:]))
	n, s := length(src, s+2, int(token&15))
	if n += minMatch; s < 0 || back == 0 || back > d || n > len(dst)-d {
		return 0, -1
	}
	for end := d + n; d < end; { // a match may overlap itself: then it repeats
		d += copy(dst[d:end], dst[d-back:d])
		back *= 2
	}
	return d, s
}

// length returns a length whose first part is n, and what is behind the rest of it at
// src[s:], negative if that is nowhere.
func length(src []byte, s, n int) (int, int) {
	for x := byte(255); n >= more && x == 255; s++ {
		if s >= len(src) {
			return 0, -1
		}
		x = src[s]
		n += int(x)
	}
	return n, s
}
