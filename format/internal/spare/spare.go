// Package spare keeps what a source has opened and closed again for the next time,
// with the memory that it has grown to: unlike a sync.Pool, through collections of
// garbage, as a source never has more of them than were open at once.
package spare

import "sync"

// List holds what is not in use. The zero List is empty. It is safe for concurrent
// use.
type List[T any] struct {
	mu   sync.Mutex
	free []*T
}

// Take returns what was given last, or nil if there is nothing.
func (l *List[T]) Take() *T {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.free)
	if n == 0 {
		return nil
	}
	x := l.free[n-1]
	l.free = l.free[:n-1]
	return x
}

// Give keeps x, which the caller no longer uses.
func (l *List[T]) Give(x *T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, x)
}
