//go:build !libjpeg || !cgo

package handloop

// HasC tells whether InC is there.
const HasC = false

// InC is not there.
func InC(_, _ []uint8, _, _ int, _ bool) { panic("handloop: not built with cgo and -tags libjpeg") }
