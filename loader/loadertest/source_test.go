package loadertest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// poem is a source of lines and their numbers, in blocks that decode in two
// parts. Each of its hooks, if set, breaks one promise.
type poem struct {
	sizes []int
	bytes int64

	spec    func(loader.Spec) loader.Spec
	blocks  func([]loader.Block) []loader.Block
	open    func(ctx context.Context, refs []loader.Ref) error
	line    func(r *lines, i int, w *loader.Worker, line []byte) []byte
	row     func(w *loader.Worker, s *loader.Sample)
	gather  func(r *lines, rows, at []int, b *loader.Batch) bool // true: and nothing else
	decode  func(r *lines, part int) error
	closing func(r *lines) error
	shut    func() error
	print   func() string
	into    func(r *lines, to []byte) // makes it a placingPoem
}

func (p *poem) Spec() loader.Spec {
	s := loader.Spec{{Name: "number", DType: dtype.Int32, Shape: loader.Dims(2)}, {Name: "line", DType: dtype.Uint8, Shape: loader.Dims(-1)}}
	if p.spec != nil {
		return p.spec(s)
	}
	return s
}

func (p *poem) Blocks() []loader.Block {
	list := make([]loader.Block, len(p.sizes))
	for i, n := range p.sizes {
		list[i] = loader.Block{Rows: n, Bytes: p.bytes, Shard: "poem"}
	}
	if p.blocks != nil {
		return p.blocks(list)
	}
	return list
}

func (p *poem) Fingerprint() string {
	if p.print != nil {
		return p.print()
	}
	return "poem"
}

func (p *poem) Close() error {
	if p.shut != nil {
		return p.shut()
	}
	return nil
}

func (p *poem) Open(ctx context.Context, i int) (loader.Rows, error) {
	refs := make([]loader.Ref, p.sizes[i])
	for row := range refs {
		refs[row] = loader.Ref{Block: i, Row: row}
	}
	return p.openRefs(ctx, refs)
}

func (p *poem) openRefs(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	if p.open != nil {
		if err := p.open(ctx, refs); err != nil {
			return nil, err
		}
	} else if ctx.Err() != nil && p.bytes > 0 {
		return nil, ctx.Err()
	}
	return &lines{p: p, refs: refs, text: []byte(text)}, nil
}

// randomPoem is a poem that is read line by line.
type randomPoem struct{ *poem }

func (p randomPoem) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	r, err := p.openRefs(ctx, refs)
	if err != nil {
		return nil, err
	}
	for i := range r.(*lines).decoded { // only blocks are decoded
		r.(*lines).decoded[i].Store(true)
	}
	return r, nil
}

// placingPoem is a randomPoem that reads lines into batches.
type placingPoem struct{ randomPoem }

func (p placingPoem) Sizes(refs []loader.Ref, bytes []int64) (field int) {
	r := lines{p: p.poem, refs: refs, text: []byte(text)}
	for i := range refs {
		_, line := r.value(nil, i)
		bytes[i] = int64(len(line))
	}
	return 1
}

func (p placingPoem) OpenInto(ctx context.Context, refs []loader.Ref, to []byte) (loader.Rows, error) {
	rows, err := p.OpenRows(ctx, refs)
	if err != nil {
		return nil, err
	}
	r := rows.(*lines)
	placed := make([][]byte, len(refs))
	at := 0
	for i := range refs {
		_, line := r.value(nil, i)
		n := copy(to[at:], line)
		placed[i] = to[at : at+n : at+n]
		at += n
	}
	r.placed = placed
	p.into(r, to)
	return r, nil
}

const text = "we are such stuff as dreams are made on"

type lines struct {
	p       *poem
	placed  [][]byte // where lines were read to
	refs    []loader.Ref
	text    []byte
	decoded [2]atomic.Bool
}

func (r *lines) Parts() int { return len(r.decoded) }

func (r *lines) Decode(_ *loader.Worker, part int) error {
	if r.p.decode != nil {
		return r.p.decode(r, part)
	}
	if r.decoded[part].Swap(true) {
		return errors.New("decoded twice")
	}
	return nil
}

// value returns the fields of row i, the line borrowed.
func (r *lines) value(w *loader.Worker, i int) (number [2]int32, line []byte) {
	ref := r.refs[i]
	line = r.text[ref.Block:min(ref.Block+ref.Row*2, len(r.text))]
	if r.placed != nil {
		line = r.placed[i]
	}
	if r.p.line != nil {
		line = r.p.line(r, i, w, line)
	}
	return [2]int32{int32(ref.Block), int32(ref.Row)}, line
}

func (r *lines) Row(w *loader.Worker, i int, s *loader.Sample) error {
	if r.p.decode == nil && !(r.decoded[0].Load() && r.decoded[1].Load()) {
		return errors.New("not decoded")
	}
	number, line := r.value(w, i)
	copy(loader.View[int32](*w.Out(s, 0, dtype.Int32, loader.Dims(2))), number[:])
	s.Set(1, dtype.Uint8, loader.Dims(len(line)), line)
	if r.p.row != nil {
		r.p.row(w, s)
	}
	return nil
}

