package shard

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/stokerdata/stoker/internal/pages"
	"github.com/stokerdata/stoker/shard/internal/sysio"
)

// A Backend is a way to read the operating system's files. Each falls back to
// Pread where the platform, the kernel or the file system has it not.
type Backend uint8

// The backends. What the figures of a machine are, BenchmarkBackend tells.
const (
	// Pread reads through the page cache, one system call for each read. It is
	// right for small files and for data that fits the memory.
	Pread Backend = iota

	// Direct reads past the page cache (O_DIRECT), for data that is larger than
	// the memory and read once an epoch: the disk then writes to our buffers.
	// Reads of [Pool.Fetch] are widened to whole pages; others that are not go
	// through a buffer between. Linux.
	Direct

	// Ring is Pread, but hands all reads of a [Pool.Fetch] to the kernel together
	// (io_uring), without a goroutine for each. It is not used where there is a
	// Deadline, as a read that hangs could not be given up by itself. Linux.
	Ring

	// DirectRing is Direct and Ring together: the least CPU time for a drive that
	// is kept busy with random reads.
	DirectRing

	// MmapTrusted maps files, without a look at whether they have changed since:
	// whoever makes one shorter while it is mapped kills the process, and the bytes
	// may change after they were checked. It is for files that nobody else can
	// write, and that fit the memory. Linux.
	//
	// [Pool.Fetch] lends the mapped file itself, without a copy. What was lent stays
	// valid until Pool.Close and is not to be written to, as other calls lend the same
	// memory; a write changes no file. What is not in the page cache is read when it is
	// looked at, by whoever does, but for what is large enough to be brought there in
	// large pages.
	//
	// [Pool.ReadFile] copies the file, which takes 55 to 80 % of the CPU time that
	// reading does. Files that are mapped already are neither opened nor looked up. A
	// process maps 32,768 of them; those beyond are read, and so are those that the
	// page cache has lost.
	MmapTrusted
)

var backends = [...]string{"pread", "direct", "ring", "direct ring", "mmap trusted"}

// String returns the backend in words, as configurations name it.
func (b Backend) String() string {
	if int(b) >= len(backends) {
		return "unknown"
	}
	return backends[b]
}

func (b Backend) direct() bool { return b == Direct || b == DirectRing }
func (b Backend) ring() bool   { return b == Ring || b == DirectRing }

// directFS opens files for direct reads.
type directFS struct{ FS }

func (d directFS) Open(name string) (Handle, error) {
	h, err := d.FS.Open(name)
	if err != nil {
		return nil, err
	}
	f, ok := h.(*sysio.File)
	if !ok || f.SetDirect(true) != nil {
		return h, nil
	}
	return &directFile{File: f}, nil
}

// A directFile reads past the page cache, until that is refused.
type directFile struct {
	*sysio.File
	refused atomic.Bool
}

// page is what direct reads are aligned to: enough for any drive.
const page = pages.Bytes

// roundUp returns the next multiple of a page.
func roundUp[T int | int64](n T) T { return (n + page - 1) &^ (page - 1) }

// bounceBytes is the size of the buffer between: up to it one read through it is
// better than two without.
const bounceBytes = 256 << 10

var bounces = sync.Pool{New: func() any { b := pages.Make(bounceBytes); return &b }}

// ReadAt implements Handle: it may read less than it was asked for.
func (f *directFile) ReadAt(p []byte, off int64) (int, error) {
	if f.refused.Load() || len(p) == 0 {
		return f.File.ReadAt(p, off)
	}
	n, err := f.read(p, off)
	if err != nil && sysio.RefusesDirect(err) {
		if err := f.SetDirect(false); err != nil {
			return 0, err
		}
		f.refused.Store(true)
		return f.File.ReadAt(p, off)
	}
	return n, err
}

func (f *directFile) read(p []byte, off int64) (int, error) {
	skip := int(off & (page - 1))
	whole := skip == 0 && pages.Aligned(p) && len(p) >= page
	if whole && (len(p)%page == 0 || len(p) > bounceBytes) {
		return f.File.Read(p[:len(p)&^(page-1)], off)
	}
	between := bounces.Get().(*[]byte)
	defer bounces.Put(between)
	b := (*between)[:min(bounceBytes, roundUp(skip+len(p)))]
	n, err := f.File.Read(b, off-int64(skip))
	if err == nil && n <= skip {
		err = io.EOF
	}
	if err != nil {
		return 0, err
	}
	return copy(p, b[skip:n]), nil
}

// raw returns the file of a handle that the operating system's FS opened.
func raw(h Handle) *sysio.File {
	if d, ok := h.(*directFile); ok {
		return d.File
	}
	f, _ := h.(*sysio.File)
	return f
}

// setBackend prepares the pool for cfg.Backend.
func (p *Pool) setBackend() {
	switch p.cfg.FS.(type) {
	case osFS, rootFS:
		p.brings = !p.cfg.Backend.direct() && p.cfg.Deadline == 0 // which would bound two calls
	}
	if p.cfg.Backend.direct() {
		p.cfg.FS = directFS{p.cfg.FS}
	}
	if p.cfg.Backend == MmapTrusted {
		p.maps = make([]atomic.Pointer[mapping], len(p.files))
	}
	if p.cfg.Backend.ring() && p.cfg.Deadline == 0 {
		r, err := newRing()
		if p.useRings = err == nil; p.useRings {
			p.rings = append(p.rings, r)
		}
	}
}

const (
	bringLeast = 1 << 20  // the least that is brought into the page cache before it is read or looked at
	bringGap   = 64 << 10 // the most that may lie between ranges which are brought together
)

// bring brings what is large of n ranges, in their order, into the page cache in large
// pages, if that is where the pool reads from. What is not brought is read there later.
func (p *Pool) bring(ctx context.Context, n int, at func(i int) *Range) {
	if !p.brings {
		return
	}
	for i := 0; i < n; {
		first := at(i)
		end := first.Off + int64(first.Len)
		for i++; i < n; i++ {
			r := at(i)
			if r.File != first.File || r.Off-end > bringGap {
				break
			}
			end = max(end, r.Off+int64(r.Len))
		}
		if end-first.Off >= bringLeast && (p.maps == nil || p.maps[first.File].Load().toBring(first.Off, end)) {
			_, _ = p.do(ctx, op{kind: opBring, file: first.File, off: first.Off, size: end - first.Off})
		}
	}
}

// inOrder reports whether ranges are sorted, which most callers' are.
func inOrder(ranges []Range) bool {
	for i := 1; i < len(ranges); i++ {
		a, b := &ranges[i-1], &ranges[i]
		if a.File > b.File || a.File == b.File && a.Off >= b.Off {
			return false
		}
	}
	return true
}
