package npy

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/loader"
)

// RandomCrop is a part of an array at a random place, which is drawn anew in each
// epoch, from the numbers that the seed gives to the sample. The zero RandomCrop is
// the whole array.
//
// Only the lines that lie in it are read, merged where what lies between them is
// no more than Options.Read.GapBytes. Of compressed arrays all is read.
type RandomCrop struct {
	// Size is that of the crop in the last dimensions, as many as it has numbers.
	// The dimensions before them, and those of which it is 0, stay whole.
	Size []int
	// Columns lists the fields of which the same part is read, an image and its
	// mask. Nil means all.
	Columns []string
}

// takes reports whether a part is read of the field with the given name.
func (c *RandomCrop) takes(name string) bool {
	return c.Size != nil && (c.Columns == nil || slices.Contains(c.Columns, name))
}

// bind notes the fields that are cropped, and makes their shapes those of crops.
func (c *RandomCrop) bind(s *Source) error {
	s.crops, s.first = make([]bool, len(s.spec)), -1
	if c.Size == nil {
		return nil
	}
	if len(c.Size) == 0 || slices.Min(c.Size) < 0 || slices.Max(c.Size) == 0 {
		return fmt.Errorf("Options.Crop: size %v: %w", c.Size, loader.ErrSpec)
	}
	names := c.Columns
	if names == nil {
		names = s.o.Columns
	}
	for _, name := range names {
		k := s.spec.Index(name)
		if k < 0 {
			return fmt.Errorf("Options.Crop: no field %q among %v: %w", name, s.spec, loader.ErrSpec)
		}
		f := &s.spec[k]
		lead := f.Shape.Rank() - len(c.Size)
		if lead < 0 {
			return fmt.Errorf("Options.Crop: %v has fewer dimensions than size %v: %w", *f, c.Size, loader.ErrSpec)
		}
		for d, n := range c.Size {
			if n > 0 {
				f.Shape = f.Shape.WithDim(lead+d, n)
			}
		}
		s.crops[k] = true
	}
	s.first = slices.Index(s.crops, true)
	return nil
}

// alike returns an error if the arrays that are cropped together are not of one
// size.
func (c *RandomCrop) alike(s *Source, list []array) error {
	for k := range list {
		if !s.crops[k] {
			continue
		}
		for d := 1; d <= len(c.Size); d++ {
			n, first := list[k].dims, list[s.first].dims
			if c.Size[len(c.Size)-d] > 0 && n[len(n)-d] != first[len(first)-d] {
				return corrupt("arrays %q of %v and %q of %v are cropped together", list[s.first].name, first, list[k].name, n)
			}
		}
	}
	return nil
}

// window is a part of an array in row-major order.
type window struct {
	rank        int
	size, start [maxRank]int // of the part
	stride      [maxRank]int // bytes from one index to the next
	inner       int          // the part is lines of size[:inner], of run bytes each
	run         int
	outer       int // size[:outer] reads, of extent bytes each
	extent      int
}

// window returns the part of a that is read, at the beginning of the array, and
// checks it.
func (c *RandomCrop) window(s *Source, a *array) (w window, err error) {
	dims := a.row(s.o.Stack)
	w.rank = len(dims)
	lead := w.rank - len(c.Size)
	n := a.dtype.Size()
	for d := w.rank - 1; d >= 0; d-- {
		w.stride[d], w.size[d] = n, dims[d]
		n *= dims[d]
		if d >= lead && c.Size[d-lead] > 0 {
			w.size[d] = c.Size[d-lead]
		}
		if w.size[d] > dims[d] {
			return w, fmt.Errorf("a crop of %v from %v: %w", c.Size, dims, loader.ErrSpec)
		}
	}
	if slices.Contains(dims, 0) {
		return w, fmt.Errorf("a crop of an array without elements: %w", loader.ErrSpec)
	}
	w.merge(dims, s.gap)
	if most := s.o.Limits.RecordBytes; int64(w.bytes()) > most {
		return w, corrupt("a crop of %d bytes, Limits.RecordBytes is %d", w.bytes(), most)
	}
	return w, nil
}

// merge finds the longest lines, and the parts that are read at once: lines that
// have no more than gap bytes between them.
func (w *window) merge(dims []int, gap int) {
	w.inner = w.rank - 1
	for w.inner > 0 && w.size[w.inner] == dims[w.inner] {
		w.inner--
	}
	w.run = w.size[w.inner] * w.stride[w.inner]
	w.outer, w.extent = w.inner, w.run
	for w.outer > 0 && w.stride[w.outer-1]-w.extent <= gap {
		w.outer--
		w.extent += (w.size[w.outer] - 1) * w.stride[w.outer]
	}
}

// count returns the number of reads.
func (w *window) count() int {
	n := 1
	for _, k := range w.size[:w.outer] {
		n *= k
	}
	return n
}

// bytes returns the size of the part.
func (w *window) bytes() int {
	n := w.run
	for _, k := range w.size[:w.inner] {
		n *= k
	}
	return n
}

// place returns where the crop begins in the last dimensions of an array: anywhere,
// or in the middle if rng is nil.
func (c *RandomCrop) place(rng *rand.Rand, dims []int) (at [maxRank]int) {
	for d, n := range dims[len(dims)-len(c.Size):] {
		room := n - c.Size[d]
		switch {
		case c.Size[d] == 0:
		case rng == nil:
			at[d] = room / 2
		default:
			at[d] = draw.Int(rng, 0, room)
		}
	}
	return at
}

// shape returns the shape of the part.
func (w *window) shape() loader.Shape { return loader.Dims(w.size[:w.rank]...) }

// next moves index, which counts reads by their dimensions, to the next read and
// returns false behind the last one.
func (w *window) next(index *[maxRank]int) bool {
	for d := w.outer - 1; d >= 0; d-- {
		if index[d]++; index[d] < w.size[d] {
			return true
		}
		index[d] = 0
	}
	return false
}

// offset returns where a read begins in its array.
func (w *window) offset(index [maxRank]int) (n int64) {
	for d := range w.rank {
		n += int64(w.start[d]+index[d]) * int64(w.stride[d])
	}
	return n
}

// copy copies the lines in src, from dimension d on, to dst, and returns what is
// left of dst.
func (w *window) copy(dst, src []byte, d int) []byte {
	if d == w.inner {
		return dst[copy(dst, src[:w.run]):]
	}
	for i := range w.size[d] {
		dst = w.copy(dst, src[i*w.stride[d]:], d+1)
	}
	return dst
}
