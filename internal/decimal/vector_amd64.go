//go:build !purego

package decimal

import "github.com/stokerdata/stoker/internal/cpu"

// group is how many numbers a kernel reads at once.
const group = 4

// groups returns how many groups of n numbers of c a kernel can read, which loads the
// 16 bytes before the end of each, or 32 of those that are long.
func groups(n int, c Column) int {
	if n < group || !cpu.AVX2() || int(c.Ends[1])-c.Trim < longest32 {
		return 0
	}
	_ = c.Ends[(n-1)*c.Stride+1]
	return n / group
}

// vectorFloat64 reads numbers, the first of which is number first, as many as fill
// groups. It returns how many there were, and how many of them odd says are odd.
func vectorFloat64(dst []float64, c Column, odd []int32, first int) (done, n int) {
	if done = groups(len(dst), c); done > 0 {
		n = float64AVX2(&dst[0], &c.Text[0], &c.Ends[0], c.Stride, c.Trim, done, &odd[0], first)
	}
	return done * group, n
}

// vectorInt64 is vectorFloat64 for whole numbers.
func vectorInt64(dst []int64, c Column, odd []int32, first int) (done, n int) {
	if done = groups(len(dst), c); done > 0 {
		n = int64AVX2(&dst[0], &c.Text[0], &c.Ends[0], c.Stride, c.Trim, done, &odd[0], first)
	}
	return done * group, n
}

// vectorFloat32 is vectorFloat64 for numbers of half the size.
func vectorFloat32(dst []float32, c Column, odd []int32, first int) (done, n int) {
	if done = groups(len(dst), c); done > 0 {
		n = float32AVX2(&dst[0], &c.Text[0], &c.Ends[0], c.Stride, c.Trim, done, &odd[0], first)
	}
	return done * group, n
}

// vectorLong reads the numbers that are odd for vectorFloat32, some of which are only
// long. It leaves in odd those that are not, and returns how many these are.
func vectorLong(dst []float32, c Column, odd []int32) int {
	if len(odd) == 0 || !cpu.AVX2() {
		return len(odd)
	}
	return longAVX2(&dst[0], &c.Text[0], &c.Ends[0], c.Stride, c.Trim, &odd[0], len(odd))
}
