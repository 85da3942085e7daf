package shard

import (
	"context"
	"fmt"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/stokerdata/stoker/internal/pages"
)

// Buffers lends byte buffers and takes them back to lend them again, and never
// holds more than a budget of them, lent or idle, nor a quarter more than was lent at
// a time, or 64 MiB more if it is less than as much again. In steady state nothing is
// allocated. All methods may be called concurrently.
//
// Buffers of 64 KiB and more lie outside of the Go heap on Linux, so that the garbage
// collector lets nothing pile up beside them, and in huge pages where the system has
// them. One that is never put back is never freed.
type Buffers struct {
	budget int64
	sem    *semaphore.Weighted // of bytes that are not lent

	mu     sync.Mutex
	stock  *stock
	lent   int64
	peak   int64 // of lent
	lost   int64
	waits  []*wait
	closed bool
}

// A wait is a call of Get that waits for bytes.
type wait struct {
	bytes int64
	end   context.CancelCauseFunc
}

// A stock is the buffers that lie idle.
type stock struct {
	free  [nClasses][][]byte
	asked [nClasses]uint64 // clock when the class was last asked for
	clock uint64           // calls of Get
	bytes int64
}

const nClasses = 4 * bits.UintSize

// NewBuffers returns Buffers that hold at most budget bytes.
func NewBuffers(budget int64) *Buffers {
	b := &Buffers{budget: budget, sem: semaphore.NewWeighted(budget), stock: &stock{}}
	runtime.AddCleanup(b, (*stock).empty, b.stock) // for who does not Close
	return b
}

// Close gives the system back all idle memory, and what is lent when it comes back.
// It may be called again, and Get still lends, for those that work on.
func (b *Buffers) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.stock.empty()
}

// class returns the size that n bytes are rounded up to, four sizes to a power
// of two and whole pages, and its number.
func class(n int) (size, index int) {
	const page = pages.Bytes
	if n <= page {
		return page, 0
	}
	k := bits.Len(uint(n - 1))
	step := max(1<<(k-3), page)
	size = (n + step - 1) / step * step
	return size, 4*k + (size-1)>>(k-3)&3
}

// Get lends n bytes of any content, page-aligned, until Put. It waits, first
// come first served, while the budget is lent out; what could never be lent is
// an error wrapping [ErrTooLarge] at once. Against the budget counts the size
// rounded up to a page and by up to a quarter, or a half where such a buffer lies
// idle.
func (b *Buffers) Get(ctx context.Context, n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	size, index := class(n)
	if size < n {
		return nil, fmt.Errorf("shard: %w: a buffer of %d bytes", ErrTooLarge, n)
	}
	if err := b.acquire(ctx, int64(size)); err != nil {
		return nil, fmt.Errorf("shard: a buffer of %d bytes, rounded up: %w", n, err)
	}
	if buf := b.take(size, index); buf != nil {
		return buf[:n], nil
	}
	return pages.Alloc(size)[:n:size], nil
}

// acquire waits for so many bytes, as long as the budget is not less.
func (b *Buffers) acquire(ctx context.Context, bytes int64) error {
	if ctx.Err() == nil && b.sem.TryAcquire(bytes) {
		return nil
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	w := &wait{bytes, end}
	b.mu.Lock()
	b.waits = append(b.waits, w)
	b.refuse()
	b.mu.Unlock()
	err := b.sem.Acquire(ctx, bytes)
	b.mu.Lock()
	b.waits = slices.DeleteFunc(b.waits, func(other *wait) bool { return other == w })
	b.mu.Unlock()
	if err != nil {
		return context.Cause(ctx)
	}
	return nil
}

// refuse ends the waits for more than there will ever be. The caller holds mu.
func (b *Buffers) refuse() {
	for _, w := range b.waits {
		if limit := b.budget - b.lost; w.bytes > limit {
			w.end(fmt.Errorf("%w for a budget of %d", ErrTooLarge, limit))
		}
	}
}

// larger is how many classes above the one asked for may be lent in its place:
// sizes that vary would else take turns in being made and dropped.
const larger = 2

// spareBytes may lie idle beside the most that was lent, if it is not more than that: two
// small sizes may take turns. Of large ones, a quarter does: where sizes vary by half
// of their mean, one byte in 25 is then lent in new memory.
const spareBytes = 64 << 20

// take counts size bytes as lent and returns an idle buffer of about that size, or
// nil after making room for a new one.
func (b *Buffers) take(size, index int) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.stock
	s.clock++
	buf := b.idleOf(size, index)
	if buf != nil {
		size = cap(buf)
	} else {
		s.asked[index] = s.clock
	}
	b.lent += int64(size)
	b.peak = max(b.peak, b.lent)
	if buf != nil {
		return buf
	}
	spare := min(b.peak, max(b.peak/4, spareBytes))
	for limit := min(b.budget, b.peak+spare); b.lent+s.bytes > limit && s.drop(); {
	}
	return nil
}

// idleOf returns an idle buffer of size bytes, which the caller has acquired, or
// of a little more, for which it acquires the rest; nil if there is none.
func (b *Buffers) idleOf(size, index int) []byte {
	s := b.stock
	for i := index; i <= min(index+larger, nClasses-1); i++ {
		list := s.free[i]
		if len(list) == 0 {
			continue
		}
		if more := cap(list[len(list)-1]) - size; more == 0 || b.sem.TryAcquire(int64(more)) {
			s.asked[i] = s.clock
			return s.pop(i)
		}
	}
	return nil
}

// drop gives up a buffer, of the class that was not asked for for longest.
func (s *stock) drop() bool {
	oldest := -1
	for i := range s.free {
		if len(s.free[i]) > 0 && (oldest < 0 || s.asked[i] < s.asked[oldest]) {
			oldest = i
		}
	}
	if oldest < 0 {
		return false
	}
	pages.Free(s.pop(oldest))
	return true
}

// empty gives up all buffers.
func (s *stock) empty() {
	for s.drop() {
	}
}

func (s *stock) pop(index int) []byte {
	list := s.free[index]
	buf := list[len(list)-1]
	list[len(list)-1] = nil
	s.free[index] = list[:len(list)-1]
	s.bytes -= int64(cap(buf))
	return buf
}

func (s *stock) put(buf []byte, index int) {
	s.free[index] = append(s.free[index], buf)
	s.bytes += int64(cap(buf))
}

// Put takes back a buffer that Get lent, which the caller must not use again.
// Put of nil does nothing; Put of anything else that Get did not return panics.
func (b *Buffers) Put(buf []byte) {
	if cap(buf) == 0 {
		return
	}
	size, index := class(cap(buf))
	if size != cap(buf) {
		panic("shard: Put of a buffer that is not one of Get's")
	}
	buf = buf[:size]
	if poison {
		for i := range buf {
			buf[i] = 0xDB
		}
	}
	b.mu.Lock()
	b.lent -= int64(size)
	if b.closed {
		pages.Free(buf)
	} else {
		b.stock.put(buf, index)
	}
	b.mu.Unlock()
	b.sem.Release(int64(size)) // panics if more comes back than was lent
}

// Abandon gives up a buffer that Get lent and an [ErrAbandoned] took away. As
// its memory is still in use, the budget is smaller from now on.
func (b *Buffers) Abandon(buf []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost += int64(cap(buf))
	b.refuse()
}

// Held returns the bytes that are lent, abandoned ones included, and those that
// wait to be lent again. Their sum is bounded, as Buffers says.
func (b *Buffers) Held() (lent, idle int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lent, b.stock.bytes
}
