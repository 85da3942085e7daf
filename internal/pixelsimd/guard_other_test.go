//go:build !linux

package pixelsimd

import "testing"

// fenced returns n bytes with room for pad more.
func fenced(t testing.TB, n, pad int) []uint8 { return make([]uint8, n, n+pad) }
