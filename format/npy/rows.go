package npy

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"

	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/format/internal/reads"
	"github.com/stokerdata/stoker/internal/inflate"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// inflateBytes is how much of an array is decompressed at a time: it stays in the
// cache until it is copied.
const inflateBytes = 64 << 10

// rows is a number of rows, read into one buffer.
type rows struct {
	src   *Source
	refs  []loader.Ref // the loader's, or own
	own   []loader.Ref
	read  reads.Rows
	lies  bool   // arrays were read to their place in a batch
	cells []cell // row by row
	pcg   rand.PCG
	rng   *rand.Rand
}

// cell is one array of a row.
type cell struct {
	first, n int // its reads
	w        window
}

func newRows(s *Source) *rows {
	r := &rows{src: s}
	r.rng = rand.New(&r.pcg)
	return r
}

// Open implements loader.Source.
func (s *Source) Open(ctx context.Context, i int) (loader.Rows, error) {
	r := s.free.Get().(*rows)
	r.own = r.own[:0]
	for row := range s.blocks[i].Rows {
		r.own = append(r.own, loader.Ref{Block: i, Row: row})
	}
	return r.open(ctx, r.own, nil)
}

// OpenRows implements loader.RandomSource.
func (s *Source) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	return s.OpenInto(ctx, refs, nil)
}

// OpenInto is OpenRows, reading single arrays into the given memory: see
// [loader.RandomSource].
func (s *Source) OpenInto(ctx context.Context, refs []loader.Ref, to []byte) (loader.Rows, error) {
	return s.free.Get().(*rows).open(ctx, refs, to)
}

// Sizes says how large arrays are, for OpenInto: see [loader.RandomSource].
func (s *Source) Sizes(refs []loader.Ref, bytes []int64) (field int) {
	if !s.inPlace {
		return -1
	}
	for i, ref := range refs {
		bytes[i] = s.lists[s.shards[ref.Block]][0].rowBytes(s.o.Stack)
	}
	return 0
}

// open reads the rows refs: to where it is told, or into a buffer of its own.
func (r *rows) open(ctx context.Context, refs []loader.Ref, to []byte) (loader.Rows, error) {
	s := r.src
	r.refs, r.cells = refs, r.cells[:0]
	reads := 0
	for _, ref := range refs {
		file := s.shards[ref.Block]
		at := r.place(ref)
		for k := range s.lists[file] {
			c := cell{first: reads}
			r.want(&c, file, k, ref, at)
			reads += c.n
			r.cells = append(r.cells, c)
		}
	}
	var err error
	if r.lies = to != nil; r.lies {
		err = r.read.ReadInto(ctx, s.files, to)
	} else {
		err = r.read.Read(ctx, s.files)
	}
	if err != nil {
		s.free.Put(r)
		return nil, fmt.Errorf("npy: %w", err)
	}
	return r, nil
}

// place returns where the crop of a row begins.
func (r *rows) place(ref loader.Ref) (at [maxRank]int) {
	s := r.src
	if s.first < 0 {
		return at
	}
	dims := s.lists[s.shards[ref.Block]][s.first].row(s.o.Stack)
	key := ref.Key()
	if key == 0 {
		return s.o.Crop.place(nil, dims)
	}
	r.pcg.Seed(key, 0)
	return s.o.Crop.place(r.rng, dims)
}

// want asks for what is needed of field k of a row.
func (r *rows) want(c *cell, file, k int, ref loader.Ref, at [maxRank]int) {
	s := r.src
	a := &s.lists[file][k]
	off, size := a.off, a.size
	if !a.deflated { // the header is known
		off, size = off+int64(a.n), a.rowBytes(s.o.Stack)
	}
	if s.o.Stack {
		off += (s.blocks[ref.Block].FirstRow + int64(ref.Row)) * size
	}
	c.n = 1
	if s.crops[k] {
		c.w, _ = s.o.Crop.window(s, a) // Open has checked it
		copy(c.w.start[c.w.rank-len(s.o.Crop.Size):], at[:len(s.o.Crop.Size)])
		if !a.deflated {
			c.n = 0
			var index [maxRank]int
			for more := true; more; more = c.w.next(&index) {
				r.read.Want(file, off+c.w.offset(index), c.w.extent)
				c.n++
			}
			return
		}
	}
	r.read.Want(file, off, int(size))
}

