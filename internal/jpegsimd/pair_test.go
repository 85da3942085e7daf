package jpegsimd

import (
	"slices"
	"testing"
)

// hopsOf returns all that the next hopBits bits say of coefficients, code by code.
func hopsOf(t *ACTable, bits uint32) (all []hop) {
	for taken, k := uint32(0), uint32(0); ; {
		e := t.look[bits<<taken>>(hopBits-lookBits)&(1<<lookBits-1)]
		l, run := e&63, e>>8&31
		if e&(special|kindMask) == special|kindSize {
			l += e >> 20 & 15
		}
		switch {
		case l == 0, l > hopBits-taken && (taken > 0 || l > maxHopBits):
			return all
		case e&(special|kindMask) == special|kindEnd:
			if e>>20&15 == 0 {
				all = append(all, hop(taken+l)|hop(k)<<8|hopEnds)
			}
			return all
		case k+run > 63:
			return all
		}
		taken, k = taken+l, k+run
		all = append(all, hop(taken)|hop(k)<<8)
		if taken >= hopBits {
			return all
		}
	}
}

// TestHops compares the hops of codes with what is found code by code. Where runs lead
// far, fewer may be told.
func TestHops(t *testing.T) {
	r := random()
	told, far := 0, 0
	for range 200 {
		u := randomUnits(t, r, new([64]int16), new([4]int32))
		ac := u[0].AC
		ac.hopping = false
		ac.setHops()
		for i, got := range ac.hops {
			all := hopsOf(ac, uint32(i))
			if len(all) == 0 {
				if got != hopSlow|hopEnds {
					t.Fatalf("bits %012b: got %#x for nothing", i, got)
				}
				continue
			}
			told++
			if got == all[len(all)-1] {
				continue
			}
			if far++; !slices.Contains(all, got) || all[len(all)-1]>>8&63 < 32 {
				t.Fatalf("bits %012b: got %#x, of %#x", i, got, all)
			}
		}
	}
	if told == 0 || far > told/10 {
		t.Errorf("%d of %d hops tell less than they could", far, told)
	}
}

// BenchmarkHops makes the hops of the code that most files have.
func BenchmarkHops(b *testing.B) {
	var ac ACTable
	if err := ac.Set(&standardAC.counts, standardAC.symbols); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		ac.hopping = false
		ac.setHops()
	}
}
