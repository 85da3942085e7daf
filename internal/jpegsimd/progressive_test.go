package jpegsimd

import "testing"

// TestRefineTwins refines random blocks by random bits.
func TestRefineTwins(t *testing.T) {
	needKernels(t)
	r := random()
	var ac ACTable
	buf := make([]byte, 3000)
	done, bad := 0, 0
	for range 20_000 {
		if done%50 == 0 {
			counts, symbols := randomCode(r, true)
			for i := range symbols {
				if symbols[i]&15 > 1 && r.IntN(8) > 0 {
					symbols[i] = symbols[i]&0xf0 | 1
				}
			}
			if err := ac.Set(&counts, symbols); err != nil {
				t.Fatal(err)
			}
			for i := range buf {
				buf[i] = uint8(r.IntN(256))
			}
		}
		done++
		band := Band{First: 1 + r.IntN(63), Low: uint(r.IntN(14))}
		if r.IntN(2) == 0 {
			band.First = 1
		}
		band.Last = band.First + r.IntN(64-band.First)
		var want [64]int16
		nonzero, dense := uint64(0), r.IntN(5)
		for k := range 64 {
			if v := int16(r.IntN(1<<16) - 1<<15); v != 0 && r.IntN(4) < dense {
				want[Zigzag(k)] = v
				nonzero |= Coefficient(k)
			}
		}
		got, gotNonzero := want, nonzero
		gotBits := Bits{Buf: buf}
		gotBits.Seek(r.IntN(8 * (len(buf) - 2*Reach)))
		wantBits := gotBits
		run := r.IntN(3) * r.IntN(2)
		gotRun := refine(&got, &gotNonzero, &ac.look[0], &gotBits.Acc, band.mask(), int(band.Low), run, &zigzag[0])
		wantRun := plainRefine(&want, &nonzero, &ac, &wantBits, band.mask(), band.Low, run)
		if gotRun == Bad && wantRun == Bad {
			bad++
			continue
		}
		if gotRun != wantRun || gotBits.Taken() != wantBits.Taken() || got != want || gotNonzero != nonzero {
			t.Fatalf("%+v, run %d: got %d, bit %d, %016x\n%v\nwant %d, bit %d, %016x\n%v", band, run, gotRun, gotBits.Taken(), gotNonzero, got, wantRun, wantBits.Taken(), nonzero, want)
		}
	}
	if bad > done*3/4 {
		t.Errorf("%d of %d blocks were no good", bad, done)
	}
}

// TestSelectBeyond has runs that lead out of the band, and out of the block.
func TestSelectBeyond(t *testing.T) {
	for _, c := range []struct {
		symbol uint8 // of the code 0
		band   Band
		at     int // the coefficient that is set, 0 for none
	}{
		{0x61, Band{1, 5, 2}, 7},
		{0x31, Band{60, 60, 2}, 63},
		{0x41, Band{60, 63, 2}, 0},
	} {
		var ac ACTable
		if err := ac.Set(&[16]uint8{1}, []uint8{c.symbol}); err != nil {
			t.Fatal(err)
		}
		var got, want [64]int16
		var nonzero uint64
		why := Select(&got, &nonzero, &ac, &Bits{Buf: make([]byte, Reach)}, c.band)
		if c.at == 0 {
			if why != Bad {
				t.Errorf("%x from %v: %d, want Bad", c.symbol, c.band, why)
			}
			continue
		}
		if want[Zigzag(c.at)] = -4; why != 0 || got != want || nonzero != Coefficient(c.at) {
			t.Errorf("%x from %v: %d and %v, want coefficient %d", c.symbol, c.band, why, got, c.at)
		}
	}
}

// TestRefineBeyond has runs that lead out of the band, and out of the block.
func TestRefineBeyond(t *testing.T) {
	var ac ACTable
	if err := ac.Set(&[16]uint8{1}, []uint8{0x61}); err != nil {
		t.Fatal(err)
	}
	b := Bits{Buf: make([]byte, 2*Reach)}
	var got, want [64]int16
	var nonzero uint64
	want[Zigzag(6)] = -4
	if why := Refine(&got, &nonzero, &ac, &b, Band{1, 5, 2}, 0); why != 0 || got != want || nonzero != Coefficient(6) {
		t.Errorf("%d and %v, want coefficient 6", why, got)
	}
	if why := Refine(&got, &nonzero, &ac, &b, Band{60, 63, 2}, 0); why != Bad {
		t.Errorf("%d, want Bad", why)
	}
}
