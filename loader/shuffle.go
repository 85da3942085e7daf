package loader

import (
	"math"
	"sort"

	"github.com/stokerdata/stoker/internal/permute"
	"github.com/stokerdata/stoker/internal/prng"
)

// Shuffle mixes rows anew in every epoch. Over a RandomSource it is an exact,
// uniform permutation of all rows. Elsewhere blocks are dealt in random order
// and rows are mixed within a window of live blocks that moves over them. A
// block is opened once, or twice if it lies on the border of two lanes.
//
// The order does not depend on the world size. In a block shuffle each global
// batch takes equal parts from a number of lanes, each with blocks of its own,
// and a rank whose share is whole lanes reads no other rank's blocks.
type Shuffle struct {
	// Live is how many blocks are mixed at a time, over all lanes. The quality
	// of a block shuffle is that of rows drawn from Live random blocks. 0 means
	// as many as hold 1 GiB, but at least 8 and at most 64.
	Live int
	// Lanes is the number of lanes, the largest world size that shares no
	// block. It is lowered to a number that divides the global batch and that
	// neither Live nor the number of blocks is below. 0 means 8.
	Lanes int
}

const (
	liveBytes    = 1 << 30
	minLive      = 8
	maxLive      = 64
	defaultLanes = 8
	// overlap is the number of parts of a block's rows. Each window mixes one
	// part of every live block, so that a quarter of them changes at a time and
	// read-ahead stays even.
	overlap = 4
)

// Plan implements Order.
func (s Shuffle) Plan(p Pass) Plan {
	key := prng.Mix(p.Seed, p.Epoch)
	if p.Random {
		x := newRows(p.Blocks)
		return &exactPlan{rows: x, perm: permute.New(uint64(x.Len()), key)}
	}
	return s.blocks(p, key)
}

// exactPlan is a permutation of all rows.
type exactPlan struct {
	rows *rowIndex
	perm permute.Perm
}

// Len implements Plan.
func (e *exactPlan) Len() int64 { return e.rows.Len() }

// At implements Plan.
func (e *exactPlan) At(pos int64, refs []Ref) {
	var ids [permuted]uint64
	for len(refs) > 0 {
		n := min(len(refs), permuted)
		e.perm.Range(uint64(pos), ids[:n])
		for i, id := range ids[:n] {
			refs[i] = e.rows.ref(int64(id))
		}
		pos, refs = pos+int64(n), refs[n:]
	}
}

// permuted is how many rows are permuted at a time.
const permuted = 512

// blockPlan mixes rows within windows of blocks, lane by lane.
type blockPlan struct {
	n       int64
	key     uint64
	batch   int64 // rows of a global batch
	share   int64 // rows of a global batch that each lane gives
	rounds  int64 // global batches to which every lane gives its share
	lanes   []lane
	windows []window
	parts   []part
	live    int
}

// lane is a canonical sub-sequence with blocks of its own, but for the ones at
// its borders.
type lane struct {
	rows   int64
	w0, w1 int // its windows
}

// window is a stretch of a lane whose rows are permuted together.
type window struct {
	at     int64 // first position within the lane
	rows   int64
	p0, p1 int // its parts
}

// part is the rows first, first+stride, ... of a block.
type part struct {
	at     int64 // first row within the window
	block  int
	first  int
	stride int
}

// piece is the part of a block that belongs to one lane.
type piece struct{ block, first, rows int }

func (s Shuffle) blocks(p Pass, key uint64) *blockPlan {
	order := dealt(p.Blocks, key)
	plan := &blockPlan{key: key, batch: int64(p.Batch), live: s.liveBlocks(p.Blocks)}
	for _, b := range order {
		plan.n += int64(p.Blocks[b].Rows)
	}
	k := s.laneCount(p.Batch, plan.live, len(order))
	plan.share = int64(p.Batch / k)
	plan.rounds = plan.n / int64(k) / plan.share
	parts := max(1, min(overlap, plan.live/k))
	group := max(1, plan.live/k/parts)
	at, block, used := int64(0), 0, 0
	for i := range k {
		end := plan.n / int64(k) * int64(i+1)
		if i == k-1 {
			end = plan.n
		}
		var pieces []piece
		for at < end {
			b := order[block]
			n := min(p.Blocks[b].Rows-used, int(end-at))
			pieces = append(pieces, piece{b, used, n})
			at, used = at+int64(n), used+n
			if used == p.Blocks[b].Rows {
				block, used = block+1, 0
			}
		}
		plan.addLane(pieces, group, parts)
	}
	return plan
}

// dealt returns the blocks that have rows, in random order.
func dealt(blocks []Block, key uint64) []int {
	var full []int
	for i, b := range blocks {
		if b.Rows > 0 {
			full = append(full, i)
		}
	}
	perm := permute.New(uint64(len(full)), key)
	order := make([]int, len(full))
	for i := range order {
		order[i] = full[perm.At(uint64(i))]
	}
	return order
}

func (s Shuffle) liveBlocks(blocks []Block) int {
	if s.Live > 0 {
		return s.Live
	}
	var largest int64 = 1
	for _, b := range blocks {
		largest = max(largest, b.Bytes, b.Memory)
	}
	return int(min(max(liveBytes/largest, minLive), maxLive))
}

