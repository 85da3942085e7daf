package loader

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/stokerdata/stoker/internal/prng"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Sample is one row on its way through a worker. It is valid until the stage
// that got it returns. The loader sets ID; Fields are in the order of the Spec.
type Sample struct {
	ID     int64
	Fields []Tensor
}

// Set makes data, which the caller owns and nobody changes, the value of field f.
// It spares a copy of the Tensor that an assignment to Fields[f] would make.
func (s *Sample) Set(f int, t dtype.Type, shape Shape, data []byte) {
	v := &s.Fields[f]
	v.DType, v.Shape, v.Data = t, shape, data
}

// Worker is the state of one worker: its random numbers and its memory. A
// stage uses it during the call that it was passed to, and on that goroutine.
type Worker struct {
	rng    *rand.Rand
	pcg    rand.PCG
	seeded bool
	drawn  bool   // Rand was called, since Pure looked
	stream uint64 // key of (seed, epoch, stage path)
	sample uint64 // key of (sample id, draw)

	stage   int // that works, 0 is the source
	base    int // the first of those that are fused with it
	fields  []fieldPlace
	arena   *arena // memory for varying fields of the batch
	scratch []byte
	used    int
	counted []int

	row     Sample // the row at hand
	trace   *Trace
	times   []stageTime
	through int64     // samples that got through all row stages, to be added to times
	timed   int       // row of the batch whose stages are timed, one in a task
	timing  bool      // this is that row
	then    time.Time // of the last lap
	epoch   uint64    // of streams
	streams []uint64  // key of each stage's random numbers in that epoch

	_ [128]byte // so that no other worker writes to a cache line of this one
}

// fieldPlace is where the value of a field goes. It holds whole Tensors to be
// copied from: one that is put together word by word and copied at once waits
// for its words to reach the cache.
type fieldPlace struct {
	dst    Tensor     // the place in the batch, without Data if it varies
	placed Tensor     // memory of the batch that Out gave, if it varies
	ping   [2]scratch // one is read while the other is written
	last   int        // the last stage that writes the field
	own    bool       // the value is memory of this worker, not the source's
	given  bool       // Out has given dst
}

// scratch is a value in memory that grows.
type scratch struct {
	Tensor
	buf []byte
}

// like returns s as a value of the given type and shape.
func (s *scratch) like(t dtype.Type, shape Shape) *Tensor {
	if s.DType != t || s.Shape != shape {
		n := t.Size() * shape.Len()
		if cap(s.buf) < n {
			s.buf = newBytes(n + n/4)
		}
		s.Tensor = Tensor{DType: t, Shape: shape, Data: s.buf[:n]}
	}
	return &s.Tensor
}

// apart is how many elements keep what workers write all the time out of each
// other's cache lines.
const apart = 2

// newWorker returns a worker for rows of the given spec whose field f is last
// written by stage last[f].
func newWorker(rows Spec, last []int, stages int) *Worker {
	n := len(last)
	w := &Worker{fields: make([]fieldPlace, n, n+apart), times: make([]stageTime, stages, stages+8)}
	for f, k := range last {
		w.fields[f].last = k
		if rows[f].Name != "" {
			w.fields[f].dst = Tensor{DType: rows[f].DType, Shape: rows[f].Shape}
		}
	}
	w.row.Fields = make([]Tensor, n, n+apart)
	w.rng = rand.New(&w.pcg)
	return w
}

// Rand returns the random numbers of this stage for this sample: a function of
// seed, epoch, sample id and stage alone. It must not be kept.
func (w *Worker) Rand() *rand.Rand {
	if !w.seeded {
		w.pcg.Seed(w.stream, w.sample)
		w.seeded, w.drawn = true, true
	}
	return w.rng
}

// seed makes Rand start anew for a stage and a sample.
func (w *Worker) seed(stream, sample uint64) {
	w.stream, w.sample, w.seeded = stream, sample, false
}

// ForRow makes Rand draw for row i of b: what a batch stage that treats each
// row by itself calls before it draws, so that the order of rows does not matter.
func (w *Worker) ForRow(b *Batch, i int) { w.seed(w.stream, b.keys[i]) }

