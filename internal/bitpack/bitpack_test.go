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

// TestLookup compares Lookup with elements that are looked up in what Unpack gives,
// in dictionaries of one element, of some, and of all that there can be.
func TestLookup(t *testing.T) {
	const beside = 0xdeadbeef
	r := rand.New(rand.NewPCG(1, 3))
	src := make([]byte, 32*100/8+64)
	for i := range src {
		src[i] = byte(r.Uint32())
	}
	whole := make([]uint32, 1<<16)
	for i := range whole {
		whole[i] = r.Uint32()
	}
	for width := uint(0); width <= 32; width++ {
		for _, size := range []int{1, 2, 17, 33, 63, 64, 65, 1000, 1 << 16} {
			dict := whole[:size]
			for n := range 100 {
				for name, f := range map[string]func([]uint32, []byte, uint, []uint32) (int, uint32){"kernel": Lookup, "plain": plainLookup} {
					got, numbers := slices.Repeat([]uint32{beside}, n+1), make([]uint32, n)
					k, greatest := f(got[:n], src, width, dict)
					wantK, wantGreatest := plain(numbers, src, width)
					if k != wantK || greatest != wantGreatest {
						t.Fatalf("%s: %d numbers of %d bits, the greatest %d, want %d and %d", name, k, width, greatest, wantK, wantGreatest)
					}
					for i, x := range numbers[:k] {
						if want := dict[min(int(x), size-1)]; got[i] != want {
							t.Fatalf("%s: number %d of %d bits, %d, is looked up as %x, want %x", name, i, width, x, got[i], want)
						}
					}
					if slices.ContainsFunc(got[k:], func(x uint32) bool { return x != beside }) {
						t.Fatalf("%s: %d numbers of %d bits: wrote beyond them", name, k, width)
					}
				}
			}
		}
	}
}

// TestLookupEnds looks numbers up that end where src does.
func TestLookupEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	whole := make([]uint32, 1000)
	for i := range whole {
		whole[i] = r.Uint32()
	}
	for width := uint(1); width <= 32; width++ {
		for _, size := range []int{1, 16, 40, 64, 1000} {
			for n := 0; n <= 104; n += 8 {
				src := make([]byte, n/8*int(width))
				for i := range src {
					src[i] = byte(r.Uint32())
				}
				dst, want := make([]uint32, n), slow(n, src, width)
				k, greatest := Lookup(dst, src, width, whole[:size])
				if k%8 != 0 || k > n || k > 0 && greatest != slices.Max(want[:k]) {
					t.Fatalf("%d numbers of %d bits, the greatest %d, are %v", k, width, greatest, want)
				}
				for i, x := range want[:k] {
					if want := whole[min(int(x), size-1)]; dst[i] != want {
						t.Fatalf("number %d of %d of %d bits, %d, is looked up as %x, want %x", i, n, width, x, dst[i], want)
					}
				}
			}
		}
	}
}

// BenchmarkLookup looks numbers up in dictionaries that registers, the first and the
// second cache hold.
func BenchmarkLookup(b *testing.B) {
	for _, width := range []uint{4, 8, 11, 17} {
		dst, src, dict := make([]uint32, 256), make([]byte, 32*width+32), make([]uint32, 1<<width)
		r := rand.New(rand.NewPCG(1, 4))
		for i := range src {
			src[i] = byte(r.Uint32())
		}
		for name, f := range map[string]func([]uint32, []byte, uint, []uint32) (int, uint32){"kernel": Lookup, "plain": plainLookup} {
			b.Run(fmt.Sprintf("%d bits/%s", width, name), func(b *testing.B) {
				b.SetBytes(int64(4 * len(dst)))
				for b.Loop() {
					f(dst, src, width, dict)
				}
			})
		}
		b.Run(fmt.Sprintf("%d bits/unpack, then look up", width), func(b *testing.B) {
			b.SetBytes(int64(4 * len(dst)))
			for b.Loop() {
				Unpack(dst, src, width)
				for i, x := range dst {
					dst[i] = dict[x]
				}
			}
		})
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
