package loader

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/stokerdata/stoker/internal/bulk"
	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/internal/pages"
	"github.com/stokerdata/stoker/internal/prng"
)

// buffer is the memory of a batch: a slab of the columns of fixed shape and an
// arena for the values of varying ones until they are compacted.
type buffer struct {
	batch  Batch
	shape  *layout
	arena  arena
	ids    []int64
	keys   []uint64
	bytes  int64        // fixed memory
	joined atomic.Int64 // bytes of varying columns
	stage  int          // batch stage that runs, for replace
	owner  *Loader
	by     *Worker    // who wrote it last, in this run
	kept   bool       // guarded by owner.mu
	inBody bool       // likewise
	extras [][][]byte // by batch stage and field: memory for what it replaces
}

// layout tells how batches look: the spec behind the row stages, and each batch
// stage's.
type layout struct {
	rows   Spec
	stages []Stage // batch stages
	n      int     // rows of a batch
	ids    bool    // a row is one sample
}

func (l *layout) last() Spec {
	if len(l.stages) == 0 {
		return l.rows
	}
	return l.stages[len(l.stages)-1].Out
}

// room is memory for one column of a batch.
type room struct {
	stage int // batch stage that replaces the column, -1 for what the row stages leave
	field int
	bytes int
	at    int // offset in the slab of what is handed out, -1 if a later stage replaces the column
}

// columnAlign is the alignment of columns in a slab: a cache line, and what
// vector instructions and copies to an accelerator like best.
const columnAlign = 64

// rooms lists the memory for columns of fixed shape. Those that are handed out
// lie in one slab, in the order of the spec; rooms returns its size too.
func (l *layout) rooms() (list []room, slab int) {
	for f, field := range l.rows {
		if n := rowBytes(field.DType, field.Shape); n > 0 && field.Name != "" {
			list = append(list, room{-1, f, n * l.n, -1})
		}
	}
	in := l.rows
	for i, st := range l.stages {
		for f := range st.Out {
			if n := replaced(in, st.Out, f); n > 0 {
				list = append(list, room{i, f, n * l.n, -1})
			}
		}
		in = st.Out
	}
	for f, field := range l.last() {
		for i := len(list) - 1; i >= 0 && field.Name != ""; i-- {
			if list[i].field == f {
				list[i].at = slab
				slab = (slab + list[i].bytes + columnAlign - 1) &^ (columnAlign - 1)
				break
			}
		}
	}
	return list, slab
}

// fixedBytes returns the memory of one buffer without its varying columns.
func (l *layout) fixedBytes() int64 {
	list, slab := l.rooms()
	total := int64(slab) + 16*int64(l.n)
	for _, r := range list {
		if r.at < 0 {
			total += int64(r.bytes)
		}
	}
	return total
}

// replaced returns the row bytes of the new memory that a stage from spec in to
// out needs for field f, 0 for none.
func replaced(in, out Spec, f int) int {
	o := out[f]
	if o.Name == "" || !o.Shape.Fixed() || f < len(in) && in[f].DType == o.DType && in[f].Shape == o.Shape {
		return 0
	}
	return rowBytes(o.DType, o.Shape)
}

// newBuffer returns the memory of a batch, whose columns are handed out in a
// slab from alloc.
func newBuffer(l *layout, alloc func(bytes int) []byte) *buffer {
	u := &buffer{shape: l, ids: make([]int64, l.n), keys: make([]uint64, l.n)}
	u.bytes = l.fixedBytes()
	b := &u.batch
	b.buf = u
	b.cols = make([]column, len(l.last()))
	for f, field := range l.rows {
		c := &b.cols[f]
		if field.Name == "" {
			continue
		}
		if c.row = rowBytes(field.DType, field.Shape); c.row < 0 {
			c.vary = make([]value, l.n)
			if field.leading() <= 0 { // another dimension than the first varies, or none tells
				c.shapes = make([]Shape, l.n)
			}
			c.offsets = make([]int64, l.n+1)
		}
	}
	for _, st := range l.stages {
		u.extras = append(u.extras, make([][]byte, len(st.Out)))
	}
	u.furnish(alloc)
	u.reset()
	return u
}

// furnish gives the columns of fixed shape their memory.
func (u *buffer) furnish(alloc func(bytes int) []byte) {
	list, size := u.shape.rooms()
	var slab []byte
	if size > 0 {
		slab = alloc(size)
		if len(slab) < size || addr(slab)%8 != 0 {
			panic(fmt.Sprintf("loader: Config.Alloc(%d) returned %d bytes at %#x", size, len(slab), addr(slab)))
		}
	}
	for _, r := range list {
		var mem []byte
		if r.at >= 0 {
			mem = slab[r.at : r.at+r.bytes : r.at+r.bytes]
		} else {
			mem = newBytes(r.bytes)
		}
		if r.stage < 0 {
			u.batch.cols[r.field].home = mem
		} else {
			u.extras[r.stage][r.field] = mem
		}
	}
}