// Run runs the row stage st on s inside the running stage, with random numbers
// of its own under the given path. Combinators build on it; path must differ
// between the stages that one combinator runs.
func (w *Worker) Run(path uint64, st *Stage, s *Sample) error {
	stream, state, seeded := w.stream, w.pcg, w.seeded
	w.seed(prng.Mix(stream, path+1), w.sample)
	err := st.Row(w, s)
	w.stream, w.pcg, w.seeded = stream, state, seeded
	return err
}

// nowhere is the stage inside Pure: the last writer of no field.
const nowhere = -1

var errDrawn = fmt.Errorf("draws random numbers, which would be the same in every epoch: %w", ErrSpec)

// Pure runs f, which makes what a source keeps for other epochs, so that it must
// follow from the row alone: if f calls Rand, Pure returns an error that wraps
// ErrSpec. Inside, Out gives scratch and never a place in the batch, and Note
// does nothing.
func (w *Worker) Pure(f func() error) error {
	stage, trace, drawn := w.stage, w.trace, w.drawn
	stream, state, seeded := w.stream, w.pcg, w.seeded
	w.stage, w.trace, w.drawn, w.seeded = nowhere, nil, false, false
	err := f()
	if w.drawn {
		err = errDrawn
	}
	w.stage, w.trace, w.drawn = stage, trace, drawn
	w.stream, w.pcg, w.seeded = stream, state, seeded
	return err
}

// Out gives field f of s a new value, to be written, and returns it: in the
// batch itself where no later stage writes f, in scratch otherwise. The memory
// never overlaps that of the value before, which a stage that still needs it
// takes from s.Fields[f] first, and is not cleared.
func (w *Worker) Out(s *Sample, f int, t dtype.Type, shape Shape) *Tensor {
	at, v := &w.fields[f], &s.Fields[f]
	at.own = true
	p := &at.dst
	if at.last == w.stage && p.Shape == shape && p.DType == t && !at.given {
		at.given = true
	} else {
		p = w.room(at, v.Data, t, shape)
	}
	*v = *p
	return v
}

// room returns a value for a field that is not its place in the batch, or not a
// place of fixed size, and not in the memory of old.
func (w *Worker) room(at *fieldPlace, old []byte, t dtype.Type, shape Shape) *Tensor {
	if at.last == w.stage && w.arena != nil && !at.dst.Shape.Fixed() {
		at.placed = Tensor{DType: t, Shape: shape, Data: w.arena.alloc(t.Size() * shape.Len())}
		return &at.placed
	}
	if overlaps(at.ping[0].buf, old) {
		return at.ping[1].like(t, shape)
	}
	return at.ping[0].like(t, shape)
}

// Mutable returns the value of field f of s for changing it in place, after
// copying it if it still is the source's memory.
func (w *Worker) Mutable(s *Sample, f int) *Tensor {
	v := &s.Fields[f]
	if !w.fields[f].own {
		old := v.Data
		copy(w.Out(s, f, v.DType, v.Shape).Data, old)
	}
	return v
}

// Scratch returns n bytes, aligned to 8 and not cleared, for use until the
// stage returns.
func (w *Worker) Scratch(n int) []byte {
	at := w.used
	w.used += (n + 7) &^ 7
	if w.used > len(w.scratch) {
		w.scratch, at = newBytes(w.used*2), 0 // what was handed out before stays valid
		w.used = (n + 7) &^ 7
	}
	return w.scratch[at : at+n : at+n]
}

// count returns n numbers from first on, for use until the next call.
func (w *Worker) count(first, n int) []int {
	w.counted = numbers(w.counted, n, n)
	for i := range w.counted {
		w.counted[i] = first + i
	}
	return w.counted
}

// Note records parameters that a stage has drawn, for Loader.Trace; at other
// times it does nothing.
func (w *Worker) Note(name string, values ...float64) {
	if w.trace != nil {
		w.trace.note(name, values)
	}
}

// overlaps reports whether a and b share memory, given that buffers are only
// ever cut at their end or sliced within.
func overlaps(a, b []byte) bool {
	if cap(a) == 0 || len(b) == 0 {
		return false
	}
	lo, p := addr(a), addr(b)
	return p < lo+uintptr(cap(a)) && lo < p+uintptr(len(b))
}
