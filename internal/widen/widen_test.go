package widen

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestUint16 compares the kernel with its plain twin, at all lengths around
// blocks and wherever the numbers begin, and looks at what lies beside them.
func TestUint16(t *testing.T) {
	const beside = -7
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]byte, 2*200+1)
	for i := range src {
		src[i] = byte(r.Uint32())
	}
	for n := range 200 {
		for off := range 2 {
			got, want := make([]int32, n+2), make([]int32, n)
			got[0], got[n+1] = beside, beside
			Uint16(got[1:n+1], src[off:])
			plain(want, src[off:])
			if !slices.Equal(got[1:n+1], want) || got[0] != beside || got[n+1] != beside {
				t.Fatalf("%d numbers from byte %d are %v, want %v", n, off, got, want)
			}
		}
	}
	most := binary.LittleEndian.AppendUint16(nil, 0xffff)
	got := make([]int32, 1)
	if Uint16(got, most); got[0] != 0xffff {
		t.Errorf("the largest number became %d", got[0])
	}
}

func BenchmarkUint16(b *testing.B) {
	src, dst := make([]byte, 2*2048), make([]int32, 2048)
	b.Run("kernel", func(b *testing.B) {
		b.SetBytes(int64(len(src) + 4*len(dst)))
		for b.Loop() {
			Uint16(dst, src)
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.SetBytes(int64(len(src) + 4*len(dst)))
		for b.Loop() {
			plain(dst, src)
		}
	})
}
