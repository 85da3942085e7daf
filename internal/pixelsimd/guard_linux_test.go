package pixelsimd

import (
	"os"
	"syscall"
	"testing"
)

// fenced returns n bytes that end, pad bytes further on, at a page that must not
// be touched.
func fenced(t testing.TB, n, pad int) []uint8 {
	t.Helper()
	page := os.Getpagesize()
	size := (n + pad + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(m) })
	if err := syscall.Mprotect(m[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	at := size - n - pad
	return m[at : at+n : at+n+pad]
}
