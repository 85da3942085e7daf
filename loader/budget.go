package loader

import "fmt"

const (
	unitBytes = 256 << 10 // that one reader reads at a time
	runBytes  = 1 << 20   // likewise of rows that lie one behind another: in one call
	maxUnit   = 1024      // rows of a unit

	enoughBytes   = 256 << 20 // that are read ahead of workers, unless their rows are huge
	lookaheadRows = 1 << 18   // in which the planner looks for blocks to read
	maxPlanned    = 4096      // steps ahead of which the rows are known
)

// layOut decides how the source is read, and how much is done ahead.
func (l *Loader) layOut() error {
	var bytes int64
	for _, b := range l.blocks {
		bytes += b.Bytes
	}
	l.rowBytes = bytes / max(1, l.index.Len())
	readers := defaultReaders
	switch {
	case l.random == nil:
		l.access, readers = blocks, defaultStreamers
	case bytes == 0:
		l.access = inline
	default:
		l.access, l.unitRows = random, l.unit(unitBytes)
		if l.inRuns() {
			l.unitRows, readers = l.unit(runBytes), defaultStreamers
		}
		l.readInPlace()
	}
	if l.cfg.Readers == 0 {
		l.cfg.Readers = readers
	}
	return l.budget()
}

// inRuns reports whether rows are read that lie one behind another in their shards.
func (l *Loader) inRuns() bool {
	_, runs := l.planEpoch(0).(runPlan)
	_, apart := l.src.(locator)
	return runs && !apart
}

// unit returns of how many rows so many bytes are read, at least one.
func (l *Loader) unit(bytes int64) int {
	return int(min(max(bytes/max(1, l.rowBytes), 1), maxUnit))
}

// budget fits batches, open blocks and reads into Config.Memory.
func (l *Loader) budget() error {
	c := &l.cfg
	guess := l.varyingBytes()
	batch := l.pipe.layout.fixedBytes() + guess
	if c.Prefetch == 0 {
		c.Prefetch = l.prefetch(batch)
	}
	if l.pipe.regroups() {
		batch += l.pipe.feed().fixedBytes()
	}
	l.planned = int64(c.Prefetch+1) * batch
	open := l.openAhead(c.Memory - l.planned)
	l.planned += open
	l.readBudget = max(min(c.Memory-l.planned, l.enough()), int64(c.BatchSize)*l.rowBytes)
	if l.access == random && l.inPlace == nil {
		l.planned += min(l.readBudget, int64(c.Prefetch*c.BatchSize)*l.rowBytes)
	}
	if l.planned > c.Memory {
		return fmt.Errorf("loader: %d batches of %d bytes, %d open blocks that take %d bytes, and reads of %d bytes a row need %d bytes, Memory allows %d: more of it, smaller batches, an order that mixes fewer blocks or a data set in smaller blocks would do",
			c.Prefetch+1, batch, l.openBlocks, open, l.rowBytes, l.planned, c.Memory)
	}
	l.growth = c.Memory - l.planned + int64(c.Prefetch+1)*guess
	l.ring = l.stepsAhead()
	return nil
}

// enough returns how many bytes that are read, or being read, keep drive and workers busy.
// More would only be memory that nothing has touched yet, which the system clears first.
func (l *Loader) enough() int64 {
	return max(enoughBytes, 2*int64(l.cfg.Workers)*l.rowBytes)
}

// varyingBytes guesses what the varying fields of a batch take: what is read
// for it, twice.
func (l *Loader) varyingBytes() int64 {
	for _, f := range l.pipe.layout.rows {
		l.varies = l.varies || f.Name != "" && !f.Shape.Fixed()
	}
	if !l.varies {
		return 0
	}
	return 2 * l.rowBytes * int64(l.cfg.BatchSize)
}

// prefetch returns how many batches are built ahead.
func (l *Loader) prefetch(batch int64) int {
	c := &l.cfg
	few := int(min(max(smallBatches*int64(c.Workers)/max(1, batch), minPrefetch), smallPrefetch))
	window := (windowPerWorker*c.Workers+c.BatchSize-1)/c.BatchSize + 1
	n := min(max(few, window), maxPrefetch)
	for n > 2 && int64(n)*batch > c.Memory/2 {
		n--
	}
	return n
}

// openAhead decides how many blocks may be open, within the given memory, and
// returns what they take. One block ahead there always is.
func (l *Loader) openAhead(memory int64) int64 {
	if l.access != blocks {
		return 0
	}
	var largest int64
	for _, b := range l.blocks {
		largest = max(largest, b.Bytes, b.Memory)
	}
	c, live := &l.cfg, 1
	if p, ok := l.planEpoch(0).(interface{ Live() int }); ok {
		live = p.Live()
	}
	if c.ReadAhead == 0 {
		c.ReadAhead = max(2, live/4)
	}
	for c.ReadAhead > 1 && int64(min(live+c.ReadAhead, len(l.blocks)))*largest > memory {
		c.ReadAhead--
	}
	l.mixes = live > 1
	l.openBlocks = min(live+c.ReadAhead, max(1, len(l.blocks)))
	return int64(l.openBlocks) * largest
}

// stepsAhead returns of how many steps the rows are known ahead: of those that
// are built, and of more where blocks are to be found in time.
func (l *Loader) stepsAhead() int {
	c := &l.cfg
	n := c.Prefetch
	if c.AsReady {
		n *= 2
	}
	if l.access == blocks {
		epoch := l.index.Len()/int64(c.BatchSize*c.World) + 1
		n = max(n, min(lookaheadRows/c.BatchSize, int(min(epoch, maxPlanned))))
	}
	return n
}
