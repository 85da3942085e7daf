package jpegsimd

import (
	"math/rand/v2"
	"testing"
)

// randomCode draws a prefix code with symbols for coefficients, or for
// differences.
func randomCode(r *rand.Rand, ac bool) (counts [16]uint8, symbols []uint8) {
	left := 1 << 16 // of the values of 16 bits
	for l := range 16 {
		size := 1 << (15 - l)
		most := (left - 1) / size // all ones stay free
		n := min(most, r.IntN(1+1<<r.IntN(6)), 255-len(symbols))
		if l < 15 && r.IntN(3) > 0 {
			n = min(n, most/2) // leave room for longer codes
		}
		counts[l] = uint8(n)
		left -= n * size
		for range n {
			s := uint8(r.IntN(16))
			if ac {
				s = uint8(r.IntN(1<<r.IntN(5)))<<4 | uint8(r.IntN(1+r.IntN(16)))
				if r.IntN(8) == 0 {
					s = 0xf0
				}
			}
			symbols = append(symbols, s)
		}
	}
	if len(symbols) == 0 {
		counts[0], symbols = 1, []uint8{0x11 & (uint8(r.IntN(2))*16 - 1)}
	}
	return counts, symbols
}

// standardAC is table K.5, up to its codes of 12 bits.
var standardAC = struct {
	counts  [16]uint8
	symbols []uint8
}{
	[16]uint8{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4},
	[]uint8{
		0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
		0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72,
	},
}

func TestBlockTwins(t *testing.T) {
	needKernels(t)
	r := random()
	var dc Table
	var ac ACTable
	buf := make([]byte, 4000)
	blocks := 0
	for range 3000 {
		counts, symbols := randomCode(r, false)
		if err := dc.Set(&counts, symbols); err != nil {
			t.Fatal(err, counts)
		}
		counts, symbols = randomCode(r, true)
		if r.IntN(2) == 0 {
			counts, symbols = standardAC.counts, standardAC.symbols
		}
		if err := ac.Set(&counts, symbols); err != nil {
			t.Fatal(err, counts)
		}
		ac.setHops()
		for i := range buf {
			buf[i] = uint8(r.IntN(256)) & uint8(r.IntN(256)|-r.IntN(2))
		}
		got, want, hop := Bits{Buf: buf}, Bits{Buf: buf}, Bits{Buf: buf}
		var gotPred, wantPred, hopPred int32
		for {
			var gotCoef, wantCoef [64]int16
			gotCoef[5] = 77
			before := want.Taken()
			end := plainBlock(&wantCoef, &dc, &ac, &want, &wantPred)
			gotEnd := block(&gotCoef, &dc.look[0], &ac.look[0], &got.Acc, &gotPred, &zigzag[0])
			hopEnd := skip(&dc.look[0], &ac.look[0], &hop.Acc, &hopPred)
			if end == Bad && gotEnd == Bad && hopEnd == Bad {
				break
			}
			if gotEnd != end || gotPred != wantPred || got.Taken() != want.Taken() || gotCoef != wantCoef {
				t.Fatalf("bit %d: got end %d, %d bits, %d, %v\nwant %d, %d bits, %d, %v", before, gotEnd, got.Taken()-before, gotPred, gotCoef, end, want.Taken()-before, wantPred, wantCoef)
			}
			if hopEnd != end || hopPred != wantPred || hop.Taken() != want.Taken() {
				t.Fatalf("bit %d: passed over %d bits to %d, want %d to %d", before, hop.Taken()-before, hopEnd, want.Taken()-before, end)
			}
			plain := Bits{Buf: buf}
			plain.Seek(before)
			if end := plainSkip(&dc, &ac, &plain, new(int32)); end != hopEnd || plain.Taken() != want.Taken() {
				t.Fatalf("bit %d: the twin passes over %d bits to %d, want %d to %d", before, plain.Taken()-before, end, want.Taken()-before, hopEnd)
			}
			if blocks++; want.At > len(buf)-Reach {
				break
			}
		}
	}
	if blocks < 50_000 {
		t.Errorf("only %d blocks", blocks)
	}
}
