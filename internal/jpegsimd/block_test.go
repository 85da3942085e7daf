package jpegsimd

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
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

// randomUnits returns the blocks of an MCU.
func randomUnits(t testing.TB, r *rand.Rand, quant *[64]int16, preds *[4]int32) (units []Unit) {
	dc, ac := new([2]Table), new([2]ACTable)
	for i := range 2 {
		counts, symbols := randomCode(r, false)
		if err := dc[i].Set(&counts, symbols); err != nil {
			t.Fatal(err, counts)
		}
		counts, symbols = randomCode(r, true)
		if r.IntN(2) == 0 {
			counts, symbols = standardAC.counts, standardAC.symbols
		}
		if err := ac[i].Set(&counts, symbols); err != nil {
			t.Fatal(err, counts)
		}
	}
	n := 1 + r.IntN(10)
	for i := range n {
		table := r.IntN(2)
		units = append(units, Unit{
			DC: &dc[table], AC: &ac[table], Pred: &preds[r.IntN(4)], Quant: quant,
			At: 8 * i, Stride: 8 * n * maxMCUs, Step: 8 * n, Size: 8,
		})
	}
	return units
}

// maxMCUs is how many MCUs tests decode at a time.
const maxMCUs = 20

// TestMCUTwins decodes MCUs, passes over them, and takes their coefficients, by
// the kernels and by their twins.
func TestMCUTwins(t *testing.T) {
	needKernels(t)
	r := random()
	buf := make([]byte, 3000)
	blocks := 0
	for range 2000 {
		var quant [64]int16
		for i := range quant {
			quant[i] = int16(1 + r.IntN(20))
		}
		var preds [4]int32
		units := randomUnits(t, r, &quant, &preds)
		for i := range buf {
			buf[i] = uint8(r.IntN(256)) & uint8(r.IntN(256)|-r.IntN(2))
		}
		before := Bits{Buf: buf}
		before.Seek(r.IntN(8 * len(buf) / 2))
		n := 1 + r.IntN(maxMCUs)
		type result struct {
			why, next, taken int
			preds            [4]int32
			pix              []uint8
		}
		run := func(f func(m *MCUs, b *Bits, pix []uint8) int) result {
			preds = [4]int32{1, 2, 3, 4}
			var m MCUs
			m.Set(slices.Clone(units))
			m.Start(n)
			b, pix := before, make([]uint8, 64*len(units)*maxMCUs)
			why := f(&m, &b, pix)
			if why == Bad { // where it is found is not the same
				return result{why: why, next: m.Next}
			}
			return result{why, m.Next, b.Taken(), preds, pix}
		}
		twin := func(m *MCUs, b *Bits, pix []uint8) int {
			for ; m.Next < m.End; m.Next++ {
				if b.short() {
					return Short
				}
				var coef [64]int16
				u := &m.Units[m.Next%len(units)]
				end := plainBlock(&coef, u.DC, u.AC, b, u.Pred)
				if end < 0 {
					return end
				}
				plainIDCT(pix[u.At:], u.Stride, &coef, u.Quant, end)
				u.At += u.Step
			}
			return 0
		}
		want := run(twin)
		if whole := want.next / len(units); want.why == Bad && whole > 0 && r.IntN(4) > 0 {
			n = whole // what comes before
			want = run(twin)
		}
		for name, got := range map[string]result{
			"Decode": run((*MCUs).Decode),
			"in pieces": run(func(m *MCUs, b *Bits, pix []uint8) int {
				for size := Reach; ; size += 1 + r.IntN(3*Reach) {
					b.Buf = buf[:min(size, len(buf))]
					if why := m.Decode(b, pix); why != Short || size > len(buf) {
						return why
					}
				}
			}),
			"Skip":      run(func(m *MCUs, b *Bits, _ []uint8) int { return m.Skip(b) }),
			"plainSkip": run(func(m *MCUs, b *Bits, _ []uint8) int { return m.plainSkip(b) }),
			"Block":     run(func(m *MCUs, b *Bits, pix []uint8) int { return m.plainDecode(b, pix) }),
		} {
			if strings.HasSuffix(strings.ToLower(name), "skip") {
				got.pix = want.pix
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: got %d at block %d, bit %d, want %d at block %d, bit %d, or pixels differ", name, got.why, got.next, got.taken, want.why, want.next, want.taken)
			}
		}
		blocks += want.next
	}
	if blocks < 5_000 {
		t.Errorf("only %d blocks", blocks)
	}
}