func (r *lines) Gather(w *loader.Worker, p loader.Pick, b *loader.Batch) error {
	if r.p.gather != nil && r.p.gather(r, p.Rows, p.At, b) {
		return nil
	}
	for k, i := range p.Rows {
		number, line := r.value(w, i)
		copy(loader.View[int32](b.Column(0))[2*p.At[k]:], number[:])
		b.Set(1, p.At[k], line, loader.Dims(len(line)))
	}
	return nil
}

func (r *lines) Close() error {
	if r.p.closing != nil {
		return r.p.closing(r)
	}
	return nil
}

// opener returns a function that opens what change makes of a sound poem.
func opener(random bool, change func(p *poem)) func() loader.Source {
	return func() loader.Source {
		p := &poem{sizes: []int{5, 0, 20, 7, 1}, bytes: 100}
		change(p)
		if p.into != nil {
			return placingPoem{randomPoem{p}}
		}
		if random {
			return randomPoem{p}
		}
		return p
	}
}

func TestSource(t *testing.T) {
	for _, random := range []bool{false, true} {
		loadertest.Source(t, opener(random, func(*poem) {}))
		loadertest.Source(t, opener(random, func(p *poem) { p.bytes = 0 }))
		loadertest.Source(t, opener(random, func(p *poem) { p.sizes = []int{1} }))
		loadertest.Source(t, opener(random, func(p *poem) { p.into = func(*lines, []byte) {} }))
	}
}

var errBroken = errors.New("broken")

