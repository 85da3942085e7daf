package loader

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Stats tells what a loader has done since All began, and what limits it.
type Stats struct {
	Samples, Batches int64
	// ReadBytes is what the source was asked to read.
	ReadBytes int64
	// Elapsed is the time since All began, up to its end.
	Elapsed time.Duration
	// Starved is how long the consumer waited for a batch, Trained how long
	// its loop body ran.
	Starved, Trained time.Duration
	// Blocked is how long workers, all together, had nothing to do because all
	// batches ahead were ready; Waiting, because what they needed was not read, or
	// while they read it themselves.
	Blocked, Waiting time.Duration
	// Reading is how long reads took, all together.
	Reading time.Duration
	// Stages lists decoding and each transform. Times of cheap stages are
	// estimated from a few samples.
	Stages []StageStats
	// Bottleneck names what limits the rate: "trainer", "disk", "decode" or the
	// type of a transform.
	Bottleneck string

	Workers, Readers, Prefetch int
	// PlannedBytes is the memory that New has computed; HeldBytes is what batch
	// memory and open blocks take now.
	PlannedBytes, HeldBytes int64
	// OpenBlocks is the number of blocks that are open, PeakBlocks the most that
	// ever were.
	OpenBlocks, PeakBlocks int
	// Kept is the number of batches that are kept.
	Kept int
	// Skipped lists the last damaged samples that were left out or replaced, at
	// most 1,000, and SkippedTotal counts all since the first epoch, those before
	// a resume included.
	Skipped      []*SampleError
	SkippedTotal int64
	// Stuck is the number of goroutines that did not return from a read or a
	// transform when the stream was ended, and have not since: they may still
	// write to its memory.
	Stuck int
}

// StageStats is the work of one stage.
type StageStats struct {
	Name  string
	Items int64
	Bytes int64         // that it handed on, with all fields of a row
	Time  time.Duration // CPU or waiting, over all workers
}

// String says in one line what was done and what limits.
func (s Stats) String() string {
	sec := max(s.Elapsed.Seconds(), 1e-9)
	return fmt.Sprintf("%d samples in %d batches, %.0f samples/s, %.1f MB/s read, bottleneck: %s",
		s.Samples, s.Batches, float64(s.Samples)/sec, float64(s.ReadBytes)/1e6/sec, s.Bottleneck)
}

// stageTime accumulates the work of one stage.
type stageTime struct {
	items int64
	timed int64 // items whose time and size were taken
	ns    int64
	bytes int64
}

func (t *stageTime) add(o *stageTime) {
	t.items, t.timed, t.ns, t.bytes = t.items+o.items, t.timed+o.timed, t.ns+o.ns, t.bytes+o.bytes
	*o = stageTime{}
}

// stats estimates the work on all items.
func (t *stageTime) stats(name string) StageStats {
	s := StageStats{Name: name, Items: t.items}
	if t.timed > 0 {
		scale := float64(t.items) / float64(t.timed)
		s.Time, s.Bytes = time.Duration(float64(t.ns)*scale), int64(float64(t.bytes)*scale)
	}
	return s
}

// bottleneck names what the rate is bound by.
func (s *Stats) bottleneck() string {
	switch {
	case s.Batches == 0:
		return ""
	case s.Starved*10 < s.Trained:
		return "trainer"
	case s.Waiting > time.Duration(s.Workers)*s.Elapsed/2:
		return "disk"
	}
	slowest := StageStats{Name: "decode"}
	for _, st := range s.Stages {
		if st.Time > slowest.Time {
			slowest = st
		}
	}
	return strings.TrimPrefix(slowest.Name, "*")
}

// Stats returns what the last All has done so far. It may be called at any time.
func (l *Loader) Stats() Stats {
	l.mu.Lock()
	e := l.run
	s := Stats{
		Workers: l.cfg.Workers, Readers: l.cfg.Readers, Prefetch: l.cfg.Prefetch,
		PlannedBytes: l.planned, Kept: l.kept,
	}
	if l.access == inline {
		s.Readers = 0
	}
	l.mu.Unlock()
	if e == nil {
		return s
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c := &e.stats
	s.Samples, s.Batches, s.ReadBytes = c.samples, c.batches, c.bytes
	s.Starved, s.Trained, s.Blocked, s.Waiting, s.Reading = c.starved, c.trained, c.blocked, c.waiting, c.reading
	s.Skipped, s.SkippedTotal, s.Stuck = append(s.Skipped, c.skipped...), c.skippedTotal, min(c.stuck, e.running)
	s.Elapsed = c.end.Sub(c.start)
	if c.end.IsZero() {
		s.Elapsed = time.Since(c.start)
	}
	if e.cache != nil {
		s.OpenBlocks, s.PeakBlocks = len(e.cache.open), e.cache.peak
	}
	s.HeldBytes = e.held()
	s.Stages = e.stageStats()
	s.Bottleneck = s.bottleneck()
	return s
}

// held returns the bytes of batches and open blocks.
func (e *engine) held() (n int64) {
	for seq := e.head; seq < e.active; seq++ {
		if u := e.step(seq).buf; u != nil {
			n += u.held()
		}
	}
	for _, u := range e.free {
		n += u.held()
	}
	if e.regroup != nil {
		n += e.regroup.held()
	}
	if e.cache != nil {
		for i := range e.cache.open {
			n += max(e.l.blocks[i].Memory, e.l.blocks[i].Bytes)
		}
	}
	return n + e.unread
}

// stageStats lists the work of all stages. The decoding of whole blocks, which
// comes last among the counters, is part of "decode".
func (e *engine) stageStats() []StageStats {
	t := e.stats.stages
	list := []StageStats{t[0].stats("decode")}
	list[0].Time += time.Duration(t[len(t)-1].ns)
	for k, b := range slices.Concat(e.p.row, e.p.batch) {
		list = append(list, t[k+1].stats(b.name))
	}
	return list
}
