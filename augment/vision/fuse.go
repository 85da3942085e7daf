package vision

import (
	"errors"
	"image"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// fused does the work of Decode and of the stages behind it that cut, scale,
// mirror and lay out the image, on JPEG files, in one pass over the rows of the
// window that is left in the end: no image is ever held as a whole. Other files
// go through the stages one by one.
type fused struct {
	*decoding
	stages []loader.Stage // Decode first
	tail   *layer         // of the last stage, nil if none lays out
	writer int            // the last stage that gives the image new memory
}

// fuse is loader.Stage's Fuse of Decode.
func (d *decoding) fuse(self loader.Stage, next []loader.Stage) (int, func(w *loader.Worker, s *loader.Sample) error) {
	f := &fused{decoding: d, stages: []loader.Stage{self}}
	settled := false // is it too late to scale
	for _, st := range next {
		switch op := st.Op.(type) {
		case *reframe:
			if op.image != d.field || op.scales && settled {
				return f.done()
			}
			settled = settled || op.scales
			f.writer = len(f.stages)
		case *mirror:
			if op.image != d.field {
				return f.done()
			}
			settled = true // a filter need not give a mirrored image mirrored bytes
		case *layer:
			if op.image != d.field {
				return f.done()
			}
			f.writer, f.tail = len(f.stages), op
			f.stages = append(f.stages, st)
			return f.done()
		default:
			return f.done()
		}
		f.stages = append(f.stages, st)
	}
	return f.done()
}

func (f *fused) done() (int, func(w *loader.Worker, s *loader.Sample) error) {
	return len(f.stages) - 1, f.row
}

func (f *fused) row(w *loader.Worker, s *loader.Sample) error {
	data := s.Fields[f.field].Data
	if !f.own(data) {
		return f.oneByOne(w, s)
	}
	l := f.lines.Get().(*line)
	defer f.lines.Put(l)
	h, err := f.open(&l.decoder, data)
	if err != nil {
		return f.blame(err)
	}
	l.plan = plan{size: h.stored, from: window{h: h.stored.h, w: h.stored.w}}
	if h.turn != 1 || !f.draw(w, l) {
		return f.oneByOne(w, s)
	}
	w.Enter(f.writer)
	to := f.take(w, s, l)
	w.Enter(0)
	if err := l.run(to); err != nil {
		return f.blame(err)
	}
	return f.follow(w, s, l)
}

// oneByOne runs the stages as if they were not fused.
func (f *fused) oneByOne(w *loader.Worker, s *loader.Sample) error {
	for i := range f.stages {
		w.Enter(i)
		if err := f.stages[i].Row(w, s); err != nil {
			return err
		}
	}
	return nil
}

// draw lets all stages draw, and reports whether what they do can be planned. An
// error of theirs comes again when they run one by one.
func (f *fused) draw(w *loader.Worker, l *line) bool {
	p := &l.plan
	l.moves = l.moves[:0]
	for i, st := range f.stages[1:] {
		w.Enter(i + 1)
		before := p.size
		switch op := st.Op.(type) {
		case *reframe:
			at, to, err := op.place(w, before)
			if err != nil || !p.reframe(at, to, op.filter) {
				return false
			}
			l.moves = append(l.moves, crop(before, at, to))
		case *mirror:
			l.moves = append(l.moves, motion{})
			if fires(w, op.p) {
				p.mirrored = !p.mirrored
				l.moves[i] = mirrorX(before)
			}
		}
	}
	return true
}

// follow moves what lives on the image.
func (f *fused) follow(w *loader.Worker, s *loader.Sample, l *line) error {
	for i, m := range l.moves {
		w.Enter(i + 1)
		var c *canvas
		switch op := f.stages[i+1].Op.(type) {
		case *reframe:
			c = &op.canvas
		case *mirror:
			c = &op.canvas
		}
		if m == (motion{}) {
			continue
		}
		if err := c.move(w, s, m); err != nil {
			return err
		}
	}
	return nil
}

// take gives the image field its last value, and returns what takes its rows.
func (f *fused) take(w *loader.Worker, s *loader.Sample, l *line) pixel.Rows {
	z := l.plan.size
	if f.tail != nil {
		t := w.Out(s, f.field, f.tail.dtype, f.tail.layout.shape(loader.Dims(z.h, z.w, 3)))
		if l.tail == nil {
			l.tail = f.tail.rows()
		}
		l.tail.begin(t, z, l.plan.mirrored)
		return l.tail
	}
	l.image = plainRows{asImage(*w.Out(s, f.field, dtype.Uint8, loader.Dims(z.h, z.w, 3))), l.plan.mirrored}
	return &l.image
}

// plan is what becomes of a stored image.
type plan struct {
	size     size   // of what is left
	from     window // of the stored image
	scaled   bool
	to       size   // that from is scaled to
	cut      window // of the scaled image
	filter   pixel.Filter
	mirrored bool
}

// reframe adds a crop or a change of size to p, unless what it makes lies
// partly outside of the image.
func (p *plan) reframe(at window, to size, f pixel.Filter) bool {
	if at.x < 0 || at.y < 0 || at.x+at.w > p.size.w || at.y+at.h > p.size.h {
		return false
	}
	if p.mirrored {
		at.x = p.size.w - at.x - at.w
	}
	inner := &p.from
	if p.scaled {
		inner = &p.cut
	}
	*inner = window{inner.x + at.x, inner.y + at.y, at.h, at.w}
	if to != (size{at.h, at.w}) {
		p.scaled, p.filter, p.to = true, f, to
		p.cut = window{h: to.h, w: to.w}
	}
	p.size = to
	return true
}

// line is the memory of one worker on its way from a file to a batch.
type line struct {
	decoder jpeg.Decoder
	resizer pixel.Resizer
	plan    plan
	moves   []motion // of the stages behind Decode; zero for none
	cut     cutRows
	image   plainRows
	tail    layerRows
}

// run decodes what the plan needs and hands the last rows to to.
func (l *line) run(to pixel.Rows) error {
	p := &l.plan
	from := image.Rect(p.from.x, p.from.y, p.from.x+p.from.w, p.from.y+p.from.h)
	if !p.scaled {
		return l.decoder.Rows(from, to)
	}
	if p.cut != (window{h: p.to.h, w: p.to.w}) {
		l.cut = cutRows{p.cut, to}
		to = &l.cut
	}
	l.resizer.Stream(pixel.Size{W: p.to.w, H: p.to.h}, pixel.Size{W: p.from.w, H: p.from.h}, 3, p.filter, to)
	if err := l.decoder.Rows(from, &l.resizer); err != errEnough {
		return err
	}
	return nil
}

// errEnough ends decoding where no more rows are needed.
var errEnough = errors.New("vision: enough rows")

// cutRows hands on a window of the rows that it gets.
type cutRows struct {
	window
	to pixel.Rows
}

// Row implements pixel.Rows.
func (c *cutRows) Row(y int, px []uint8) error {
	if y -= c.y; y < 0 {
		return nil
	}
	if err := c.to.Row(y, px[3*c.x:3*(c.x+c.w)]); err != nil {
		return err
	}
	if y+1 == c.h {
		return errEnough
	}
	return nil
}

// plainRows puts rows into an image, mirrored or not.
type plainRows struct {
	pixel.Image
	mirrored bool
}

// Row implements pixel.Rows.
func (p *plainRows) Row(y int, px []uint8) error {
	row := p.Image.Row(y)
	copy(row, px)
	if p.mirrored {
		pixel.FlipH(pixel.Packed(row, 1, p.W, 3))
	}
	return nil
}