// laneCount returns the largest number of lanes that is allowed.
func (s Shuffle) laneCount(batch, live, blocks int) int {
	most := s.Lanes
	if most == 0 {
		most = defaultLanes
	}
	for k := min(most, live, blocks); k > 1; k-- {
		if most%k == 0 && batch%k == 0 {
			return k
		}
	}
	return 1
}

// addLane cuts a lane into windows: window j mixes one part each of the pieces of
// groups j, j-1, ..., so that each piece is live for as many windows as it has
// parts. Which part comes first is drawn for each piece, or some rows of a block
// would be early in every epoch.
func (b *blockPlan) addLane(pieces []piece, group, parts int) {
	ln := lane{w0: len(b.windows)}
	groups := (len(pieces) + group - 1) / group
	for j := range groups + parts - 1 {
		w := window{at: ln.rows, p0: len(b.parts)}
		for p := range parts {
			g := j - p
			if g < 0 || g >= groups {
				continue
			}
			for _, c := range pieces[g*group : min((g+1)*group, len(pieces))] {
				skip := int((prng.Mix(b.key, uint64(c.block)) + uint64(p)) % uint64(parts))
				if n := (c.rows - skip + parts - 1) / parts; n > 0 {
					b.parts = append(b.parts, part{w.rows, c.block, c.first + skip, parts})
					w.rows += int64(n)
				}
			}
		}
		if w.p1 = len(b.parts); w.rows > 0 {
			b.windows = append(b.windows, w)
			ln.rows += w.rows
		}
	}
	ln.w1 = len(b.windows)
	b.lanes = append(b.lanes, ln)
}

// Len implements Plan.
func (b *blockPlan) Len() int64 { return b.n }

// Live returns the most blocks that are mixed at a time.
func (b *blockPlan) Live() int { return b.live }

// At implements Plan.
func (b *blockPlan) At(pos int64, refs []Ref) {
	for len(refs) > 0 {
		k, off, run := b.lane(pos)
		n := int(min(run, int64(len(refs))))
		b.atLane(k, off, refs[:n])
		pos, refs = pos+int64(n), refs[n:]
	}
}

// lane returns which lane stands at a position, where in the lane, and how many
// positions go on in it.
func (b *blockPlan) lane(pos int64) (k int, off, run int64) {
	if round := pos / b.batch; round < b.rounds {
		i := pos % b.batch
		return int(i / b.share), round*b.share + i%b.share, b.share - i%b.share
	}
	rest := pos - b.rounds*b.batch // what lanes have left follows lane by lane
	for k, ln := range b.lanes {
		left := ln.rows - b.rounds*b.share
		if rest < left {
			return k, b.rounds*b.share + rest, left - rest
		}
		rest -= left
	}
	panic("loader: position behind the end of the epoch")
}

func (b *blockPlan) atLane(k int, off int64, refs []Ref) {
	ln := b.lanes[k]
	for len(refs) > 0 {
		j := ln.w0 + sort.Search(ln.w1-ln.w0, func(i int) bool {
			w := &b.windows[ln.w0+i]
			return w.at+w.rows > off
		})
		w := &b.windows[j]
		n := int(min(w.at+w.rows-off, int64(len(refs))))
		b.atWindow(w, prng.Mix(b.key, uint64(j)+1), uint64(off-w.at), refs[:n])
		off, refs = off+int64(n), refs[n:]
	}
}

func (b *blockPlan) atWindow(w *window, key, from uint64, refs []Ref) {
	perm := permute.New(uint64(w.rows), key)
	find := finder{parts: b.parts[w.p0:w.p1]}
	if len(refs) >= stretches {
		find.learn(w.rows)
	}
	var rows [permuted]uint64
	for len(refs) > 0 {
		n := min(len(refs), permuted)
		perm.Range(from, rows[:n])
		for i, row := range rows[:n] {
			p := find.of(int64(row))
			refs[i] = Ref{Block: p.block, Row: p.first + int(int64(row)-p.at)*p.stride}
		}
		from, refs = from+uint64(n), refs[n:]
	}
}

// A finder finds the part of a window that has a row.
type finder struct {
	parts []part
	shift uint              // of rows
	first [stretches]uint16 // by row >> shift, the part of the first such row, if known
	known bool
}

// stretches is how many stretches of rows a finder knows, more than windows have parts
// as a rule. To learn them takes as long as to search for the parts of as many rows.
const stretches = 512

// learn looks up where the stretches of so many rows begin.
func (f *finder) learn(rows int64) {
	if len(f.parts) > math.MaxUint16 {
		return
	}
	for rows>>f.shift >= stretches {
		f.shift++
	}
	k := 0
	for i := range f.first {
		for k+1 < len(f.parts) && f.parts[k+1].at <= int64(i)<<f.shift {
			k++
		}
		f.first[i] = uint16(k)
	}
	f.known = true
}

// of returns the last part that begins at or before row.
func (f *finder) of(row int64) *part {
	lo, hi := 0, len(f.parts)
	if f.known {
		lo = int(f.first[row>>(f.shift&63)&(stretches-1)])
		if hi = lo + 1; hi < len(f.parts) && f.parts[hi].at <= row {
			lo, hi = hi, len(f.parts)
		}
	}
	for hi-lo > 1 {
		if m := (lo + hi) / 2; f.parts[m].at <= row {
			lo = m
		} else {
			hi = m
		}
	}
	return &f.parts[lo]
}
