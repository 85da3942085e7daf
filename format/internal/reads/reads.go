package reads

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"math"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// Files is what rows are read from.
type Files struct {
	Pool *shard.Pool
	Bufs *shard.Buffers
	Plan shard.Plan
}

// Open returns the files of set, with a budget for buffers that is the loader's
// affair: it bounds the rows that are open at a time. Rows that lie close to each
// other are merged as plan says, where GapBytes 0 means row, the size of a row, so
// that a read holds at most twice what is asked for, and Concurrency 0 means 1, as
// the loader opens many chunks of rows at once.
func Open(set shard.Set, pool shard.PoolConfig, plan shard.Plan, row int) (*Files, error) {
	plan.GapBytes = cmp.Or(plan.GapBytes, row)
	plan.Concurrency = cmp.Or(plan.Concurrency, 1)
	p, err := shard.NewPool(set, pool)
	if err != nil {
		return nil, err
	}
	return &Files{Pool: p, Bufs: shard.NewBuffers(math.MaxInt64), Plan: plan}, nil
}

// Close closes the files, and gives up the buffers.
func (f *Files) Close() error {
	defer f.Bufs.Close()
	return f.Pool.Close()
}

// InPlace reports whether reads may go straight to memory of the loader: not if one
// may be given up, which would go on writing there (direct reads write to memory
// between), and not where files are lent.
func InPlace(pool shard.PoolConfig) bool {
	return pool.Deadline == 0 && pool.Backend != shard.Ring && pool.Backend != shard.MmapTrusted
}

// Rows is the bytes of some rows. The zero Rows is empty.
type Rows struct {
	ranges []shard.Range
	data   [][]byte
	errs   []error // of reading each row, nil if all went well
	buf    []byte
	lost   bool // a read that hangs still owns buf
}

// Want adds a row: n bytes of a file from off.
func (r *Rows) Want(file int, off int64, n int) {
	r.ranges = append(r.ranges, shard.Range{File: file, Off: off, Len: n, Tag: len(r.ranges)})
}

// Read reads all rows that were wanted. After an error, which is that of ctx or
// of files that were closed, r is empty.
func (r *Rows) Read(ctx context.Context, f *Files) error {
	if n := len(r.ranges); cap(r.data) < n {
		r.data = make([][]byte, n)
	}
	r.data = r.data[:len(r.ranges)]
	buf, err := f.Pool.Fetch(ctx, f.Bufs, f.Plan, r.ranges)
	if err == nil {
		r.buf = buf
		for i := range r.ranges {
			r.data[r.ranges[i].Tag] = r.ranges[i].Data
		}
		return nil
	}
	if err = final(ctx, err); err == nil {
		err = r.apart(ctx, f)
	}
	if err != nil {
		r.Close(f)
	}
	return err
}

// ReadInto is Read into memory of the loader, which the rows fill, one behind
// another. After an error r is empty.
func (r *Rows) ReadInto(ctx context.Context, f *Files, to []byte) error {
	r.data = r.data[:0]
	at := 0
	for i := range r.ranges {
		x := &r.ranges[i]
		x.Tag = at
		at += x.Len
		r.data = append(r.data, to[x.Tag:at:at])
	}
	err := f.Pool.ReadInto(ctx, to, f.Plan, r.ranges)
	if err != nil {
		r.Close(f)
		err = cmp.Or(final(ctx, err), err)
	}
	return err
}

// apart reads row by row.
func (r *Rows) apart(ctx context.Context, f *Files) error {
	total := 0
	for i := range r.ranges {
		if r.ranges[i].Len > math.MaxInt-total {
			return shard.ErrTooLarge
		}
		total += r.ranges[i].Len
	}
	var err error
	if r.buf, err = f.Bufs.Get(ctx, total); err != nil {
		return err
	}
	r.errs = make([]error, len(r.ranges))
	at := 0
	for i := range r.ranges { // in the order of the files
		x := &r.ranges[i]
		data := r.buf[at : at+x.Len : at+x.Len]
		err := f.Pool.ReadAt(ctx, x.File, data, x.Off)
		r.lost = r.lost || errors.Is(err, shard.ErrAbandoned)
		if cause := final(ctx, err); cause != nil {
			return cause
		}
		r.data[x.Tag], r.errs[x.Tag] = data, err
		at += x.Len
	}
	return nil
}

// final returns the cause of err if it concerns all rows.
func final(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, fs.ErrClosed) {
		return fs.ErrClosed
	}
	return nil
}

// Row returns the bytes of row i, or why they could not be read.
func (r *Rows) Row(i int) ([]byte, error) {
	if r.errs != nil && r.errs[i] != nil {
		return nil, r.errs[i]
	}
	return r.data[i], nil
}

// Fault says what is wrong with the row that ref names among blocks.
func Fault(blocks []loader.Block, ref loader.Ref, id int64, stage string, err error) error {
	b := &blocks[ref.Block]
	return &loader.SampleError{ID: id, Shard: b.Shard, Row: b.FirstRow + int64(ref.Row), Stage: stage, Err: err}
}

// Close gives the bytes back.
func (r *Rows) Close(f *Files) {
	if r.lost {
		f.Bufs.Abandon(r.buf)
	} else {
		f.Bufs.Put(r.buf)
	}
	clear(r.data)
	clear(r.ranges)
	r.data, r.ranges = r.data[:0], r.ranges[:0]
	r.errs, r.buf, r.lost = nil, nil, false
}
