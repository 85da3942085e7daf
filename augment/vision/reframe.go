package vision

import (
	"sync"

	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
)

// reframe is a stage that cuts a window out of images and scales it to a size.
type reframe struct {
	canvas
	// place decides the window, and the size that it gets.
	place func(w *loader.Worker, from size) (window, size, error)
	// scales says that the two may differ. Only a window that is not scaled may
	// lie partly outside of the image, and is filled there.
	scales bool
	filter pixel.Filter
	fill   [3]uint8
	pool   sync.Pool // of pixel.Resizer, whose tables last from image to image
}

// stage returns the stage, behind which images are as large as to.
func (r *reframe) stage(to size) loader.Stage {
	r.pool.New = func() any { return new(pixel.Resizer) }
	st := loader.Stage{Out: r.out(to), Writes: r.writes(r.image), Op: r, Row: r.row}
	return fusing(st, func() *fused { return &fused{image: r.pixels} })
}

func (r *reframe) row(w *loader.Worker, s *loader.Sample) error {
	src, err := r.view(s)
	if err != nil {
		return err
	}
	from := size{src.H, src.W}
	at, to, err := r.place(w, from)
	if err != nil {
		return err
	}
	dst := r.fresh(w, s, to)
	if !r.scales {
		pixel.Window(dst, src, at.x, at.y, r.fill)
	} else {
		resizer := r.pool.Get().(*pixel.Resizer)
		resizer.Resize(dst, src.Crop(at.x, at.y, at.w, at.h), r.filter)
		r.pool.Put(resizer)
	}
	return r.move(w, s, crop(from, at, to))
}
