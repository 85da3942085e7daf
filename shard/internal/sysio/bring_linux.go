package sysio

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bringLeast is the least of which large pages are worth asking for.
const bringLeast = 32 << 10

// Bring sees to it that what n bytes from off have of whole huge pages, or of the last
// one of the file, is in the page cache, in large pages, and reports whether some of it
// was not. Most reads bring files there in pages of 4 KiB, from which they are copied at
// two thirds of the speed and, mapped, looked at with half of it. Where there are no large
// pages, or none to spare, nothing is brought. What goes wrong here does so again in the
// read that follows.
func (f File) Bring(off, n int64) (brought bool) {
	if n < bringLeast || !kernelHasLarge() {
		return false
	}
	size := int64(-1)
	for at := (off + HugePage - 1) &^ (HugePage - 1); at < off+n; at += HugePage {
		length := min(HugePage, off+n-at)
		if length < bringLeast || !f.absent(at, length) {
			continue
		}
		if size < 0 {
			if size, _, _ = f.Stat(); !f.hasLarge() || !muchIsFree() {
				return false
			}
		}
		if length == HugePage || at+length == size {
			f.bring(at, length == HugePage)
			brought = true
		}
	}
	return brought
}

// bring reads what a huge page holds, by mapping its first page. More may follow it in
// the file or may not.
func (f File) bring(at int64, more bool) {
	w, page := enterWindow()
	if w == nil {
		return
	}
	defer w.leave()
	if _, err := unix.MmapPtr(f.fd, at, page, pageBytes, unix.PROT_READ, unix.MAP_SHARED|unix.MAP_FIXED); err != nil {
		return
	}
	advise(page, unix.MADV_HUGEPAGE)
	if more {
		advise(page, unix.MADV_RANDOM) // else the next one is read as well
	}
	advise(page, unix.MADV_POPULATE_READ)
}

// advise tells the kernel about a page. What it says of that matters to nobody.
func advise(page unsafe.Pointer, advice uintptr) {
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, uintptr(page), pageBytes, advice)
}

// A window is memory in which files are mapped to be brought, by a page each. It is
// emptied when all of it was used or nobody uses any: as other processors must forget a
// page then, that takes a third of the time of a small file.
type window struct {
	memory      unsafe.Pointer
	used, users int // pages and goroutines, guarded by windows.mu
}

const (
	pageBytes   = 4 << 10
	windowPages = 64
)

var windows struct {
	mu    sync.Mutex
	now   *window // nil, or the one that has pages which were not used
	empty []*window
}

// enterWindow returns a page of a window, which is to be left, or nil if there is none.
func enterWindow() (*window, unsafe.Pointer) {
	windows.mu.Lock()
	defer windows.mu.Unlock()
	w := windows.now
	if last := len(windows.empty) - 1; w == nil && last >= 0 {
		w, windows.empty = windows.empty[last], windows.empty[:last]
	}
	if w == nil {
		m, err := mapNothing(nil, 0)
		if err != nil {
			return nil, nil
		}
		w = &window{memory: m}
	}
	page := unsafe.Add(w.memory, w.used*pageBytes)
	w.used++
	w.users++
	if windows.now = w; w.used == windowPages {
		windows.now = nil
	}
	return w, page
}

// leave ends a use of w.
func (w *window) leave() {
	windows.mu.Lock()
	w.users--
	last := w.users == 0
	if last && windows.now == w {
		windows.now = nil
	}
	windows.mu.Unlock()
	if !last {
		return
	}
	if _, err := mapNothing(w.memory, unix.MAP_FIXED); err != nil {
		return // it is not used again
	}
	w.used = 0
	windows.mu.Lock()
	windows.empty = append(windows.empty, w)
	windows.mu.Unlock()
}

// mapNothing makes a window empty.
func mapNothing(at unsafe.Pointer, flags int) (unsafe.Pointer, error) {
	return unix.MmapPtr(-1, 0, at, windowPages*pageBytes, unix.PROT_NONE, flags|unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
}

// absent reports whether the kernel tells that the n bytes from off are not in the page
// cache, nor on their way to it: by a look at the one in the middle. Less than a huge page
// that had to leave it for want of memory counts as there: it would have to again, and
// bringing small files that do not stay takes a fifth longer than reading them.
func (f File) absent(off, n int64) bool {
	var s unix.Cachestat_t
	err := unix.Cachestat(uint(f.fd), &unix.CachestatRange{Off: uint64(off + n/2), Len: 1}, &s, 0)
	return err == nil && s.Cache == 0 && (s.Evicted == 0 || n == HugePage)
}

// kernelHasLarge reports whether the kernel has large pages for files and all that Bring
// needs: from 6.16 on, where pages are of 4 KiB.
var kernelHasLarge = sync.OnceValue(func() bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil || os.Getpagesize() != pageBytes {
		return false
	}
	return atLeast(unix.ByteSliceToString(u.Release[:]), 6, 16)
})

// hasLarge reports whether f's file system has large pages. Others may not even know
// what is in the page cache: overlays say that nothing is.
func (f File) hasLarge() bool {
	var s unix.Statfs_t
	if unix.Fstatfs(f.fd, &s) != nil {
		return false
	}
	switch uint32(s.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC:
		return true
	}
	return false
}

// muchIsFree reports whether an eighth of the memory is free. Where it is not, others
// must be moved out of the way of large pages, which costs more than these ever save.
func muchIsFree() bool {
	var s unix.Sysinfo_t
	return unix.Sysinfo(&s) == nil && s.Freeram >= s.Totalram/8
}

// atLeast reports whether a release of the kernel, such as 6.18.2-arch1, is not older
// than another.
func atLeast(release string, major, minor int) bool {
	var a, b int
	if n, _ := fmt.Sscanf(release, "%d.%d", &a, &b); n < 2 {
		return false
	}
	return a > major || a == major && b >= minor
}
