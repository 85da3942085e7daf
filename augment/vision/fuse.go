package vision

import (
	"errors"
	"image"
	"sync"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
)

// fused does the work of a run of stages that cut, scale, mirror and lay out an
// image, in one pass over the rows of the window that is left in the end. The
// rows come from a JPEG file, if the run begins with Decode, or from memory; no
// image in between is ever held as a whole. What cannot be done so, like files of
// other formats and crops that pad, goes through the stages one by one.
type fused struct {
	decode  *decoding // nil if the image is in memory
	image   pixels
	stages  []loader.Stage // of the whole run
	layer   *layer         // lays out what is left, as the last stage does or as it is
	writer  int            // the last stage that gives the image new memory, -1 for none
	settled bool           // while the run is found: it is too late to scale
	lines   *sync.Pool     // of *line
}

// fusing returns a stage that begins a run, for which begin makes room.
func fusing(first loader.Stage, begin func() *fused) loader.Stage {
	st := first
	st.Fuse = func(next []loader.Stage) (int, func(w *loader.Worker, s *loader.Sample) error) {
		return begin().find(first, next)
	}
	return st
}

// find collects the stages of the run.
func (f *fused) find(first loader.Stage, next []loader.Stage) (int, func(w *loader.Worker, s *loader.Sample) error) {
	if f.decode != nil {
		f.stages, f.lines = append(f.stages, first), &f.decode.lines
	} else {
		f.writer, f.lines = -1, &sync.Pool{New: func() any { return new(line) }}
		next = append([]loader.Stage{first}, next...)
	}
	for _, st := range next {
		if f.layer != nil || !f.take(st) {
			break
		}
		f.stages = append(f.stages, st)
	}
	if len(f.stages) < 2 || f.writer < 0 {
		return 0, nil
	}
	if f.layer == nil {
		f.layer = asIs(f.image)
	}
	return len(f.stages) - 1, f.row
}

// take reports whether a stage can be the next one of the run.
func (f *fused) take(st loader.Stage) bool {
	switch op := st.Op.(type) {
	case *reframe:
		if op.image != f.image.image || op.scales && f.settled {
			return false
		}
		f.settled = f.settled || op.scales
		f.writer = len(f.stages)
	case *mirror:
		if op.image != f.image.image {
			return false
		}
		f.settled = true // a filter need not give a mirrored image mirrored bytes
	case *layer:
		if op.image != f.image.image {
			return false
		}
		f.writer, f.layer = len(f.stages), op
	default:
		return false
	}
	return true
}

func (f *fused) row(w *loader.Worker, s *loader.Sample) error {
	l := f.lines.Get().(*line)
	defer f.lines.Put(l)
	z, ok, err := f.open(s, l)
	if err != nil {
		return err
	}
	l.plan = plan{size: z, from: window{h: z.h, w: z.w}}
	if !ok || !f.draw(w, l) {
		return f.oneByOne(w, s)
	}
	w.Enter(f.writer)
	to := f.begin(w, s, l)
	w.Enter(0)
	if f.decode != nil && l.plan.from != (window{h: z.h, w: z.w}) {
		f.decode.seek(s, l)
	}
	if err := l.run(f.image.channels, to); err != nil {
		return f.decode.blame(err) // only files fail
	}
	return f.follow(w, s, l)
}

// open finds the size of the image, and reports whether its rows can be had one
// by one.
func (f *fused) open(s *loader.Sample, l *line) (size, bool, error) {
	if f.decode == nil {
		m, err := f.image.view(s)
		l.memory = m
		return size{m.H, m.W}, err == nil, nil
	}
	data := s.Fields[f.image.image].Data
	if !f.decode.own(data) {
		return size{}, false, nil
	}
	h, err := f.decode.open(&l.decoder, data)
	if err != nil {
		return size{}, false, f.decode.blame(err)
	}
	return h.size, h.turn == 1, nil
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
	for i, st := range f.stages {
		before, m := p.size, motion{}
		switch op := st.Op.(type) {
		case *reframe:
			w.Enter(i)
			at, to, err := op.place(w, before)
			if err != nil || !p.reframe(at, to, op.filter) {
				return false
			}
			m = crop(before, at, to)
		case *mirror:
			w.Enter(i)
			if fires(w, op.p) {
				p.mirrored = !p.mirrored
				m = mirrorX(before)
			}
		}
		l.moves = append(l.moves, m)
	}
	return true
}

// follow moves what lives on the image.
func (f *fused) follow(w *loader.Worker, s *loader.Sample, l *line) error {
	for i, m := range l.moves {
		if m == (motion{}) {
			continue
		}
		w.Enter(i)
		if err := f.stages[i].Op.(mover).move(w, s, m); err != nil {
			return err
		}
	}
	return nil
}

// mover is the Op of a stage that moves what lives on the image.
type mover interface {
	move(w *loader.Worker, s *loader.Sample, m motion) error
}

// begin gives the image field its last value, and returns what takes its rows.
func (f *fused) begin(w *loader.Worker, s *loader.Sample, l *line) pixel.Rows {
	z := l.plan.size
	t := w.Out(s, f.image.image, f.layer.dtype, f.layer.layout.shape(loader.Dims(z.h, z.w, f.image.channels)))
	if l.slot == nil {
		l.slot = f.layer.rows()
	}
	l.slot.begin(t, z, l.plan.mirrored)
	return l.slot
}

// plan is what becomes of an image.
type plan struct {
	size     size   // of what is left
	from     window // of the image at the beginning
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

// line is the memory of one worker on the way of an image to the batch.
type line struct {
	decoder jpeg.Decoder
	memory  pixel.Image // instead of a file
	resizer pixel.Resizer
	plan    plan
	moves   []motion // of the stages; zero for none
	cut     cutRows
	slot    layerRows
	entry   []byte // of a SeekIndex
}

// run makes the rows that the plan needs and hands the last ones to to.
func (l *line) run(channels int, to pixel.Rows) error {
	p := &l.plan
	if !p.scaled {
		return l.rows(p.from, to)
	}
	if p.cut != (window{h: p.to.h, w: p.to.w}) {
		l.cut = cutRows{p.cut, channels, to}
		to = &l.cut
	}
	l.resizer.Stream(pixel.Size{W: p.to.w, H: p.to.h}, pixel.Size{W: p.from.w, H: p.from.h}, channels, p.filter, to)
	if err := l.rows(p.from, &l.resizer); err != errEnough {
		return err
	}
	return nil
}

// rows hands over the rows of a window of the image at the beginning.
func (l *line) rows(at window, to pixel.Rows) error {
	if l.memory.Pix == nil {
		return l.decoder.Rows(image.Rect(at.x, at.y, at.x+at.w, at.y+at.h), to)
	}
	m := l.memory.Crop(at.x, at.y, at.w, at.h)
	for y := range m.H {
		row := m.Pix[y*m.Stride:] // which says how much can be read behind it
		if err := to.Row(y, row[:m.W*m.C]); err != nil {
			return err
		}
	}
	return nil
}

// errEnough ends a pass when no more rows are needed.
var errEnough = errors.New("vision: enough rows")

// cutRows hands on a window of the rows that it gets.
type cutRows struct {
	window
	channels int
	to       pixel.Rows
}

// Row implements pixel.Rows.
func (c *cutRows) Row(y int, px []uint8) error {
	if y -= c.y; y < 0 {
		return nil
	}
	if err := c.to.Row(y, px[c.channels*c.x:c.channels*(c.x+c.w)]); err != nil {
		return err
	}
	if y+1 == c.h {
		return errEnough
	}
	return nil
}
