package sysio

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A File is an open file, read by position.
type File struct {
	fd    int
	eager bool
}

// O_NONBLOCK keeps the open of a FIFO without a writer from blocking; it means
// nothing for a regular file.
const openFlags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK

// Open opens the named file for reading. It never blocks on a FIFO, and does
// not look at what it opened: [File.Stat] does. The error is a bare
// [unix.Errno].
func Open(name string) (File, error) {
	for {
		fd, err := open(name)
		if err != unix.EINTR {
			return File{fd: fd}, err
		}
	}
}

// open is unix.Open without the copy of the name on the heap.
func open(name string) (int, error) {
	var buf [256]byte
	if len(name) >= len(buf) {
		return unix.Open(name, openFlags, 0)
	}
	for i := range len(name) {
		if name[i] == 0 {
			return -1, unix.EINVAL
		}
		buf[i] = name[i]
	}
	at := unix.AT_FDCWD
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(&buf[0])), openFlags, 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// Eager returns f with reads that look into the page cache before they tell the
// scheduler that they may wait. If the drive of f hangs, one that looks may keep a
// processor of the program from everybody else.
func (f File) Eager() File {
	f.eager = true
	return f
}

// FromOS takes over f: it returns the same open file and closes f.
func FromOS(f *os.File) (File, error) {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	return File{fd: fd}, err
}

// Stat returns the file's size and the time of its last change. It is an error
// wrapping [ErrNotRegular] when the file is not a regular one.
func (f File) Stat() (size int64, modTime time.Time, err error) {
	var st unix.Stat_t
	if err := unix.Fstat(f.fd, &st); err != nil {
		return 0, time.Time{}, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, time.Time{}, notRegular(fileMode(st.Mode))
	}
	return st.Size, time.Unix(int64(st.Mtim.Sec), int64(st.Mtim.Nsec)), nil
}

func fileMode(mode uint32) fs.FileMode {
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return fs.ModeDir
	case unix.S_IFIFO:
		return fs.ModeNamedPipe
	case unix.S_IFSOCK:
		return fs.ModeSocket
	case unix.S_IFCHR, unix.S_IFBLK:
		return fs.ModeDevice
	}
	return fs.ModeIrregular
}

// ReadAt reads once into p from offset off, through the page cache. Unlike an
// [io.ReaderAt] it may read less than len(p) without an error; at the end of the file
// it returns 0 and [io.EOF].
func (f File) ReadAt(p []byte, off int64) (int, error) {
	if f.eager && 0 < len(p) && len(p) <= cachedMost {
		if n := f.readCached(p, off); n > 0 {
			return n, nil
		}
	}
	if f.Bring(off, int64(len(p))) {
		missing.Store(missedAfter)
	}
	return f.Read(p, off)
}

// Read is ReadAt as far as the system call: for direct reads.
func (f File) Read(p []byte, off int64) (int, error) {
	for {
		n, err := unix.Pread(f.fd, p, off)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, err
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// cachedMost is the most that is read without telling the scheduler, some 50 us. What
// takes longer gains nothing, and others may need the processor.
const cachedMost = 256 << 10

// missing counts the reads that are expected to find nothing in the page cache, as one
// has. It is no harm that goroutines disturb each other's counts.
var missing atomic.Int32

const missedAfter = 16 // one that did

// readCached reads what the page cache has of p, and returns 0 where that is not known
// to be anything. It does not wait for a drive, and hence does not tell the scheduler,
// which makes reading a small file up to a tenth cheaper.
func (f File) readCached(p []byte, off int64) int {
	if missing.Load() > 0 {
		missing.Add(-1)
		return 0
	}
	v := unix.Iovec{Base: unsafe.SliceData(p)}
	v.SetLen(len(p))
	const half = unsafe.Sizeof(uintptr(0)) * 4 // bits of a word: what exceeds one goes to the next
	n, _, errno := syscall.RawSyscall6(unix.SYS_PREADV2, uintptr(f.fd), uintptr(unsafe.Pointer(&v)), 1,
		uintptr(off), uintptr(uint64(off)>>half>>half), unix.RWF_NOWAIT)
	if errno != 0 {
		missing.Store(missedAfter)
		return 0
	}
	return int(n)
}

// Close closes the file. The File must not be used again.
func (f File) Close() error { return unix.Close(f.fd) }

// Advise passes advice on n bytes from off (n 0 means to the end) to the
// kernel.
func (f File) Advise(off, n int64, a Advice) error {
	advice := [...]int{WillNeed: unix.FADV_WILLNEED, DontNeed: unix.FADV_DONTNEED, Sequential: unix.FADV_SEQUENTIAL}
	return unix.Fadvise(f.fd, off, n, advice[a])
}

// SetDirect makes reads go past the page cache, or through it again. Direct reads
// begin at multiples of [pages.Bytes], of the file and in memory, and so does their
// length. Not every file system lets them.
func (f File) SetDirect(on bool) error {
	flags, err := unix.FcntlInt(uintptr(f.fd), unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	if flags &^= unix.O_DIRECT; on {
		flags |= unix.O_DIRECT
	}
	_, err = unix.FcntlInt(uintptr(f.fd), unix.F_SETFL, flags)
	return err
}

// RefusesDirect reports whether err is what a direct read gives where the file
// system has none.
func RefusesDirect(err error) bool { return err == unix.EINVAL || err == unix.EOPNOTSUPP }

// Map returns n bytes of the file from its start, as memory that may be written
// to without changing the file. If the file becomes shorter, an access behind its
// end kills the process.
func (f File) Map(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b, err := unix.Mmap(f.fd, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	if err == unix.ENODEV || err == unix.ENOMEM { // the file system maps nothing, or the process maps too much
		err = errors.ErrUnsupported
	}
	return b, err
}

// Populate reads what of memory of [File.Map] is not in the page cache. What goes wrong
// does so again when that is looked at.
func Populate(b []byte) {
	if len(b) > 0 {
		_ = unix.Madvise(b, unix.MADV_POPULATE_READ)
	}
}

// Resident reports whether all of memory of [File.Map] is in the page cache, as far as
// the kernel tells. Who looks at what is not there waits for a drive, and with him a
// processor of the program: the scheduler knows nothing of such waits.
func Resident(b []byte) bool {
	const most = 256 // pages that are asked for at a time
	var in [most]byte
	for len(b) > 0 {
		part := b[:min(len(b), most*os.Getpagesize())]
		b = b[len(part):]
		pages := (len(part) + os.Getpagesize() - 1) / os.Getpagesize()
		_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&part[0])), uintptr(len(part)), uintptr(unsafe.Pointer(&in)))
		if errno != 0 {
			return true
		}
		for _, page := range in[:pages] {
			if page&1 == 0 {
				return false
			}
		}
	}
	return true
}

// Unmap gives back memory of [File.Map].
func Unmap(b []byte) error {
	if b == nil {
		return nil
	}
	return unix.Munmap(b)
}
