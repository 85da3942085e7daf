package pixelsimd

// Down resizes columns: it weighs whole rows.
type Down struct {
	t     *Table
	coef  []uint32 // weights in pairs, split, Room for each output row
	plain bool     // whether there is no vector code
}

// Sums is memory that Down may use while it makes a row. The zero value is ready.
type Sums struct{ acc []int32 }

// Set makes d weigh rows by t, which it keeps.
func (d *Down) Set(t *Table) {
	d.t = t
	d.plain = !d.pack()
}

// Bytes returns the memory that d has beside its Table.
func (d *Down) Bytes() int { return 4 * cap(d.coef) }

// Row writes row i of the result to dst, at most as long as each source row.
// The first of these begins at rows[0] of src, and so on. rows has at least one
// place more than there are source rows, and loses what is there.
func (d *Down) Row(dst []uint8, i int, src []uint8, rows []int, sums *Sums) {
	_, k := d.t.window(i)
	if d.plain {
		sums.row(dst, src, rows, k)
	} else {
		d.vector(dst, i, src, rows)
	}
}

func (s *Sums) row(dst, src []uint8, rows []int, k []int32) {
	s.acc = resized(s.acc, len(dst))
	for i := range s.acc {
		s.acc[i] = half
	}
	for len(k) >= 4 && len(rows) >= 4 {
		add4(s.acc, src[rows[0]:], src[rows[1]:], src[rows[2]:], src[rows[3]:], k)
		k, rows = k[4:], rows[4:]
	}
	for j, w := range k {
		add(s.acc, src[rows[j]:], w)
	}
	for i, v := range s.acc {
		dst[i] = clip(v)
	}
}

func add(acc []int32, p []uint8, w int32) {
	p = p[:len(acc)]
	for i, v := range p {
		acc[i] += int32(v) * w
	}
}

// add4 adds four rows at once: the sums are read and written a quarter as often.
func add4(acc []int32, p0, p1, p2, p3 []uint8, k []int32) {
	k0, k1, k2, k3 := k[0], k[1], k[2], k[3]
	n := len(acc)
	p0, p1, p2, p3 = p0[:n], p1[:n], p2[:n], p3[:n]
	for i := range acc {
		acc[i] += int32(p0[i])*k0 + int32(p1[i])*k1 + int32(p2[i])*k2 + int32(p3[i])*k3
	}
}
