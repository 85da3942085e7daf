package jpegsimd

import (
	"reflect"
	"slices"
	"testing"
)

// TestBeside decodes MCUs of two places at once, and passes over them, and
// compares with what each of them gives by itself. Where too few bytes are left
// for two is not the same, so that each finds more of them when it goes on.
func TestBeside(t *testing.T) {
	needKernels(t)
	r := random()
	buf := make([]byte, 12000)
	type result struct {
		why, next, taken int
		preds            [4]int32
	}
	together, bad := 0, 0
	for range 2500 {
		quant, preds := new([64]int16), new([4]int32)
		for i := range quant {
			quant[i] = int16(1 + r.IntN(20))
		}
		units := randomUnits(t, r, quant, preds)
		for i := range buf {
			buf[i] = uint8(r.IntN(256)) & uint8(r.IntN(256)|-r.IntN(2))
		}
		begin, n := [2]int{r.IntN(3 * len(buf)), r.IntN(3 * len(buf))}, [2]int{1 + r.IntN(maxMCUs), 1 + r.IntN(maxMCUs)}
		run := func(first func(m []MCUs, b []Bits, pix []uint8) int, skip bool) (got [2]result, pix []uint8) {
			var m [2]MCUs
			var b [2]Bits
			size := 64 * len(units) * maxMCUs
			pix = make([]uint8, 2*size)
			for i := range got {
				got[i].preds = [4]int32{1, 2, 3, 4}
				own := slices.Clone(units)
				for k := range own {
					own[k].Pred = &got[i].preds[slices.IndexFunc(preds[:], func(p int32) bool { return p == *own[k].Pred })]
					own[k].At += i * size
				}
				m[i].Set(own)
				m[i].Start(n[i])
				b[i].Buf = buf[:len(buf)/2+r.IntN(len(buf)/4)]
				b[i].Seek(begin[i])
			}
			if skip {
				pix = nil
			}
			why := first(m[:], b[:], pix)
			for i := range got {
				b[i].Buf = buf
				if why == 0 && skip {
					got[i].why = m[i].Skip(&b[i])
				} else if why == 0 {
					got[i].why = m[i].Decode(&b[i], pix)
				} else {
					got[i].why = why
				}
				got[i].next, got[i].taken = m[i].Next, b[i].Taken()
			}
			return got, pix
		}
		*preds = [4]int32{0, 1, 2, 3} // to be told apart
		for _, skip := range []bool{false, true} {
			alone := func([]MCUs, []Bits, []uint8) int { return 0 }
			want, _ := run(alone, skip)
			for i := range want {
				if whole := want[i].next / len(units); want[i].why == Bad && whole > 0 && r.IntN(8) > 0 {
					n[i] = whole // what comes before
				}
			}
			want, wantPix := run(alone, skip)
			got, gotPix := run(func(m []MCUs, b []Bits, pix []uint8) int {
				return Beside(&m[0], &m[1], &b[0], &b[1], pix)
			}, skip)
			if want[0].why == Bad || want[1].why == Bad {
				bad++
				if got[0].why != Bad && got[1].why != Bad {
					t.Fatalf("got %v, want %v", got, want)
				}
			} else if got != want || !reflect.DeepEqual(gotPix, wantPix) {
				t.Fatalf("skip %v: got %v, want %v, or pixels differ", skip, got, want)
			} else if want[0].next > 0 && want[1].next > 0 {
				together++
			}
		}
	}
	if together < 500 || bad < 500 {
		t.Errorf("%d runs of both, %d of damage", together, bad)
	}
}
