//go:build linux

package jpegsimd

import (
	"errors"
	"syscall"
	"testing"
)

// atEnd returns n bytes of zeros, behind which the process may not read.
func atEnd(t *testing.T, n int) []byte {
	t.Helper()
	page := syscall.Getpagesize()
	size := (n + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	if err := syscall.Mprotect(m[size:], syscall.PROT_NONE); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(m) })
	return m[size-n : size : size]
}

// atBegin returns n bytes before which the process may not read.
func atBegin(t *testing.T, n int) []byte {
	t.Helper()
	page := syscall.Getpagesize()
	size := (n + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	if err := syscall.Mprotect(m[:page], syscall.PROT_NONE); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(m) })
	return m[page : page+n : page+n]
}

// TestGuardedRows runs the kernels for rows on memory between forbidden pages.
func TestGuardedRows(t *testing.T) {
	for n := 1; n < 140; n++ {
		for _, guarded := range []func(*testing.T, int) []byte{atEnd, atBegin} {
			a, b, c := guarded(t, n), guarded(t, n), guarded(t, n)
			YCC(guarded(t, 3*n), a, b, c)
			Weave(guarded(t, 3*n), a, b, c)
			Up12(guarded(t, n), a, b, 1)
			a, b = guarded(t, n+2), guarded(t, n+2)
			Up21(guarded(t, 2*n), a)
			Up22(guarded(t, 2*n), a, b)
			Unstuff(guarded(t, n), guarded(t, n))
			Unstuff(guarded(t, 2*n), guarded(t, n))
		}
	}
}

// TestGuardedIDCT writes blocks into the last and the first bytes that there are.
func TestGuardedIDCT(t *testing.T) {
	coef, quant := benchBlock()
	for _, stride := range []int{8, 9, 64, 100} {
		for _, guarded := range []func(*testing.T, int) []byte{atEnd, atBegin} {
			for _, end := range []int{0, 1, 10, 64} {
				IDCT(guarded(t, 7*stride+8), stride, &coef, &quant, end)
			}
			for _, size := range []int{1, 2, 4} {
				Scaled(guarded(t, (size-1)*stride+size), stride, &coef, &quant, size)
			}
		}
	}
}

// TestGuardedBits takes bits from bytes that end where reading does, the most
// bits that a block can have, and any others, and writes samples into the last
// bytes that there are.
func TestGuardedBits(t *testing.T) {
	r := random()
	quant, preds := new([64]int16), new([4]int32)
	longest := [16]uint8{15: 1} // 16 zeros, and 15 bits follow
	for round := range 2000 {
		var m MCUs
		m.Set(randomUnits(t, r, quant, preds))
		dc, ac := m.Units[0].DC, m.Units[0].AC
		buf := atEnd(t, Reach+r.IntN(64))
		for i := range buf {
			buf[i] = uint8(r.IntN(256))
		}
		if round == 0 { // codes of zeros, magnitudes of whatever
			clear(buf)
			if err := errors.Join(dc.Set(&longest, []uint8{15}), ac.Set(&longest, []uint8{15})); err != nil {
				t.Fatal(err)
			}
			m.Set(m.Units[:1])
		}
		pix := atEnd(t, 64*len(m.Units)*maxMCUs)
		var coef [64]int16
		for bit := range 64 {
			for kind := range 6 {
				b, beside := Bits{Buf: buf}, Bits{Buf: buf}
				b.Seek(bit)
				beside.Seek(r.IntN(64))
				nonzero := r.Uint64()
				band := Band{First: 1 + r.IntN(63), Last: 63}
				for why := 0; why >= 0; {
					m.Start(1 + r.IntN(maxMCUs))
					switch kind {
					case 0:
						for i := range m.Units {
							m.Units[i].At = 8 * (i + len(m.Units)*(maxMCUs-m.End/len(m.Units)))
						}
						why = m.Decode(&b, pix)
					case 1:
						why = m.Skip(&b)
					case 5:
						n := MCUs{Units: m.Units, End: m.End}
						to := pix
						if r.IntN(2) == 0 {
							to = nil
						}
						for i := range m.Units {
							m.Units[i].At = 8 * i
						}
						Beside(&m, &n, &b, &beside, to)
						why = Short // once is enough
					case 2:
						why = Block(&coef, &m.Units[0], &b)
					case 3:
						why = Select(&coef, &nonzero, ac, &b, band)
					default:
						why = Refine(&coef, &nonzero, ac, &b, band, r.IntN(2))
						nonzero = r.Uint64() | 1
					}
					if round > 0 && r.IntN(4) == 0 {
						break
					}
				}
			}
		}
	}
}
