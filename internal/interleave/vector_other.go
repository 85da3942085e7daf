//go:build !amd64 || purego

package interleave

// LooksAhead reports whether Columns asks for what follows values of size bytes, as
// package cast does: nothing does so here.
func LooksAhead(size int) bool { return false }

func wide[T any]([]T, int, [][]T) int { return 0 }

func vector[T any](_ []T, _ int, _ *[8][]T, first int) int { return first }
