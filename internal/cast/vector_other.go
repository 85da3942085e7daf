//go:build !amd64 || purego

package cast

func vectorUint16([]int32, []byte) int { return 0 }

func vectorInt32([]float32, []int32) int { return 0 }

func vectorFloat64([]float32, []float64) int { return 0 }
