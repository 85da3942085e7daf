package pixel

import (
	"sync"

	"github.com/stokerdata/stoker/internal/pixelsimd"
)

// tables is what a resize needs to know of one direction. It does not change once
// others can see it.
type tables struct {
	axis
	across pixelsimd.Across // along rows
	down   pixelsimd.Down   // along columns
}

// set makes the tables of a route.
func (t *tables) set(to route) {
	t.axis.set(to)
	if to.c > 0 {
		t.across.Set(&t.Table, to.in, to.c)
	} else {
		t.down.Set(&t.Table)
	}
}

// bytes returns what the tables take.
func (t *tables) bytes() int {
	return 4*(cap(t.Lo)+cap(t.N)+cap(t.K)) + 8*(cap(t.centre)+cap(t.f)) + t.across.Bytes() + t.down.Bytes()
}

const (
	knownBytes = 32 << 20 // some 1,500 tables of crops that become 224 pixels wide
	tableBytes = 1 << 20  // of one, so that few of large images do not take it all
)

// known keeps tables, for all Resizers, of the sizes that were met first: random
// crops come back to the same few hundred of them. For others each Resizer has
// memory of its own, so that no number of sizes makes work for the garbage collector.
var known = memo{at: map[route]*tables{}}

type memo struct {
	mu    sync.RWMutex
	at    map[route]*tables
	bytes int
}

// get returns the tables of a route: known ones, or own, which it then sets.
func (m *memo) get(own **tables, to route) *tables {
	if *own != nil && (*own).route == to {
		return *own
	}
	m.mu.RLock()
	t := m.at[to]
	m.mu.RUnlock()
	if t != nil {
		return t
	}
	if *own == nil {
		*own = &tables{}
	}
	t = *own
	t.set(to)
	if m.keep(t) {
		*own = nil
	}
	return t
}

// keep makes t known, if there is room.
func (m *memo) keep(t *tables) bool {
	n := t.bytes()
	m.mu.Lock()
	defer m.mu.Unlock()
	if n > tableBytes || m.bytes+n > knownBytes || m.at[t.route] != nil {
		return false
	}
	m.at[t.route] = t
	m.bytes += n
	return true
}
