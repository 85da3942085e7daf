package vision

import (
	"fmt"

	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
)

// Resize scales images, and what lives on them, with the bytes of Pillow's
// Image.resize: antialiased, horizontally and then vertically through 8 bits.
// Masks take the nearest pixel.
//
// Either Size is set and the aspect ratio is kept, or Height and Width are.
type Resize struct {
	Field string // the image; empty means the only one
	// Size is the length of the shorter edge in pixels. The longer one gets
	// Size*long/short, rounded down, as in torchvision.
	Size int
	// Max bounds the longer edge, at the cost of the shorter; 0 means no bound.
	Max           int
	Height, Width int // exact size in pixels
	Filter        Filter
}

// Bind implements loader.Transform. The stage handles uint8 (h, w, 1 or 3).
func (r Resize) Bind(in loader.Spec) (loader.Stage, error) {
	if err := r.check(); err != nil {
		return loader.Stage{}, err
	}
	c, err := bindCanvas(in, r.Field)
	if err != nil {
		return loader.Stage{}, err
	}
	to := size{-1, -1}
	switch shape := in[c.image].Shape; {
	case r.Size == 0:
		to = size{r.Height, r.Width}
	case shape.Fixed():
		to = r.fit(size{shape.Dim(0), shape.Dim(1)})
		if err := to.check(); err != nil {
			return loader.Stage{}, err
		}
	}
	f := &reframe{canvas: c, scales: true, filter: pixel.Filter(r.Filter), place: func(_ *loader.Worker, from size) (window, size, error) {
		whole, to := window{0, 0, from.h, from.w}, r.fit(from)
		if to.check() != nil {
			return whole, to, fmt.Errorf("vision: an image of %v would become one of %v: %w", from, to, loader.ErrCorrupt)
		}
		return whole, to, nil
	}}
	return f.stage(to), nil
}

func (r Resize) check() error {
	if err := r.Filter.check(); err != nil {
		return err
	}
	if r.Size == 0 {
		if r.Max != 0 {
			return fmt.Errorf("vision: Max is set without Size: %w", loader.ErrSpec)
		}
		return size{r.Height, r.Width}.check()
	}
	if r.Height != 0 || r.Width != 0 {
		return fmt.Errorf("vision: Size and Height or Width are set: %w", loader.ErrSpec)
	}
	if r.Max < 0 || r.Max != 0 && r.Max < r.Size {
		return fmt.Errorf("vision: Max %d is less than Size %d: %w", r.Max, r.Size, loader.ErrSpec)
	}
	return size{r.Size, r.Size}.check()
}

// fit returns the size that an image gets.
func (r Resize) fit(z size) size {
	if r.Size == 0 {
		return size{r.Height, r.Width}
	}
	short, long := r.Size, r.Size*max(z.h, z.w)/max(min(z.h, z.w), 1)
	if r.Max > 0 && long > r.Max {
		short, long = max(r.Max*short/long, 1), r.Max
	}
	if z.w <= z.h {
		return size{long, short}
	}
	return size{short, long}
}