// held returns the bytes of u.
func (u *buffer) held() int64 { return u.bytes + u.grown() }

// grown returns the bytes of varying values.
func (u *buffer) grown() int64 { return u.arena.bytes() + u.joined.Load() }

// shrink gives up the memory of varying values; u is not in use.
func (u *buffer) shrink() {
	u.arena.shrink()
	u.joined.Store(0)
	for f := range u.batch.cols {
		if c := &u.batch.cols[f]; c.vary != nil {
			pages.Discard(c.home)
			pages.Discard(c.slab)
			c.home, c.slab = nil, nil
		}
	}
}

// reset makes u ready for n new rows.
func (u *buffer) reset() {
	b := &u.batch
	b.spec = u.shape.rows
	b.ids, b.keys = nil, u.keys
	if u.shape.ids {
		b.ids = u.ids
	}
	for f, field := range b.spec {
		c := &b.cols[f]
		c.DType = field.DType
		c.Data = nil
		if field.Name != "" {
			c.row = rowBytes(field.DType, field.Shape)
		}
		if c.row >= 0 {
			c.slab = c.home
		}
		clear(c.vary)
	}
	u.stage = -1
	u.arena.reset()
	b.resize(u.shape.n)
}

// replace implements Batch.Replace.
func (u *buffer) replace(f int) Tensor {
	b, field := &u.batch, u.shape.stages[u.stage].Out[f]
	c := &b.cols[f]
	c.row = rowBytes(field.DType, field.Shape)
	c.slab = u.extra(f)
	c.Tensor = Tensor{DType: field.DType, Shape: field.Shape.Rows(b.n), Data: c.slab[:b.n*c.row]}
	return c.Tensor
}

// extra returns the memory that the running batch stage has for field f.
func (u *buffer) extra(f int) []byte { return u.extras[u.stage][f] }

// replacedAll returns an error if the running batch stage has not replaced a
// column that it announced anew.
func (u *buffer) replacedAll() error {
	for f, o := range u.shape.stages[u.stage].Out {
		if e := u.extra(f); len(e) > 0 && !sameStart(u.batch.cols[f].slab, e) {
			return fmt.Errorf("field %q is announced as %v and was not replaced: %w", o.Name, o, ErrSpec)
		}
	}
	return nil
}

// poison overwrites memory that nobody may read any more, in builds that check.
func (u *buffer) poison() {
	if !invariant.Enabled {
		return
	}
	for f := range u.batch.cols {
		c := &u.batch.cols[f]
		invariant.Poison(c.home)
		if c.row < 0 {
			invariant.Poison(c.Data)
		}
	}
	for _, stage := range u.extras {
		for _, e := range stage {
			invariant.Poison(e)
		}
	}
}

// key returns the random key of a sample's visit.
func key(id int64, draw int) uint64 { return prng.Mix(uint64(id), uint64(draw)) }

// compact lays the rows of varying columns one after another.
func (u *buffer) compact() {
	b := &u.batch
	for f := range b.cols {
		c := &b.cols[f]
		if f >= len(b.spec) || b.spec[f].Name == "" || c.row >= 0 {
			continue
		}
		u.joined.Add(c.join(b.spec[f], b.n))
	}
}

// squeeze moves the rows that did not fail to the front, as some did.
func (u *buffer) squeeze(failed []bool) {
	b, k := &u.batch, slices.Index(failed, true)
	for i := k + 1; i < b.n; i++ {
		if failed[i] {
			continue
		}
		if b.ids != nil {
			b.ids[k] = b.ids[i]
		}
		b.keys[k] = b.keys[i]
		for f := range b.cols {
			c := &b.cols[f]
			if c.row > 0 && f < len(b.spec) && b.spec[f].Name != "" {
				copy(c.slab[k*c.row:(k+1)*c.row], c.slab[i*c.row:])
			} else if c.vary != nil {
				c.vary[k], c.offsets[k+1] = c.vary[i], c.offsets[i+1]
				if c.shapes != nil {
					c.shapes[k] = c.shapes[i]
				}
			}
		}
		k++
	}
	b.resize(k)
}

// sizes returns where the sizes of the rows of a varying column go before layOut.
func (c *column) sizes() []int64 { return c.offsets[1:] }

