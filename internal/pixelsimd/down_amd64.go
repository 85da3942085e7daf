//go:build !purego

package pixelsimd

import "github.com/stokerdata/stoker/internal/cpu"

// Numbers of samples that the kernels of Down make at once.
const (
	block  = 32
	block2 = 64 // with AVX-512
)

// pack splits the weights, if there are kernels.
func (d *Down) pack() bool {
	t := d.t
	if !cpu.AVX2() {
		return false
	}
	d.coef = resized(d.coef, len(t.K))
	k, q := t.K, d.coef
	for len(k) >= 2 && len(q) >= 2 {
		q[0], q[1] = split(k[0], k[1])
		k, q = k[2:], q[2:]
	}
	return true
}

func (d *Down) vector(dst []uint8, i int, src []uint8, rows []int) {
	n := int(d.t.N[i])
	rows[n] = rows[n-1] // an odd last row is paired with itself, without weight
	width := max(len(dst), block)
	for _, at := range rows[:n] {
		_ = src[at:][:width]
	}
	coef := d.coef[i*d.t.Room:]
	if len(dst) >= block2 && cpu.AVX512() {
		downAVX512(&dst[0], &src[0], &rows[0], &coef[0], (n+1)/2, len(dst))
		return
	}
	if len(dst) >= block {
		downAVX2(&dst[0], &src[0], &rows[0], &coef[0], (n+1)/2, len(dst))
		return
	}
	var whole [block]uint8
	downAVX2(&whole[0], &src[0], &rows[0], &coef[0], (n+1)/2, block)
	copy(dst, whole[:])
}
