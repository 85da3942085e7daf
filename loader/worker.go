package loader

import (
	"math/rand/v2"

	"github.com/stokerdata/stoker/internal/prng"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Sample is one row on its way through a worker. It is valid until the stage
// that got it returns. The loader sets ID; Fields are in the order of the Spec.
type Sample struct {
	ID     int64
	Fields []Tensor
}

// Worker is the state of one worker: its random numbers and its memory. A
// stage uses it during the call that it was passed to, and on that goroutine.
type Worker struct {
	rng    *rand.Rand
	pcg    rand.PCG
	seeded bool
	stream uint64 // key of (seed, epoch, stage path)
	sample uint64 // key of (sample id, draw)

	s       *Sample
	stage   int         // that runs, 0 is the source
	last    []int       // last[f] is the last stage that writes field f
	dst     [][]byte    // place of field f in the batch, nil if it varies
	placed  [][]byte    // memory of the batch that Out gave for the varying field f
	own     []bool      // field f is memory of this worker, not the source's
	ping    [][2][]byte // scratch of field f: one is read while the other is written
	arena   *arena      // memory for varying fields of the batch
	scratch []byte
	used    int

	sample1 Sample // the row at hand
	trace   *Trace
	times   []stageTime
	epoch   uint64   // of streams
	streams []uint64 // key of each stage's random numbers in that epoch
}

// newWorker returns a worker for rows whose field f is last written by stage last[f].
func newWorker(last []int, stages int) *Worker {
	n := len(last)
	w := &Worker{
		last: last, dst: make([][]byte, n), placed: make([][]byte, n), own: make([]bool, n), ping: make([][2][]byte, n),
		times: make([]stageTime, stages),
	}
	w.sample1.Fields = make([]Tensor, n)
	w.rng = rand.New(&w.pcg)
	return w
}

// Rand returns the random numbers of this stage for this sample: a function of
// seed, epoch, sample id and stage alone. It must not be kept.
func (w *Worker) Rand() *rand.Rand {
	if !w.seeded {
		w.pcg.Seed(w.stream, w.sample)
		w.seeded = true
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

// Out returns memory for a new value of field f, to be assigned to s.Fields[f]
// by the caller: the place in the batch itself where no later stage writes f,
// scratch otherwise. It never overlaps the present value and is not cleared.
func (w *Worker) Out(f int, t dtype.Type, shape Shape) Tensor {
	n := t.Size() * shape.Len()
	w.own[f] = true
	if n == 0 {
		return Tensor{DType: t, Shape: shape}
	}
	var now []byte
	if w.s != nil && f < len(w.s.Fields) {
		now = w.s.Fields[f].Data
	}
	if w.last[f] == w.stage {
		if d := w.dst[f]; len(d) == n && !overlaps(d, now) {
			return Tensor{t, shape, d}
		}
		if w.dst[f] == nil && w.arena != nil {
			w.placed[f] = w.arena.alloc(n)
			return Tensor{t, shape, w.placed[f]}
		}
	}
	p := &w.ping[f]
	k := 0
	if overlaps(p[0], now) {
		k = 1
	}
	if cap(p[k]) < n {
		p[k] = newBytes(n + n/4)
	}
	p[k] = p[k][:n]
	return Tensor{t, shape, p[k]}
}

// Mutable returns the value of field f of s for changing it in place, after
// copying it if it still is the source's memory.
func (w *Worker) Mutable(s *Sample, f int) Tensor {
	t := s.Fields[f]
	if w.own[f] {
		return t
	}
	c := w.Out(f, t.DType, t.Shape)
	copy(c.Data, t.Data)
	s.Fields[f] = c
	return c
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
