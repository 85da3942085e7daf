package bitpack

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// slow unpacks n numbers bit by bit.
func slow(n int, src []byte, width uint) (out []uint32) {
	bit := 0
	for range n {
		var v uint32
		for b := range width {
			v |= uint32(src[bit/8]>>(bit%8)&1) << b
			bit++
		}
		out = append(out, v)
	}
	return out
}

// TestUnpack compares kernel and plain twin with slow, for all widths and lengths
// around groups, where src ends with the last number and where it does not.
func TestUnpack(t *testing.T) {
	const beside = 0xdeadbeef
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]byte, 32*100/8+64)
	for i := range all {
		all[i] = byte(r.Uint32())
	}
	for width := uint(0); width <= 32; width++ {
		for n := range 100 {
			for spare := range 40 {
				src := all[: (n*int(width)+7)/8+spare : (n*int(width)+7)/8+spare]
				for name, f := range map[string]func([]uint32, []byte, uint) (int, uint32){"kernel": Unpack, "plain": plain} {
					dst := slices.Repeat([]uint32{beside}, n+1)
					k, greatest := f(dst[:n], src, width)
					want := slow(k, src, width)
					if k%8 != 0 || k > n || !slices.Equal(dst[:k], want) || slices.ContainsFunc(dst[k:], func(x uint32) bool { return x != beside }) {
						t.Fatalf("%s: %d numbers of %d bits and %d bytes more: %d are %v, want %v", name, n, width, spare, k, dst, want)
					}
					if k > 0 && greatest != slices.Max(want) || k == 0 && greatest != 0 {
						t.Fatalf("%s: the greatest of %v is %d", name, want, greatest)
					}
					if spare >= 24 && n-k >= 8 {
						t.Fatalf("%s: %d of %d numbers", name, k, n)
					}
				}
			}
		}
	}
}

func BenchmarkUnpack(b *testing.B) {
	for _, width := range []uint{2, 8, 11, 17, 24} {
		dst, src := make([]uint32, 256), make([]byte, 32*width+32)
		for name, f := range map[string]func([]uint32, []byte, uint) (int, uint32){"kernel": Unpack, "plain": plain} {
			b.Run(fmt.Sprintf("%d bits/%s", width, name), func(b *testing.B) {
				b.SetBytes(int64(4 * len(dst)))
				for b.Loop() {
					f(dst, src, width)
				}
			})
		}
	}
}
