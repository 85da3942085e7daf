//go:build linux && !race

package pages

import (
	"math/bits"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	// least is the size from which on memory lies outside of the Go heap: below, what
	// the system is asked for costs more than what the garbage collector takes.
	least = 64 << 10
	// regionBytes is what the system is asked for at a time, for many buffers. It
	// backs what is written to, in huge pages, and counts nothing else.
	regionBytes = 64 << 20
	// ownBytes is the size from which on a buffer is a region by itself.
	ownBytes = regionBytes / 4
	// hugeBytes is the size of a huge page on amd64 and arm64.
	hugeBytes = 2 << 20
)

// regions are the addresses that this process has for buffers.
var regions struct {
	sync.Mutex
	free map[int][][]byte // by size, given back
	rest []byte           // of a region, not given out yet
}

// Alloc returns n bytes of any content that start at a multiple of [Bytes]. Those of
// 64 KiB and more lie outside of the Go heap, and in huge pages where the system has
// some: rows are then found without walking through the tables of small ones, and a
// direct read costs the kernel, and the host of a virtual drive, one step for all of
// it and not one for each 4 KiB.
func Alloc(n int) []byte {
	if n < least || bits.UintSize < 64 {
		return Make(n)
	}
	regions.Lock()
	defer regions.Unlock()
	if list := regions.free[n]; len(list) > 0 {
		last := len(list) - 1
		b := list[last]
		list[last] = nil
		regions.free[n] = list[:last]
		return b
	}
	whole := roundUp(n, Bytes)
	if whole >= ownBytes {
		return region(whole)[:n:n]
	}
	if len(regions.rest) < whole {
		regions.rest = region(regionBytes)
	}
	b := regions.rest[:n:n]
	regions.rest = regions.rest[whole:]
	return b
}

// region returns n new bytes, from the Go heap if the system has no others.
func region(n int) []byte {
	b, err := unix.Mmap(-1, 0, roundUp(n, hugeBytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return Make(n)
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // without huge pages all works as well
	return b
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// Free takes back what [Alloc] returned, as long as it was then. Nobody may use it
// any more.
func Free(b []byte) {
	if len(b) < least || bits.UintSize < 64 {
		return
	}
	Discard(b)
	regions.Lock()
	defer regions.Unlock()
	if regions.free == nil {
		regions.free = map[int][][]byte{}
	}
	regions.free[len(b)] = append(regions.free[len(b)], b)
}

// Huge asks for huge pages, which [Alloc] gives anyway, behind memory of the Go heap
// that was just made: the whole ones that lie within b.
func Huge(b []byte) {
	if inner := within(b, hugeBytes); inner != nil {
		_ = unix.Madvise(inner, unix.MADV_HUGEPAGE)
	}
}

// Discard gives the system back the pages that lie within b, in which there are zeros
// from then on, as if they had been cleared. The rest of b stays as it is. It is for
// anonymous memory, such as that of the Go heap.
func Discard(b []byte) {
	if inner := within(b, os.Getpagesize()); inner != nil && len(b) >= least {
		_ = unix.Madvise(inner, unix.MADV_DONTNEED) // refused for memory that is locked, which stays
	}
}

// within returns the whole pages of a size that lie in b, nil if none does.
func within(b []byte, page int) []byte {
	skip := int(-address(b) & uintptr(page-1))
	if n := (len(b) - skip) &^ (page - 1); n > 0 {
		return b[skip : skip+n]
	}
	return nil
}
