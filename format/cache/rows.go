package cache

import (
	"cmp"
	"context"
	"errors"
	"io/fs"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// rows is a number of rows, cached or not.
type rows struct {
	src  *Source
	refs []loader.Ref // the loader's, or own
	own  []loader.Ref
	open []opened // of each row

	ranges []shard.Range // of the records in files
	buf    []byte        // that holds them
	lost   bool          // a read that hangs still owns buf

	cold  []loader.Ref // rows that are not cached
	inner loader.Rows  // which src has opened

	row []loader.Tensor // memory to check records with
}

// opened is a row: its record, or its number among those that are not cached.
type opened struct {
	id   int64
	rec  []byte
	cold int
	at   place
}

// Open implements loader.Source.
func (s *Source) Open(ctx context.Context, i int) (loader.Rows, error) {
	r := s.free.Get().(*rows)
	r.own = r.own[:0]
	for row := range s.blocks[i].Rows {
		r.own = append(r.own, loader.Ref{Block: i, Row: row})
	}
	r.refs = r.own
	return r.start(ctx)
}

// OpenRows implements loader.RandomSource.
func (s *Source) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	r := s.free.Get().(*rows)
	r.refs = refs
	return r.start(ctx)
}

// start finds the rows r.refs and reads what is not in memory.
func (r *rows) start(ctx context.Context) (loader.Rows, error) {
	err := ctx.Err()
	if err == nil {
		r.find()
		if r.src.folder != nil {
			r.src.folder.flush(ctx)
			err = r.fetch(ctx)
		}
	}
	if err == nil {
		err = r.openCold(ctx)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// find looks the rows up.
func (r *rows) find() {
	s := r.src
	for i, ref := range r.refs {
		o := opened{id: s.first[ref.Block] + int64(ref.Row)}
		g, p, off, size := s.store.find(o.id)
		switch {
		case g == nil:
		case g.mem != nil:
			o.rec = g.mem[off : off+size : off+size]
		default:
			o.at = p
			r.ranges = append(r.ranges, shard.Range{File: g.file, Off: int64(off), Len: size, Tag: i})
		}
		r.open = append(r.open, o)
	}
}

// fetch reads the records that lie in files.
func (r *rows) fetch(ctx context.Context) (err error) {
	if len(r.ranges) == 0 {
		return nil
	}
	f := r.src.folder
	r.buf, err = f.pool.Fetch(ctx, f.bufs, f.plan, r.ranges)
	if err != nil {
		if cause := stopped(ctx, err); cause != nil {
			return cause
		}
		if err := r.fetchApart(ctx); err != nil {
			return err
		}
	}
	if r.row == nil {
		r.row = make([]loader.Tensor, len(r.src.chain.out))
	}
	for _, g := range r.ranges {
		o := &r.open[g.Tag]
		if g.Data != nil && r.src.layout.sound(g.Data, o.id, r.row) {
			o.rec = g.Data
			continue
		}
		if r.src.store.drop(o.id, o.at, g.Len) {
			r.src.damaged.Add(1)
		}
	}
	return nil
}

// fetchApart reads record by record, so that an error costs the rows alone that
// cannot be read.
func (r *rows) fetchApart(ctx context.Context) error {
	f, total := r.src.folder, 0
	for _, g := range r.ranges {
		total += g.Len
	}
	var err error
	if r.buf, err = f.bufs.Get(ctx, total); err != nil {
		return err
	}
	next := 0
	for i := range r.ranges {
		g := &r.ranges[i]
		data := r.buf[next : next+g.Len : next+g.Len]
		next += g.Len
		err := f.pool.ReadAt(ctx, g.File, data, g.Off)
		r.lost = r.lost || errors.Is(err, shard.ErrAbandoned)
		if cause := stopped(ctx, err); cause != nil {
			return cause
		}
		if err == nil {
			g.Data = data
		}
	}
	return nil
}

// stopped returns why no read can succeed, if that is why one did not.
func stopped(ctx context.Context, err error) error {
	if errors.Is(err, fs.ErrClosed) {
		err = fs.ErrClosed
	} else {
		err = nil
	}
	return cmp.Or(ctx.Err(), err)
}

// openCold opens the rows that are not cached.
func (r *rows) openCold(ctx context.Context) (err error) {
	for i := range r.open {
		if o := &r.open[i]; o.rec == nil {
			o.cold = len(r.cold)
			ref := r.refs[i]
			r.cold = append(r.cold, loader.Ref{Block: ref.Block, Row: ref.Row, Draw: ref.Draw}) // without a Key: what is kept must not be drawn
		}
	}
	s := r.src
	if len(r.cold) > 0 {
		r.inner, err = s.src.OpenRows(ctx, r.cold)
	}
	if err == nil {
		s.misses.Add(int64(len(r.cold)))
		s.hits.Add(int64(len(r.refs) - len(r.cold)))
	}
	return err
}

// Row implements loader.Rows.
func (r *rows) Row(w *loader.Worker, i int, smp *loader.Sample) error {
	s, o := r.src, &r.open[i]
	if o.rec != nil {
		s.layout.clear(smp.Fields)
		return s.layout.get(o.rec, smp.Fields)
	}
	if err := s.chain.run(w, r.inner, o.cold, smp); err != nil {
		return s.sampleError(err, smp.ID, r.refs[i])
	}
	s.layout.clear(smp.Fields)
	return s.keep(o.id, smp)
}

// keep caches a row, if there is room for it.
func (s *Source) keep(id int64, smp *loader.Sample) error {
	size, err := s.layout.size(smp.Fields)
	if err != nil {
		return err
	}
	g, off := s.store.add(id, size)
	if g == nil {
		return nil
	}
	rec := g.mem[off : off+size]
	s.layout.put(rec, id, smp.Fields)
	if s.folder != nil {
		stamp(rec)
	}
	s.store.added(id, g, off, size)
	return nil
}

// Close implements loader.Rows.
func (r *rows) Close() (err error) {
	if r.inner != nil {
		err = r.inner.Close()
	}
	if f := r.src.folder; f != nil {
		if r.lost {
			f.bufs.Abandon(r.buf)
		} else {
			f.bufs.Put(r.buf)
		}
	}
	clear(r.open)
	clear(r.ranges)
	r.open, r.ranges, r.cold = r.open[:0], r.ranges[:0], r.cold[:0]
	r.refs, r.inner, r.buf, r.lost = nil, nil, nil, false
	r.src.free.Put(r)
	return err
}
