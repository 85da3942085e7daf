package feather

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"sync"

	"github.com/stokerdata/stoker/internal/lz4"
	"github.com/stokerdata/stoker/internal/zstd"
)

// plainSize is the decoded size that says that a buffer of a compressed batch is
// not compressed.
const plainSize = -1

// decodedSize returns what the first 8 bytes of a buffer of a compressed batch
// claim.
func decodedSize(b []byte) (int64, error) {
	if len(b) < 8 {
		return 0, corrupt("compressed buffer of %d bytes", len(b))
	}
	n := int64(binary.LittleEndian.Uint64(b))
	if n == plainSize {
		return int64(len(b) - 8), nil
	}
	if n < 0 {
		return 0, corrupt("compressed buffer claims to hold %d bytes", n)
	}
	return n, nil
}

// isPlain reports whether the buffer b of a compressed batch is not compressed.
func isPlain(b []byte) bool { return len(b) >= 8 && int64(binary.LittleEndian.Uint64(b)) == plainSize }

// decompress returns the contents of the buffer b of a compressed batch: a part of b,
// or dst, which is as long as b claims.
func decompress(dst, b []byte, how codec) (out []byte, err error) {
	if isPlain(b) || len(dst) == 0 && len(b) == 8 { // so Arrow Java writes one that is empty
		return b[8:], nil
	}
	switch how {
	case codecLZ4:
		err = decodeLZ4(dst, b[8:])
	case codecZstd:
		err = decodeZstd(dst, b[8:])
	}
	if err != nil {
		return nil, corrupt("compressed buffer of %d bytes: %v", len(dst), err)
	}
	return dst, nil
}

// grow returns n bytes, aligned to 8, in the memory of b if it is large enough.
func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, (n+15)&^7)
	}
	return b[:n]
}

// guard turns a panic of a decoder of another package into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("decoder panicked: %v", r)
	}
}

var errShort = errors.New("it holds fewer or more bytes than it claims")

// zstdDecoders keep their memory from one buffer to the next.
var zstdDecoders = sync.Pool{New: func() any { return new(zstd.Decoder) }}

// decodeZstd fills dst from the frames in b.
func decodeZstd(dst, b []byte) (err error) {
	defer guard(&err)
	d := zstdDecoders.Get().(*zstd.Decoder)
	err = d.Decode(dst, b)
	zstdDecoders.Put(d) // not after a panic
	return err
}

// Parts of an LZ4 frame ("LZ4 Frame Format Description", version 1.6.4).
const (
	lz4Magic       = 0x184d2204
	lz4Stored      = 1 << 31 // in a block's size: it is not compressed
	lz4HasDict     = 1 << 0  // flags of the frame
	lz4HasSum      = 1 << 2
	lz4HasSize     = 1 << 3
	lz4HasBlockSum = 1 << 4
)

// decodeLZ4 fills dst from the frame in b. Unlike a streaming reader it needs no
// memory of its own. Checksums are verified where there are some.
func decodeLZ4(dst, b []byte) (err error) {
	b, flags, err := lz4Header(b, len(dst))
	if err != nil {
		return err
	}
	done := 0
	for {
		if len(b) < 4 {
			return errLZ4
		}
		word := binary.LittleEndian.Uint32(b)
		if b = b[4:]; word == 0 {
			break
		}
		n := int(word &^ lz4Stored)
		sum := 0
		if flags&lz4HasBlockSum != 0 {
			sum = 4
		}
		if n > len(b)-sum {
			return errLZ4
		}
		block := b[:n]
		if sum > 0 && xxh32(block) != binary.LittleEndian.Uint32(b[n:]) {
			return errLZ4Sum
		}
		b = b[n+sum:]
		if word&lz4Stored != 0 {
			if n > len(dst)-done {
				return errShort
			}
			done += copy(dst[done:], block)
		} else if done, err = lz4.Block(dst, done, block); err != nil { // blocks may be linked
			return err
		}
	}
	if done != len(dst) {
		return errShort
	}
	if flags&lz4HasSum != 0 && (len(b) < 4 || xxh32(dst) != binary.LittleEndian.Uint32(b)) {
		return errLZ4Sum
	}
	return nil
}

var (
	errLZ4    = errors.New("damaged LZ4 frame")
	errLZ4Sum = errors.New("LZ4 checksum does not match")
)

// lz4Header reads the header of a frame that should hold size bytes.
func lz4Header(b []byte, size int) (rest []byte, flags byte, err error) {
	if len(b) < 7 || binary.LittleEndian.Uint32(b) != lz4Magic {
		return nil, 0, errLZ4
	}
	flags = b[4]
	if flags>>6 != 1 || flags&lz4HasDict != 0 {
		return nil, 0, errors.New("LZ4 frame of an unknown version or with a dictionary")
	}
	n := 6
	if flags&lz4HasSize != 0 {
		n += 8
	}
	if len(b) <= n {
		return nil, 0, errLZ4
	}
	if flags&lz4HasSize != 0 && binary.LittleEndian.Uint64(b[6:]) != uint64(size) {
		return nil, 0, errShort
	}
	if byte(xxh32(b[4:n])>>8) != b[n] {
		return nil, 0, errLZ4Sum
	}
	return b[n+1:], flags, nil
}

// xxh32 returns the 32-bit xxHash of b with seed 0 ("xxHash fast digest
// algorithm", version 0.1.1).
func xxh32(b []byte) uint32 {
	const (
		p1 = 2654435761
		p2 = 2246822519
		p3 = 3266489917
		p4 = 668265263
		p5 = 374761393
	)
	n := uint32(len(b))
	h := uint32(p5)
	if len(b) >= 16 {
		seed := uint32(0) // a variable, as the sums wrap around
		v1, v2, v3, v4 := seed+p1, seed+p2, seed, seed-p1
		for v1 += p2; len(b) >= 16; b = b[16:] {
			v1 = rotate(v1+binary.LittleEndian.Uint32(b)*p2, 13) * p1
			v2 = rotate(v2+binary.LittleEndian.Uint32(b[4:])*p2, 13) * p1
			v3 = rotate(v3+binary.LittleEndian.Uint32(b[8:])*p2, 13) * p1
			v4 = rotate(v4+binary.LittleEndian.Uint32(b[12:])*p2, 13) * p1
		}
		h = rotate(v1, 1) + rotate(v2, 7) + rotate(v3, 12) + rotate(v4, 18)
	}
	h += n
	for ; len(b) >= 4; b = b[4:] {
		h = rotate(h+binary.LittleEndian.Uint32(b)*p3, 17) * p4
	}
	for _, x := range b {
		h = rotate(h+uint32(x)*p5, 11) * p1
	}
	h = (h ^ h>>15) * p2
	h = (h ^ h>>13) * p3
	return h ^ h>>16
}

func rotate(x uint32, k int) uint32 { return bits.RotateLeft32(x, k) }
