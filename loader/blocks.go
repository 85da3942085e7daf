package loader

// blockCache holds the blocks that are open. A block is opened once, shared by
// all steps that use its rows, and closed when no planned step does and another
// needs its room: the one that was used longest ago first. Its methods are
// called with the engine's mutex held.
type blockCache struct {
	l     *Loader
	walk  *walker
	room  int // blocks that may be open
	open  map[int]*block
	queue []*block // to be read
	parts []*block // to be decoded
	clock int64
	spare []*block // to be used again
	peak  int

	stamp []int64 // stamp[i] is the step that block i was last found in, plus 1
	index []int   // and its number there
}

// block is an open block, or one on its way.
type block struct {
	index   int
	actual  int // the block that stands in for it after an error
	state   blockState
	rows    Rows
	decoder Decoder
	err     error // why another stands in, or none
	failed  bool  // it was read and does not decode
	culprit int   // the part of err, if failed
	pins    int
	used    int64
	claimed int // parts
	done    int
	waiters []*step
}

type blockState uint8

const (
	queued blockState = iota
	opening
	decoding
	decoded
)

func newBlockCache(l *Loader, w *walker) *blockCache {
	return &blockCache{
		l: l, walk: w, room: l.openBlocks, open: map[int]*block{},
		stamp: make([]int64, len(l.blocks)), index: make([]int, len(l.blocks)),
	}
}

// claimRead takes the next block to be read.
func (c *blockCache) claimRead() *block {
	if len(c.queue) == 0 {
		return nil
	}
	b := c.queue[0]
	c.queue = append(c.queue[:0], c.queue[1:]...)
	b.state = opening
	return b
}

// opened notes that b was opened, with b.err set if it was not.
func (c *blockCache) opened(b *block, rows Rows) {
	b.rows = rows
	b.decoder, _ = rows.(Decoder)
	if b.decoder == nil || b.decoder.Parts() == 0 {
		b.ready()
		return
	}
	b.state = decoding
	c.parts = append(c.parts, b)
}

// claimPart takes the next part of a block to be decoded.
func (c *blockCache) claimPart() (*block, int) {
	if len(c.parts) == 0 {
		return nil, 0
	}
	b := c.parts[0]
	part := b.claimed
	if b.claimed++; b.claimed == b.decoder.Parts() {
		c.parts = append(c.parts[:0], c.parts[1:]...)
	}
	return b, part
}

// partDone notes that a part was decoded and reports whether it was the last. Of
// errors it keeps that of the first part, whichever was done first.
func (b *block) partDone(part int, err error) bool {
	if err != nil && (!b.failed || part < b.culprit) {
		b.err, b.failed, b.culprit = err, true, part
	}
	b.done++
	return b.done == b.decoder.Parts()
}

// ready lets the steps that wait for b go on.
func (b *block) ready() {
	b.state = decoded
	for _, s := range b.waiters {
		s.pending--
	}
	b.waiters = b.waiters[:0]
}

// pin makes the blocks of s stay open and lists in evicted those that had to
// make room. It reports false, with nothing pinned, if there is no room, unless
// must is set.
func (c *blockCache) pin(s *step, wanted []int, must bool) (evicted []*block, ok bool) {
	missing := 0
	for _, i := range wanted {
		if c.open[i] == nil {
			missing++
		} else {
			c.open[i].pins++ // so that they are not evicted for the others
		}
	}
	for len(c.open)+missing > c.room {
		b := c.idlest()
		if b == nil {
			break
		}
		delete(c.open, b.index)
		evicted = append(evicted, b)
	}
	fits := must || len(c.open)+missing <= c.room
	for _, i := range wanted {
		b := c.open[i]
		switch {
		case !fits && b != nil:
			b.pins--
		case fits && b == nil:
			b = c.add(i)
			b.pins = 1
		}
		if fits {
			c.clock++
			b.used = c.clock
			s.blocks = append(s.blocks, b)
			if b.state != decoded {
				b.waiters = append(b.waiters, s)
				s.pending++
			}
		}
	}
	c.peak = max(c.peak, len(c.open))
	return evicted, fits
}

// idlest returns the block without pins that was used longest ago.
func (c *blockCache) idlest() (oldest *block) {
	for _, b := range c.open {
		if b.pins == 0 && b.state == decoded && (oldest == nil || b.used < oldest.used) {
			oldest = b
		}
	}
	return oldest
}

// add opens block i soon.
func (c *blockCache) add(i int) *block {
	b := &block{}
	if n := len(c.spare); n > 0 {
		b, c.spare = c.spare[n-1], c.spare[:n-1]
	}
	*b = block{index: i, actual: i, waiters: b.waiters[:0]}
	c.open[i] = b
	c.queue = append(c.queue, b)
	return b
}

// unpin lets go of blocks that a step has used, and reports whether one is used by
// none now.
func (c *blockCache) unpin(blocks []*block) (letGo bool) {
	for _, b := range blocks {
		b.pins--
		letGo = letGo || b.pins == 0
	}
	return letGo
}

// closeAll closes all blocks.
func (c *blockCache) closeAll() {
	for _, b := range c.open {
		b.close()
	}
	clear(c.open)
	c.queue, c.parts = nil, nil
}

func (b *block) close() {
	if b.rows != nil {
		b.rows.Close()
		b.rows = nil
	}
}

