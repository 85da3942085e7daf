package loader

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// fuse lets row stages take on the work of those behind them.
func (p *pipeline) fuse() error {
	p.alone = slices.Clone(p.row)
	stages := make([]Stage, len(p.row))
	for k, b := range p.row {
		stages[k] = b.Stage
	}
	for k := 0; k < len(p.row); k++ {
		b := &p.row[k]
		if b.Fuse == nil || k+1 == len(p.row) {
			continue
		}
		n, row := b.Fuse(stages[k+1:])
		if n < 0 || n > len(stages)-k-1 || n > 0 && row == nil {
			return fmt.Errorf("%s fuses %d of the %d stages behind it", b.name, n, len(stages)-k-1)
		}
		if n > 0 {
			b.fused, b.Row = n, row
			k += n
		}
	}
	return nil
}

// unfused returns p with every stage by itself, which notes what it draws.
func (p *pipeline) unfused() *pipeline {
	q := *p
	q.row = p.alone
	return &q
}

// enter makes w ready for a stage and those fused with it, for the row at hand.
func (w *Worker) enter(stage int, name string) {
	w.base, w.stage, w.used = stage, stage, 0
	w.stream, w.seeded = w.streams[stage], false
	if w.trace != nil {
		w.trace.begin(name)
	}
}

// Enter makes stage i of a fused run, 0 for the one whose Fuse it was, the stage
// that works: Rand begins anew with its numbers, Out knows whether it is the last
// to write a field, and an error or Drop that is returned is its own. A fused run
// begins in stage 0. What Scratch has given stays.
func (w *Worker) Enter(i int) {
	if w.timing {
		w.lap()
	}
	w.stage = w.base + i
	w.seed(w.streams[w.stage], w.sample)
}

// lap gives the time since the last lap to the stage that works.
func (w *Worker) lap() {
	now := time.Now()
	w.times[w.stage].ns += int64(now.Sub(w.then))
	w.then = now
}

// measured ends the timing of stages first to last, which hand these fields on.
func (w *Worker) measured(first, last int, fields []Tensor) {
	w.lap()
	for k := first; k <= last; k++ {
		w.times[k].timed++
	}
	for f := range fields {
		w.times[last].bytes += int64(len(fields[f].Data))
	}
}

// Explain says in a few lines what New has made of a source and a Config: how
// rows are read, in which order, which transforms work on rows, in groups and on
// batches, which of them are fused into one, and what is planned ahead.
func (l *Loader) Explain() string {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s"+format+"\n", append([]any{what}, args...)...)
	}
	line("source", "%T of %d samples in %d blocks, %v: %v", l.src, l.index.Len(), len(l.blocks), l.access, l.pipe.in)
	line("order", "%T of %d epochs, rank %d of %d", l.cfg.Order, l.cfg.Epochs, l.cfg.Rank, l.cfg.World)
	for k := 0; k < len(l.pipe.row); k++ {
		run := l.pipe.row[k : k+1+l.pipe.row[k].fused]
		names := make([]string, len(run))
		for i := range run {
			names[i] = run[i].name
		}
		text := strings.Join(names, " + ")
		if len(run) > 1 {
			text += " (fused)"
		}
		line("rows", "%s: %v", text, run[len(run)-1].Out)
		k += len(run) - 1
	}
	if g := l.pipe.group; g != nil {
		line("groups", "%s: %v", g.name, g.Out)
	}
	for _, st := range l.pipe.batch {
		line("columns", "%s: %v", st.name, st.Out)
	}
	line("batch", "%d rows, %d batches ahead, %d workers, %d readers, %d bytes planned", l.cfg.BatchSize, l.cfg.Prefetch, l.cfg.Workers, l.cfg.Readers, l.planned)
	return b.String()
}