// Row implements loader.Rows.
func (r *rows) Row(w *loader.Worker, i int, smp *loader.Sample) error {
	s := r.src
	for k := range s.spec {
		if err := r.value(w, i, k, smp); err != nil {
			stage := "decode"
			if _, ok := errors.AsType[*shard.ReadError](err); ok {
				stage = "read"
			}
			err = fmt.Errorf("array %q: %w", s.spec[k].Name, err)
			return reads.Fault(s.blocks, r.refs[i], smp.ID, stage, err)
		}
	}
	return nil
}

// value gives field k of a row its value.
func (r *rows) value(w *loader.Worker, i, k int, smp *loader.Sample) error {
	s := r.src
	a := &s.lists[s.shards[r.refs[i].Block]][k]
	c := &r.cells[i*len(s.spec)+k]
	if k == s.first {
		r.note(w, c)
	}
	switch {
	case a.deflated:
		return r.inflated(w, a, c, k, smp)
	case s.crops[k]:
		return r.cropped(w, a, c, k, smp)
	}
	data, err := r.read.Row(c.first)
	if err != nil {
		return err
	}
	if a.hasCRC && !s.o.Stack && !s.o.SkipCRC && crc32.Update(a.head, crc32.IEEETable, data) != a.crc {
		return corrupt("its CRC is wrong")
	}
	t, shape := s.spec[k].DType, loader.Dims(a.row(s.o.Stack)...)
	if a.swap || !elem.Aligned(data, t.Size()) {
		copy(w.Out(smp, k, t, shape).Data, data)
	} else {
		smp.Set(k, t, shape, data)
	}
	return finish(a, smp.Fields[k])
}

// note tells where the crop begins.
func (r *rows) note(w *loader.Worker, c *cell) {
	var at [maxRank]float64
	n := len(r.src.o.Crop.Size)
	for d, v := range c.w.start[c.w.rank-n : c.w.rank] {
		at[d] = float64(v)
	}
	w.Note("crop", at[:n]...)
}

// cropped copies the lines of a crop from what was read.
func (r *rows) cropped(w *loader.Worker, a *array, c *cell, k int, smp *loader.Sample) error {
	to := w.Out(smp, k, r.src.spec[k].DType, c.w.shape())
	dst := to.Data
	for n := range c.n {
		data, err := r.read.Row(c.first + n)
		if err != nil {
			return err
		}
		dst = c.w.copy(dst, data, c.w.outer)
	}
	return finish(a, *to)
}

// inflated decompresses an array, and takes the crop of it.
func (r *rows) inflated(w *loader.Worker, a *array, c *cell, k int, smp *loader.Sample) error {
	data, err := r.read.Row(c.first)
	if err != nil {
		return err
	}
	t := r.src.spec[k].DType
	if !r.src.crops[k] {
		to := w.Out(smp, k, t, loader.Dims(a.dims...))
		if err := r.src.inflate(to.Data, data, a); err != nil {
			return err
		}
		return finish(a, *to)
	}
	whole := w.Scratch(int(a.bytes))
	if err := r.src.inflate(whole, data, a); err != nil {
		return err
	}
	to := w.Out(smp, k, t, c.w.shape())
	c.w.copy(to.Data, whole[c.w.offset([maxRank]int{}):], 0)
	return finish(a, *to)
}

// inflate decompresses a member of an archive without its header.
func (s *Source) inflate(dst, data []byte, a *array) error {
	z, _ := s.inflaters.Get().(*inflate.Reader)
	if z == nil {
		z = new(inflate.Reader)
	}
	defer s.inflaters.Put(z)
	z.ResetRaw(data)
	sum := uint32(0)
	head, err := z.Next(a.n)
	if err == nil {
		sum = crc32.ChecksumIEEE(head)
	}
	for err == nil && len(dst) > 0 {
		var part []byte
		if part, err = z.Next(min(len(dst), inflateBytes)); err == nil {
			copy(dst, part)
			dst = dst[len(part):]
			if !s.o.SkipCRC {
				sum = crc32.Update(sum, crc32.IEEETable, part)
			}
		}
	}
	if err == nil {
		err = z.Close()
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	case !s.o.SkipCRC && sum != a.crc:
		return corrupt("its CRC is wrong")
	}
	return nil
}

// finish puts the bytes of the elements in order, and checks bools.
func finish(a *array, t loader.Tensor) error {
	if a.swap {
		elem.Swap(t.Data, t.DType.Size())
	}
	if t.DType == dtype.Bool {
		return elem.CheckBools(t.Data)
	}
	return nil
}

// Close implements loader.Rows.
func (r *rows) Close() error {
	r.read.Close(r.src.files)
	r.refs = nil
	r.src.free.Put(r)
	return nil
}