func TestSourceReports(t *testing.T) {
	var mu sync.Mutex
	var calls atomic.Int64
	for _, c := range []struct {
		want string
		flaw func(p *poem)
	}{
		{"block 0 has a negative number", func(p *poem) { p.bytes = -1 }},
		{"no rows to check among 2 blocks", func(p *poem) { p.sizes = []int{0, 0} }},
		{"no loader takes it: loader: source: two fields", func(p *poem) {
			p.spec = func(s loader.Spec) loader.Spec { return append(s, s[0]) }
		}},
		{"Spec a second time is", func(p *poem) {
			n := 0
			p.spec = func(s loader.Spec) loader.Spec {
				n++
				s[1].Rate = n
				return s
			}
		}},
		{"Blocks after it was read are", func(p *poem) {
			var read atomic.Bool
			p.open = func(ctx context.Context, _ []loader.Ref) error { read.Store(true); return ctx.Err() }
			p.blocks = func(b []loader.Block) []loader.Block {
				if read.Load() {
					b[0].Shard = "sonnet"
				}
				return b
			}
		}},
		{"Fingerprint of a source that was opened anew", func(p *poem) {
			n := calls.Add(1)
			p.print = func() string { return string(rune(n)) }
		}},
		{"Spec of a source that was opened anew", func(p *poem) {
			n := int(calls.Add(1))
			p.spec = func(s loader.Spec) loader.Spec { s[0].Rate = n; return s }
		}},
		{"Open(2): broken", func(p *poem) {
			p.open = func(_ context.Context, refs []loader.Ref) error {
				if len(refs) > 0 && refs[0].Block == 2 {
					return errBroken
				}
				return nil
			}
		}},
		{"with others beside it: broken", func(p *poem) {
			opened := 0
			p.open = func(_ context.Context, refs []loader.Ref) error {
				mu.Lock()
				defer mu.Unlock()
				if opened++; opened > 10 {
					return errBroken
				}
				return nil
			}
		}},
		{`field "number" is int32 (2), announced as float32 (2)`, func(p *poem) {
			p.spec = func(s loader.Spec) loader.Spec { s[0].DType = dtype.Float32; return s }
		}},
		{`field "number" is int32 (2), announced as int32 (3)`, func(p *poem) {
			p.spec = func(s loader.Spec) loader.Spec { s[0].Shape = loader.Dims(3); return s }
		}},
		{`field "line" holds 0 bytes for shape (1)`, func(p *poem) {
			p.row = func(_ *loader.Worker, s *loader.Sample) { s.Fields[1].Shape = loader.Dims(len(s.Fields[1].Data) + 1) }
		}},
		{"read backwards: other bytes than the first time", func(p *poem) {
			p.row = func(_ *loader.Worker, s *loader.Sample) { s.Fields[0].Data[0] = byte(calls.Add(1)) }
		}},
		{"block 0, row 4: the memory that it was given has changed before Close", func(p *poem) {
			p.gather = func(r *lines, rows, _ []int, _ *loader.Batch) bool { r.text[0] = 'W'; return false }
		}},
		{"read with other blocks open: other bytes", func(p *poem) {
			var open atomic.Int64
			p.open = func(context.Context, []loader.Ref) error { open.Add(1); return nil }
			p.closing = func(*lines) error { open.Add(-1); return nil }
			p.row = func(_ *loader.Worker, s *loader.Sample) {
				if open.Load() > 2 {
					s.Fields[0].Data[0] = 99
				}
			}
		}},
		{"read by several goroutines: other bytes", func(p *poem) {
			var last atomic.Int64
			p.line = func(r *lines, i int, _ *loader.Worker, line []byte) []byte {
				if before := last.Swap(int64(i)); before == int64(i)-1 || before == int64(i)+1 || before == int64(i) || before == 0 {
					return line // only neighbours come behind one another
				}
				return line[:0]
			}
		}},
		{"block 0: Close: broken", func(p *poem) { p.closing = func(*lines) error { return errBroken } }},
		{"Close: broken", func(p *poem) { p.shut = func() error { return errBroken } }},
		{"Open(0): broken", func(p *poem) {
			p.decode = func(r *lines, part int) error {
				if part > 0 && !r.decoded[part-1].Load() {
					return errBroken
				}
				r.decoded[part].Store(true)
				return nil
			}
		}},
		{"OpenRows of 1 rows has changed its refs", func(p *poem) {
			p.open = func(_ context.Context, refs []loader.Ref) error { refs[len(refs)-1].Draw++; return nil }
			p.sizes = []int{10}
		}},
		{"OpenRows of 30 rows, row 29, read backwards: other bytes", func(p *poem) {
			p.open = func(_ context.Context, refs []loader.Ref) error {
				if len(refs) == 30 {
					slices.Reverse(refs)
				}
				return nil
			}
		}},
		{"OpenRows of 2 rows: broken", func(p *poem) {
			p.sizes = []int{10}
			p.open = func(_ context.Context, refs []loader.Ref) error {
				if len(refs) == 2 {
					return errBroken
				}
				return nil
			}
		}},
		{"OpenInto of 1 rows, row 0, read backwards: other bytes", func(p *poem) {
			p.into = func(_ *lines, to []byte) {
				if len(to) > 0 {
					to[len(to)-1]++
				}
			}
		}},
		{"field 1 does not lie where it was to be read to", func(p *poem) {
			p.into = func(r *lines, _ []byte) { r.placed = nil }
		}},
		{"OpenInto of 1 rows has written behind the memory", func(p *poem) {
			p.into = func(_ *lines, to []byte) {
				if len(to) > 0 {
					*(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(to)), len(to))) = 0
				}
			}
		}},
		{"has other bytes than by Row", func(p *poem) {
			p.gather = func(_ *lines, rows, _ []int, _ *loader.Batch) bool { return len(rows) > 1 }
		}},
		{"Gather of one row again and again: row 2, gathered into row 3, has other bytes", func(p *poem) {
			p.gather = func(_ *lines, rows, at []int, _ *loader.Batch) bool {
				return len(rows) > 1 && rows[0] == rows[1]
			}
		}},
		{"is not among those to be gathered", func(p *poem) {
			p.gather = func(_ *lines, _, _ []int, b *loader.Batch) bool {
				b.Column(0).Data[len(b.Column(0).Data)-1] = 0
				return false
			}
		}},
		{"is not among those to be gathered", func(p *poem) {
			p.gather = func(r *lines, _, _ []int, b *loader.Batch) bool {
				b.Set(1, 0, r.text[:1], loader.Dims(1))
				return false
			}
		}},
		{"the lists of rows have changed", func(p *poem) {
			p.gather = func(_ *lines, rows, at []int, _ *loader.Batch) bool {
				slices.Sort(rows)
				return false
			}
		}},
		{"Open under a context that is done: it has read on", func(p *poem) {
			p.open = func(context.Context, []loader.Ref) error { return nil }
		}},
		{"OpenRows under a context that is done: broken", func(p *poem) {
			p.open = func(ctx context.Context, _ []loader.Ref) error {
				if ctx.Err() != nil {
					return errBroken
				}
				return nil
			}
		}},
		{"has other bytes than when read alone", func(p *poem) {
			p.row = func(w *loader.Worker, s *loader.Sample) {
				old := loader.View[int32](s.Fields[0])
				t := w.Out(s, 0, dtype.Int32, loader.Dims(2)) // as if it were cleared
				for i, x := range old {
					if x != 0 {
						loader.View[int32](*t)[i] = x
					}
				}
			}
		}},
		{"resumed behind batch 0", func(p *poem) {
			n := calls.Add(1)
			p.line = func(_ *lines, _ int, _ *loader.Worker, line []byte) []byte { return line[:min(n, int64(len(line)))] }
		}},
	} {
		calls.Store(0)
		mustReport(t, c.want, func(t testing.TB) { loadertest.Source(t, opener(true, c.flaw)) })
	}
}

// TestSourceHangs waits for goroutines that never end. Time in the bubble passes
// when all wait.
func TestSourceHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan struct{})
		mustReport(t, "Open under a context that is done still waits", func(t testing.TB) {
			loadertest.Source(t, opener(false, func(p *poem) {
				p.open = func(ctx context.Context, _ []loader.Ref) error {
					if ctx.Err() != nil {
						<-left
					}
					return nil
				}
			}))
		})
		mustReport(t, "a goroutine is left behind", func(t testing.TB) {
			once := false
			loadertest.Source(t, opener(false, func(p *poem) {
				if !once {
					go func() { <-left }()
				}
				once = true
			}))
		})
		close(left)
	})
}
