package sysio

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/stokerdata/stoker/internal/pages"
)

// A Ring is an io_uring (io_uring(7)): many reads are handed to the kernel with
// one system call. It is used by one goroutine at a time.
type Ring struct {
	fd      int
	shared  []byte // both queues
	entries []byte // of submissions
	sq      queue
	cq      queue
	array   []uint32 // of the submission queue: indexes into sqes
	sqes    []submission
	cqes    []completion
	tail    uint32 // of submissions that are not published yet
	pending uint32 // submissions that the kernel has not taken
	flying  int    // reads without a result
}

// queue is the shared part of a ring buffer.
type queue struct {
	head, tail *uint32
	mask       uint32
}

// submission is struct io_uring_sqe as far as reads use it.
type submission struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len           uint32
	rwFlags       uint32
	userData      uint64
	_             [3]uint64
}

// completion is struct io_uring_cqe.
type completion struct {
	userData uint64
	res      int32
	flags    uint32
}

// params is struct io_uring_params.
type params struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFd uint32
	_                                                                      [3]uint32
	sqOff                                                                  struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cqOff struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

// Constants of linux/io_uring.h.
const (
	opRead         = 22
	featSingleMmap = 1 << 0
	offSQEs        = 0x10000000
	enterGetEvents = 1 << 0
)

// maxRead is the most that one read is asked for: what read(2) gives at most,
// in whole pages.
const maxRead = 1<<31 - pages.Bytes

// NewRing returns a ring for up to n reads at a time. The error says why the
// kernel does not let us have one: it is too old, or forbids them.
func NewRing(n int) (*Ring, error) {
	var p params
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(n), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("io_uring: %w", errno)
	}
	r := &Ring{fd: int(fd)}
	if err := r.share(&p); err != nil {
		r.Close()
		return nil, fmt.Errorf("io_uring: %w", err)
	}
	return r, nil
}

// share maps the queues.
func (r *Ring) share(p *params) (err error) {
	if p.features&featSingleMmap == 0 {
		return errors.ErrUnsupported // before Linux 5.4
	}
	const prot, flags = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_SHARED | unix.MAP_POPULATE
	size := max(p.sqOff.array+4*p.sqEntries, p.cqOff.cqes+uint32(unsafe.Sizeof(completion{}))*p.cqEntries)
	if r.shared, err = unix.Mmap(r.fd, 0, int(size), prot, flags); err != nil {
		return err
	}
	size = uint32(unsafe.Sizeof(submission{})) * p.sqEntries
	if r.entries, err = unix.Mmap(r.fd, offSQEs, int(size), prot, flags); err != nil {
		return err
	}
	at := func(off uint32) unsafe.Pointer { return unsafe.Pointer(&r.shared[off]) }
	word := func(off uint32) *uint32 { return (*uint32)(at(off)) }
	r.sq = queue{word(p.sqOff.head), word(p.sqOff.tail), *word(p.sqOff.mask)}
	r.cq = queue{word(p.cqOff.head), word(p.cqOff.tail), *word(p.cqOff.mask)}
	r.array = unsafe.Slice(word(p.sqOff.array), p.sqEntries)
	r.cqes = unsafe.Slice((*completion)(at(p.cqOff.cqes)), p.cqEntries)
	r.sqes = unsafe.Slice((*submission)(unsafe.Pointer(&r.entries[0])), p.sqEntries)
	r.tail = *r.sq.tail
	return nil
}

// Room returns how many more reads fit.
func (r *Ring) Room() int { return len(r.sqes) - r.flying }

// Read asks for a read into p, from off of f. It starts with the next Wait, and
// its result comes with the tag from Next. Until then p, which must not be memory of
// a stack, belongs to the kernel, and f stays open. There must be Room.
func (r *Ring) Read(f File, p []byte, off int64, tag int) {
	i := r.tail & r.sq.mask
	r.array[i] = i
	r.sqes[i] = submission{
		opcode: opRead, fd: int32(f.fd), off: uint64(off), len: uint32(min(len(p), maxRead)),
		addr: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))), userData: uint64(tag),
	}
	r.tail++
	r.pending++
	r.flying++
}

// Wait starts the reads that were asked for and waits for n results, of reads that
// are under way. There may be fewer, but never none, while the kernel is short of
// memory.
func (r *Ring) Wait(n int) error {
	atomic.StoreUint32(r.sq.tail, r.tail)
	for {
		taken, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.pending), uintptr(n), enterGetEvents, 0, 0)
		done := int(atomic.LoadUint32(r.cq.tail) - *r.cq.head)
		switch errno {
		case 0:
			r.pending -= uint32(taken)
			if done >= n { // else a signal came, or not all reads were taken
				return nil
			}
		case unix.EINTR:
		case unix.EAGAIN, unix.EBUSY: // the kernel is short of memory, or of room for results
			if done > 0 {
				return nil
			}
			runtime.Gosched()
		default:
			return fmt.Errorf("io_uring: %w", errno)
		}
	}
}

// Next returns a read that is done; ok is false if there is none.
func (r *Ring) Next() (d Done, ok bool) {
	head := *r.cq.head
	if head == atomic.LoadUint32(r.cq.tail) {
		return d, false
	}
	c := r.cqes[head&r.cq.mask]
	atomic.StoreUint32(r.cq.head, head+1)
	r.flying--
	if d.Tag = int(c.userData); c.res < 0 {
		d.Err = unix.Errno(-c.res)
	} else {
		d.N = int(c.res)
	}
	return d, true
}

// Close gives up the ring. No read may be under way.
func (r *Ring) Close() error {
	var errs []error
	for _, m := range [][]byte{r.shared, r.entries} {
		if m != nil {
			errs = append(errs, unix.Munmap(m))
		}
	}
	return errors.Join(append(errs, unix.Close(r.fd))...)
}