// layOut makes room for rows that are read into a varying column, and returns by
// how much that has grown.
func (c *column) layOut() (grown int64) {
	c.offsets[0] = 0
	for i, n := range c.offsets[1:] {
		c.offsets[i+1] = c.offsets[i] + n
	}
	return grow(&c.home, int(c.offsets[len(c.offsets)-1]))
}

// places returns the memory of rows lo to hi that are read into the column.
func (c *column) places(lo, hi int) []byte {
	from, to := lo*c.row, hi*c.row
	if c.row < 0 {
		from, to = int(c.offsets[lo]), int(c.offsets[hi])
	}
	return c.home[from:to:to]
}

// grow makes mem hold n bytes, of any content, and returns by how much it has grown.
// What mem was goes back to the system before, so that both never count.
func grow(mem *[]byte, n int) (grown int64) {
	if had := cap(*mem); had < n {
		pages.Discard((*mem)[:had])
		*mem = newBytes(n + n/4)
		grown = int64(cap(*mem) - had)
	}
	*mem = (*mem)[:cap(*mem)]
	return grown
}

// join makes the rows of a varying column lie one behind another: where they were
// read to, if each came to lie in its place, or else in a slab to which they are
// copied. It returns by how much that has grown.
func (c *column) join(f Field, n int) (grown int64) {
	total, apart := 0, false
	for i := 0; i < n; i += max(1, c.vary[i].run) {
		d := c.vary[i].data
		apart = apart || len(d) > 0 && (total >= len(c.home) || !sameStart(d, c.home[total:]))
		total += len(d)
	}
	mem := c.home
	if apart {
		grown = grow(&c.slab, total)
		mem = c.slab
	}
	c.Data = mem[:total:total]
	unit := f.unit()
	if c.joinRows(n, unit, apart); f.leading() > 0 {
		c.Shape = f.Shape.WithDim(0, total/unit)
	} else {
		c.Shape = Dims(total / f.DType.Size())
	}
	return grown
}

// joinRows makes the offsets of n rows, and copies the rows to c.Data if they lie
// apart.
func (c *column) joinRows(n, unit int, apart bool) {
	c.offsets[0] = 0
	at := 0
	for i := 0; i < n; {
		v := &c.vary[i]
		if apart {
			bulk.Copy(c.Data[at:], v.data)
		}
		at += len(v.data)
		if v.run > 0 {
			ends := c.offsets[i+1:][:v.run]
			if first := c.offsets[i]; first > 0 {
				for k := range ends {
					ends[k] += first
				}
			}
			i += v.run
			continue
		}
		i++
		if c.offsets[i] = int64(at); unit > 1 { // a division takes longer than all else
			c.offsets[i] = int64(at / unit)
		}
	}
}

// unit returns the bytes of one step of the first dimension if that alone varies,
// those of an element otherwise.
func (f *Field) unit() int { return f.DType.Size() * max(1, f.leading()) }

// leading returns the elements per unit of the first dimension if that alone
// varies, -1 otherwise.
func (f *Field) leading() int {
	n := 1
	for i := 1; i < f.Shape.Rank(); i++ {
		if d := f.Shape.Dim(i); d >= 0 {
			n *= d
		} else {
			return -1
		}
	}
	return n
}

// arena hands out memory for the varying values of one buffer, to several
// workers in turn, and takes it all back at once. It settles on one page that
// holds all values of a batch.
type arena struct {
	mu    sync.Mutex
	pages [][]byte
	used  int // of the last page
	total int // handed out
}

const arenaPage = 256 << 10

func (a *arena) alloc(n int) []byte {
	if n == 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	m := (n + 7) &^ 7
	last := len(a.pages) - 1
	if last < 0 || a.used+m > len(a.pages[last]) {
		a.pages = append(a.pages, newBytes(max(arenaPage, m)))
		last, a.used = last+1, 0
	}
	at := a.used
	a.used += m
	a.total += m
	return a.pages[last][at : at+n : at+n]
}

// bytes returns the memory that a holds.
func (a *arena) bytes() (n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.pages {
		n += int64(len(p))
	}
	return n
}

func (a *arena) shrink() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop()
}

// drop gives up all pages. Their memory need not wait for the garbage collector, as
// nobody looks at a batch that went back.
func (a *arena) drop() {
	for _, p := range a.pages {
		pages.Discard(p)
	}
	a.pages = nil
}

func (a *arena) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.pages {
		invariant.Poison(p)
	}
	if len(a.pages) > 1 {
		a.drop()
		a.pages = append(a.pages, newBytes(a.total+a.total/8))
	}
	a.used, a.total = 0, 0
}
