package parquet

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/s2"
)

// asLiteral makes a snappy block of a literal whose length is written in so many
// bytes, none if it is part of the tag.
func asLiteral(data []byte, more int) []byte {
	b := binary.AppendUvarint(nil, uint64(len(data)))
	if more == 0 {
		return append(append(b, byte(len(data)-1)<<2), data...)
	}
	var length [4]byte
	binary.LittleEndian.PutUint32(length[:], uint32(len(data)-1))
	b = append(b, byte(59+more)<<2)
	return append(append(b, length[:more]...), data...)
}

// TestLiteral finds literals of all forms, and nothing else: whatever a block has for a
// header, what is taken for a literal is what the codec makes of it.
func TestLiteral(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 1<<16+1)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	for _, n := range []int{1, 2, 59, 60, 61, 255, 256, 257, 1 << 16, 1<<16 + 1} {
		for more := range 5 {
			if more == 0 && n > 60 || more > 0 && more < 4 && n > 1<<(8*more) {
				continue
			}
			b := asLiteral(data[:n], more)
			if got := literal(b, n); !bytes.Equal(got, data[:n]) {
				t.Errorf("%d bytes, length in %d: %d bytes", n, more, len(got))
			}
			sameAsCodec(t, b, n)
		}
	}
	text := bytes.Repeat([]byte("not a literal alone"), 9)
	if literal(s2.EncodeSnappy(nil, text), len(text)) != nil {
		t.Error("a block with copies is taken for a literal")
	}
}

// sameAsCodec changes the bits of the header of b, shortens and lengthens it, and
// compares what is taken for a literal with what the codec makes of it.
func sameAsCodec(t *testing.T, b []byte, n int) {
	t.Helper()
	check := func(b []byte) {
		for _, n := range []int{n, n - 1, n + 1, len(b), 0} {
			got := literal(b, n)
			if got == nil {
				continue
			}
			if want, err := s2.Decode(nil, b); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("% x...: %d bytes, the codec has %d and error %v", b[:min(8, len(b))], len(got), len(want), err)
			}
		}
	}
	for bit := range 8 * min(len(b), 9) {
		b[bit/8] ^= 1 << (bit % 8)
		check(b)
		b[bit/8] ^= 1 << (bit % 8)
	}
	for cut := range min(len(b), 9) + 1 {
		check(b[:len(b)-cut])
		check(b[cut:])
	}
	check(append(bytes.Clone(b), 0))
}
