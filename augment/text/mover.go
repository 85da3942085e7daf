package text

import (
	"cmp"
	"slices"
	"sort"
)

// mover tells where segments of the old text are in the new one. A question
// costs O(log edits), whatever the order, so that hostile spans cannot make a
// sample slow.
type mover struct {
	edits []edit
	at    []int // at[i] is where edit i begins in the new text, at[len(edits)] its end
	order []int // edits in the order of the old text
	// low and high are segment trees over order that answer which edits are the
	// first and the last of a run; they are empty if nothing has moved.
	low, high []int
}

// reset makes m answer for edits.
func (m *mover) reset(edits []edit) {
	m.edits, m.at, m.order = edits, append(m.at[:0], 0), m.order[:0]
	for i := range edits {
		m.at = append(m.at, m.at[i]+edits[i].size())
		m.order = append(m.order, i)
	}
	before := func(i, j int) int {
		a, b := &edits[i], &edits[j]
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(i, j))
	}
	m.low, m.high = m.low[:0], m.high[:0]
	if slices.IsSortedFunc(m.order, before) {
		return
	}
	slices.SortFunc(m.order, before)
	n := len(m.order)
	m.low = append(append(slices.Grow(m.low, 2*n), m.order...), m.order...)
	m.high = append(append(slices.Grow(m.high, 2*n), m.order...), m.order...)
	for i := n - 1; i > 0; i-- {
		m.low[i] = min(m.low[2*i], m.low[2*i+1])
		m.high[i] = max(m.high[2*i], m.high[2*i+1])
	}
}

// run returns the first and the last, in the new text, of the edits that are
// lo to hi in the old one.
func (m *mover) run(lo, hi int) (first, last int) {
	if len(m.low) == 0 {
		return lo, hi - 1
	}
	n := len(m.order)
	first, last = n, -1
	for l, r := lo+n, hi+n; l < r; l, r = l/2, r/2 {
		if l&1 == 1 {
			first, last = min(first, m.low[l]), max(last, m.high[l])
			l++
		}
		if r&1 == 1 {
			r--
			first, last = min(first, m.low[r]), max(last, m.high[r])
		}
	}
	return first, last
}

// move returns where the segment [start, end) is in the new text, or false if
// it is destroyed.
func (m *mover) move(start, end int) (int, int, bool) {
	if start == end {
		at, ok := m.point(start)
		return at, at, ok
	}
	lo := sort.Search(len(m.order), func(k int) bool { return m.edits[m.order[k]].end > start })
	hi := sort.Search(len(m.order), func(k int) bool { return m.edits[m.order[k]].start >= end })
	if lo >= hi {
		return 0, 0, false
	}
	first, last := m.run(lo, hi)
	if last-first != hi-lo-1 {
		return 0, 0, false
	}
	// The edits at either end may stick out. What sticks out must be kept text,
	// and on the outside in the new text as well.
	left, right := m.order[lo], m.order[hi-1]
	front, back := start-m.edits[left].start, m.edits[right].end-end
	if front > 0 && (!m.edits[left].keep || left != first) || back > 0 && (!m.edits[right].keep || right != last) {
		return 0, 0, false
	}
	start, end = m.at[first]+max(front, 0), m.at[last+1]-max(back, 0)
	return start, end, start < end
}

// point returns where the position p is in the new text, or false if it was
// inside of what is replaced or deleted.
func (m *mover) point(p int) (int, bool) {
	k := sort.Search(len(m.order), func(k int) bool { return m.edits[m.order[k]].end >= p })
	if k == len(m.order) {
		return p, p == 0
	}
	i := m.order[k]
	e := &m.edits[i]
	switch {
	case p < e.start:
		return p, false
	case e.keep:
		return m.at[i] + p - e.start, true
	case p == e.start:
		return m.at[i], true
	}
	return m.at[i+1], p == e.end
}