// runPlanner is the planner of sources read in blocks: it finds out which rows
// each step takes, far enough ahead for the blocks to be read in time.
func (e *engine) runPlanner() {
	var wanted []int
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.ends()
	for !e.stop && !e.ended {
		if e.planned == e.head+int64(len(e.steps)) {
			e.plans.Wait()
			continue
		}
		s := e.step(e.planned)
		seq := e.planned
		if !e.plan(s) {
			return
		}
		e.planned-- // not before its rows are known
		if s.delivered {
			e.planned++
			e.extend()
			e.advance()
			continue
		}
		e.unlocked(func() { wanted = e.cache.wanted(s, seq, e.p.columns(), wanted[:0]) })
		if !e.pin(s, wanted) {
			return
		}
		e.planned++
		e.extend()
		e.offer()
		for range min(len(e.cache.queue), e.l.cfg.Readers) {
			e.reads.Signal()
		}
	}
}

// pin pins the blocks of s, waiting for room. It reports false if the engine
// has stopped. The caller holds mu.
func (e *engine) pin(s *step, wanted []int) bool {
	for !e.stop {
		evicted, ok := e.cache.pin(s, wanted, e.planned == e.head)
		if !ok && len(evicted) == 0 {
			e.crowded = true
			e.plans.Wait()
			e.crowded = false
			continue
		}
		e.unlocked(func() {
			for _, b := range evicted {
				b.close()
			}
		})
		e.cache.spare = append(e.cache.spare, evicted...)
		if ok {
			return true
		}
	}
	return false
}

// wanted finds out which rows s takes and lists their blocks. If columns are to be
// gathered, it makes runs or groups of the rows, which are then the items of s.
func (c *blockCache) wanted(s *step, seq int64, columns bool, wanted []int) []int {
	if columns && s.cutRuns() {
		for i := range s.runs {
			r := &s.runs[i]
			r.block, wanted = c.number(r.first.Block, seq, wanted)
		}
		s.items = len(s.runs)
		return wanted
	}
	s.list()
	s.fill(0, s.n)
	for i := range s.refs {
		s.at[i], wanted = c.number(s.refs[i].Block, seq, wanted)
	}
	if columns {
		s.arrange(len(wanted))
	}
	return wanted
}

// number returns the number of a block among those that a step wants, of which it
// becomes one.
func (c *blockCache) number(block int, seq int64, wanted []int) (int, []int) {
	if c.stamp[block] != seq+1 {
		c.stamp[block] = seq + 1
		c.index[block] = len(wanted)
		wanted = append(wanted, block)
	}
	return c.index[block], wanted
}

// run is rows that follow one another, in a block and in a step.
type run struct {
	block int // step.blocks[block] holds them
	first Ref
	at, n int // in the step
}

// shortRun is how many rows the runs of a step must have on average. Shorter ones
// are quicker to gather in groups.
const shortRun = 32

// cutRuns cuts s into runs, and reports false if its plan does not tell them or they
// are short.
func (s *step) cutRuns() bool {
	s.runs = s.runs[:0]
	plan, ok := s.plan.(runPlan)
	for at := 0; ok && at < s.n; {
		first, n := plan.Run((s.from + int64(at)) % s.plan.Len())
		r := run{first: first, at: at, n: int(min(n, int64(s.n-at)))}
		s.runs = append(s.runs, r)
		at += r.n
		ok = len(s.runs) <= 2+s.n/shortRun
	}
	if !ok {
		s.runs = s.runs[:0]
	}
	return ok
}

// spell lists the rows of r one by one. Several workers may spell runs of s.
func (s *step) spell(r *run) {
	s.mu.Lock()
	s.list()
	s.mu.Unlock()
	for i := range r.n {
		s.refs[r.at+i] = Ref{Block: r.first.Block, Row: r.first.Row + i, Draw: r.first.Draw}
		s.at[r.at+i] = r.block
	}
}

// grouping lists the rows of a step block by block, so that columns are gathered.
type grouping struct {
	starts []int
	rows   []int // in the block
	at     []int // in the batch
}

func (g *grouping) of(k int) Pick {
	lo, hi := g.starts[k], g.starts[k+1]
	rows, at := g.rows[lo:hi], g.at[lo:hi]
	return Pick{Rows: rows, At: at, Run: follow(rows) && follow(at)}
}

// follow reports whether rows follow one another.
func follow(rows []int) bool {
	for i := 1; i < len(rows); i++ {
		if rows[i] != rows[i-1]+1 {
			return false
		}
	}
	return true
}

// arrange groups the rows of s by its n blocks: a counting sort.
func (s *step) arrange(n int) {
	g := &s.group
	s.items = n
	g.rows, g.at = numbers(g.rows, s.n, cap(s.refs)), numbers(g.at, s.n, cap(s.refs))
	if n == 1 { // no need to count, each time at the same place
		for i := range s.refs {
			g.rows[i], g.at[i] = s.refs[i].Row, i
		}
		g.starts = append(g.starts[:0], 0, s.n)
		return
	}
	g.starts = append(g.starts[:0], make([]int, n+2)...)
	for _, k := range s.at {
		g.starts[k+2]++
	}
	for k := range n {
		g.starts[k+2] += g.starts[k+1]
	}
	for i, k := range s.at {
		j := g.starts[k+1]
		g.starts[k+1]++
		g.rows[j], g.at[j] = s.refs[i].Row, i
	}
	g.starts = g.starts[:n+1]
}

// numbers returns list with n numbers, which may be any, and room for most.
func numbers(list []int, n, most int) []int {
	if cap(list) < n {
		list = make([]int, most)
	}
	return list[:n]
}
