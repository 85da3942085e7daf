//go:build !amd64 || purego

package decimal

func vectorFloat64([]float64, Column, []int32, int) (done, n int) { return 0, 0 }

func vectorInt64([]int64, Column, []int32, int) (done, n int) { return 0, 0 }

func vectorFloat32([]float32, Column, []int32, int) (done, n int) { return 0, 0 }

func vectorLong(_ []float32, _ Column, odd []int32) int { return len(odd) }
