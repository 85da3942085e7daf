//go:build !amd64 || purego

package interleave

func wide[T any]([]T, int, [][]T) int { return 0 }

func vector[T any](_ []T, _ int, _ *[8][]T, first int) int { return first }
