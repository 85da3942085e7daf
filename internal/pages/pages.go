package pages

import "unsafe"

// Bytes is what memory is aligned to: the smallest page of any supported platform.
const Bytes = 4096

// Make returns n zeroed bytes on the Go heap that start at a multiple of [Bytes].
func Make(n int) []byte {
	b := make([]byte, n)
	if n > 0 && !Aligned(b) { // the runtime aligns large objects to its own pages
		b = make([]byte, n+Bytes)
		skip := int(-address(b) % Bytes)
		b = b[skip : skip+n : skip+n]
	}
	return b
}

// Aligned reports whether b starts at a multiple of [Bytes].
func Aligned(b []byte) bool { return address(b)%Bytes == 0 }

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
