package jpegsimd

import (
	"bytes"
	"testing"
)

// plainUnstuff is what Unstuff does of all bytes up to a 0xff with something else
// than a zero behind it.
func plainUnstuff(src []byte) (out []byte, used int) {
	for used < len(src) {
		out = append(out, src[used])
		used++
		if src[used-1] != 0xff {
			continue
		}
		if used == len(src) || src[used] != 0 {
			return out[:len(out)-1], used - 1
		}
		used++
	}
	return out, used
}

// stuffed returns bytes as a file has them, with many a 0xff, and some of them
// with something else behind.
func stuffed(n, density, markers int) []byte {
	r := random()
	b := make([]byte, 0, n+1)
	for len(b) < n {
		switch {
		case r.IntN(density) > 0:
			b = append(b, byte(r.IntN(255)))
		case r.IntN(markers) > 0:
			b = append(b, 0xff, 0)
		default:
			b = append(b, 0xff, byte(r.IntN(256)))
		}
	}
	return b[:n]
}

// TestUnstuff compares what the kernel does of a piece of a file, wherever it
// ends, with its twin: it must come as far as there are whole vectors.
func TestUnstuff(t *testing.T) {
	if !useAVX512 {
		t.Skip("no kernel here")
	}
	for _, density := range []int{1, 2, 20, 300} {
		for _, markers := range []int{4, 1 << 30} {
			for n := range 700 {
				src := stuffed(n, density, markers)
				room := n + 10 - n%3*7
				got := make([]byte, max(room, 0))
				written, used := Unstuff(got, src)
				want, all := plainUnstuff(src)
				if written > len(want) || !bytes.Equal(got[:written], want[:written]) {
					t.Fatalf("%d bytes, 0xff among %d: wrong within the first %d", n, density, written)
				}
				if again, most := plainUnstuff(src[:used]); len(again) != written || most != used {
					t.Fatalf("%d bytes: %d written of %d used, want %d of %d", n, written, used, len(again), most)
				}
				if used < min(all, n-1)-unstuffed && written <= room-unstuffed {
					t.Fatalf("%d bytes, 0xff among %d: came to byte %d of %d", n, density, used, all)
				}
			}
		}
	}
}

// BenchmarkUnstuff takes stuffing out of a piece of a photograph.
func BenchmarkUnstuff(b *testing.B) {
	src, dst := stuffed(16<<10, 200, 1<<30), make([]byte, 16<<10)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		Unstuff(dst, src)
	}
}
