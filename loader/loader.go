package loader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/stokerdata/stoker/loader/remainder"
)

// Loader delivers the batches of a Source. One All runs at a time; the other
// methods may be called from any goroutine at any time.
type Loader struct {
	src     Source
	random  RandomSource // src, if rows are cheap to read one by one
	inPlace inPlace      // src, if it reads field placed straight into batches
	placed  int
	cfg     Config
	pipe    *pipeline
	blocks  []Block
	index   *rowIndex
	print   string // fingerprint
	from    State  // where All begins
	access  access

	ring       int   // steps that are planned
	rowBytes   int64 // read for one row, on average
	unitRows   int   // read together
	readBudget int64 // bytes read and not used
	openBlocks int   // the most
	mixes      bool  // the order mixes blocks, in lanes that depend on the global batch
	planned    int64 // bytes
	varies     bool  // the batches have varying fields
	growth     int64 // bytes that these may take
	iota       []int // 0, 1, 2, ...

	mu      sync.Mutex
	spare   []*buffer // not in use
	feeds   []*buffer // of a regrouping pipeline, not in use
	made    int       // buffers made and not given up
	kept    int
	keptAt  time.Time // of the last Keep or Release
	run     *engine
	running bool
	closed  bool
}

// New returns a Loader of src. All that can be checked is checked here, before
// the first read: names, types and shapes (errors wrap ErrSpec), and that
// Config.Resume belongs to this data and pipeline (ErrState).
func New(src Source, cfg Config) (*Loader, error) {
	if src == nil {
		return nil, errors.New("loader: no source")
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	l := &Loader{src: src, cfg: cfg, blocks: src.Blocks()}
	l.random, _ = src.(RandomSource)
	var err error
	if l.pipe, err = bind(src.Spec(), cfg.Transforms, cfg.BatchSize); err != nil {
		return nil, err
	}
	if cfg.AsReady && l.pipe.regroups() {
		return nil, fmt.Errorf("loader: AsReady does not go with a transform that drops or regroups rows: %w", ErrSpec)
	}
	l.index = newRows(l.blocks)
	if err := l.layOut(); err != nil {
		return nil, err
	}
	l.print = fingerprint(src, cfg, l.pipe.in)
	l.from = State{Version: stateVersion, Seed: cfg.Seed, Fingerprint: l.print}
	if cfg.Resume != nil {
		if err := l.Resume(*cfg.Resume); err != nil {
			return nil, err
		}
	}
	l.iota = make([]int, cfg.BatchSize)
	for i := range l.iota {
		l.iota[i] = i
	}
	return l, nil
}

// readInPlace finds out whether a field can be read straight into batches: if the
// source can, and batches hold it as the source has it.
func (l *Loader) readInPlace() {
	src, ok := l.src.(inPlace)
	if !ok || l.pipe.regroups() {
		return
	}
	if f := src.Sizes(nil, nil); f >= 0 && l.pipe.keeps(f) {
		l.inPlace, l.placed = src, f
	}
}

// planEpoch returns the order of an epoch.
func (l *Loader) planEpoch(epoch int64) Plan {
	return l.cfg.Order.Plan(Pass{
		Seed: l.cfg.Seed, Epoch: uint64(epoch), Blocks: l.blocks, Random: l.random != nil,
		Batch: l.cfg.BatchSize * l.cfg.World,
	})
}

// stateVersion is that of the State that this package writes.
const stateVersion = 1

// Resume makes All begin at s, as Config.Resume does, from the next call on. The
// error wraps ErrState if s does not belong to this data and pipeline; then nothing
// changes.
func (l *Loader) Resume(s State) error {
	if err := l.fits(&s); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running {
		return errBusy
	}
	l.from = s.clone()
	return nil
}

// fits returns an error unless All can begin at s.
func (l *Loader) fits(s *State) error {
	global := l.cfg.BatchSize * l.cfg.World
	switch {
	case s.Version != stateVersion:
		return fmt.Errorf("loader: state of version %d, this is version %d: %w", s.Version, stateVersion, ErrState)
	case s.Seed != l.cfg.Seed:
		return fmt.Errorf("loader: state of seed %d, Config has %d: %w", s.Seed, l.cfg.Seed, ErrState)
	case s.Fingerprint != l.print:
		return fmt.Errorf("loader: state of another data set, order or pipeline (%s, this is %s): %w", s.Fingerprint, l.print, ErrState)
	case s.Epoch < 0 || s.Position < 0 || s.Step < 0 || s.Into < 0 || s.Position > l.planEpoch(s.Epoch).Len(),
		l.cfg.Epochs >= 0 && s.Epoch > int64(l.cfg.Epochs), slices.ContainsFunc(s.Ahead, func(n int64) bool { return n < 0 }):
		return fmt.Errorf("loader: state at epoch %d, position %d does not exist: %w", s.Epoch, s.Position, ErrState)
	case s.Batch != global && (l.mixes || len(s.Ahead) > 0 || s.Position%int64(global) != 0):
		return fmt.Errorf("loader: state of global batches of %d rows (World x BatchSize), these have %d: %w", s.Batch, global, ErrState)
	case l.pipe.regroups() && (s.World != l.cfg.World || s.Rank != l.cfg.Rank):
		return fmt.Errorf("loader: state of rank %d of %d, this is rank %d of %d, and rows are regrouped rank by rank: %w", s.Rank, s.World, l.cfg.Rank, l.cfg.World, ErrState)
	}
	if err := l.checkHeld(s); err != nil {
		return fmt.Errorf("loader: state at epoch %d, position %d: %w: %w", s.Epoch, s.Position, err, ErrState)
	}
	return nil
}

// begin returns the walker of a run.
func (l *Loader) begin() walker {
	return walker{l: l, epoch: l.from.Epoch, pos: l.from.Position, ahead: l.from.Ahead}
}

// Spec describes the batches. It must not be changed.
func (l *Loader) Spec() Spec { return l.pipe.out() }

// State returns the position at which All begins: that of Resume or Config.Resume,
// or the beginning. With another Epoch, Position and Step it is one to resume at that
// place, where no stage drops or regroups rows.
func (l *Loader) State() State {
	l.mu.Lock()
	s := l.from.clone()
	l.mu.Unlock()
	s.Batch = l.cfg.BatchSize * l.cfg.World
	if l.pipe.regroups() {
		s.Rank, s.World = l.cfg.Rank, l.cfg.World
	}
	return s
}

// Len returns the number of batches in an epoch on this rank, or -1 if a stage
// changes the number of rows.
func (l *Loader) Len() int64 {
	if l.pipe.regroups() {
		return -1
	}
	n, global := l.planEpoch(0).Len(), int64(l.cfg.BatchSize*l.cfg.World)
	switch rest := n % global; {
	case rest == 0, l.cfg.Remainder == remainder.Drop, l.cfg.Remainder == remainder.Short && rest < int64(l.cfg.World):
		return n / global
	}
	return n/global + 1
}

// Close ends a running All, joins its goroutines and closes the source if it is
// an io.Closer. A loop body that still runs may go on with its batch.
func (l *Loader) Close() error {
	l.mu.Lock()
	e, again := l.run, l.closed
	l.closed = true
	l.mu.Unlock()
	if again {
		return nil
	}
	if e != nil {
		e.shutdown()
	}
	if c, ok := l.src.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

var (
	errClosed = errors.New("loader: closed")
	errBusy   = errors.New("loader: All is running already")
)

// All streams the batches from State, the beginning or where Resume says, to the end of
// the last epoch. It ends early with one error: of a sample (*SampleError), of
// ctx, or of Close. Each call begins anew, and one runs at a time. Nothing
// outlives the loop: when it ends, by whatever means, all goroutines are joined.
func (l *Loader) All(ctx context.Context) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		e, err := l.open(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer l.end(e)
		defer e.shutdown()
		stop := context.AfterFunc(e.ctx, e.halt)
		defer stop()
		e.start()
		if err := e.consume(yield); err != nil {
			e.shutdown() // before the loop body sees the error
			yield(nil, err)
		}
	}
}

// open begins a run.
func (l *Loader) open(ctx context.Context) (*engine, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errClosed
	}
	if l.running {
		return nil, errBusy
	}
	l.running = true
	l.run = newEngine(l, ctx)
	return l.run, nil
}

// end ends a run whose goroutines are joined.
func (l *Loader) end(e *engine) {
	e.mu.Lock()
	e.reclaim()
	e.mu.Unlock()
	l.mu.Lock()
	l.running = false
	l.mu.Unlock()
}

// consume yields batch after batch. It returns the error that ends the stream,
// nil if it is complete or the loop body has left.
func (e *engine) consume(yield func(*Batch, error) bool) error {
	for {
		s, err := e.await()
		if s == nil || err != nil {
			return err
		}
		e.deliver(s)
		began := time.Now()
		more := s.empty() || yield(&s.buf.batch, nil)
		e.taken(s, time.Since(began))
		if !more {
			return nil
		}
	}
}

// taken goes on after the loop body has left s.
func (e *engine) taken(s *step, trained time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.trained += trained
	u := s.buf
	s.buf = nil
	e.sized(u)
	free := &e.free
	if e.regroup != nil {
		e.regroup.taken(s)
		free = &e.regroup.free
	}
	if !e.l.wasKept(u) {
		u.poison()
		*free = append(*free, u)
	}
	if e.regroup != nil {
		e.refill()
		e.work.Signal()
		return
	}
	e.advance()
	e.refill()
	e.extend()
}
