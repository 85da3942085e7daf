package pixelsimd

// AcrossPad is how many bytes behind the samples of a row the vector code of
// Across may write, and AcrossReads how many it may read.
const (
	AcrossPad   = 16
	AcrossReads = 16
)

// Across resizes rows along themselves.
type Across struct {
	t     *Table
	c     int
	taps  packed
	plain bool // whether there is no vector code
}

// Set makes a resize rows of in pixels with c samples, 1 or 3. It keeps t.
func (a *Across) Set(t *Table, in, c int) {
	a.t, a.c = t, c
	a.plain = !a.taps.set(t, in, c)
}

// Bytes returns the memory that a has beside its Table.
func (a *Across) Bytes() int { return a.taps.bytes() }

// Row writes a row. Behind dst, AcrossPad bytes may be written and lie within
// its capacity; behind src, AcrossReads bytes may be read.
func (a *Across) Row(dst, src []uint8) {
	switch {
	case !a.plain:
		a.taps.row(dst, src)
	case a.c == 3:
		a.t.row3(dst, src)
	default:
		a.t.row1(dst, src)
	}
}

func (t *Table) row3(dst, src []uint8) {
	for i := range t.Lo {
		lo, k := t.window(i)
		p := src[3*lo:][:3*len(k)]
		var c0, c1, c2 int32 = half, half, half
		for len(k) >= 2 && len(p) >= 6 {
			w, v := k[0], k[1]
			c0 += int32(p[0])*w + int32(p[3])*v
			c1 += int32(p[1])*w + int32(p[4])*v
			c2 += int32(p[2])*w + int32(p[5])*v
			k, p = k[2:], p[6:]
		}
		if len(k) > 0 && len(p) >= 3 {
			w := k[0]
			c0 += int32(p[0]) * w
			c1 += int32(p[1]) * w
			c2 += int32(p[2]) * w
		}
		q := dst[3*i : 3*i+3 : 3*i+3]
		q[0], q[1], q[2] = clip(c0), clip(c1), clip(c2)
	}
}

func (t *Table) row1(dst, src []uint8) {
	dst = dst[:len(t.Lo)]
	for i := range dst {
		lo, k := t.window(i)
		p := src[lo:][:len(k)]
		var sum int32 = half
		for j, w := range k {
			sum += int32(p[j]) * w
		}
		dst[i] = clip(sum)
	}
}
