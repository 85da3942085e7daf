package pixel

import (
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/internal/pixelsimd"
)

// Size is the extent of an image in pixels.
type Size struct{ W, H int }

// Rows takes the rows of an image one after another from the top. px is borrowed
// for the call. What lies behind it, up to its capacity, is memory that may be
// read and says nothing: vector code wants rowPad bytes there, and copies rows
// that have less.
type Rows interface {
	Row(y int, px []uint8) error
}

// rowPad is how far rows that we hand on can be read behind their end.
const rowPad = 64

// Resizer changes the size of images, of whole ones or row by row. It keeps
// memory for as many rows as a window is high, so the zero Resizer is ready, and
// one is used by one goroutine at a time.
type Resizer struct {
	x, y *tables    // of this resize
	own  [2]*tables // where there is no room for more known ones
	sums pixelsimd.Sums
	near []int32 // source columns, then source rows of Nearest

	dst, src   Size
	c          int // samples a pixel
	filter     Filter
	wide, tall bool  // what changes
	out        Rows  // where rows go
	image      Image // where they go instead, if it has pixels
	next, done int   // source rows seen, output rows made

	ring   []uint8 // the last depth rows, resized along x
	stride int     // of ring
	depth  int
	at     []int   // where the rows of a window begin in ring
	line   []uint8 // an output row
	padded []uint8 // a source row that had no room behind it
}

// Stream makes r resize an image of src pixels with c samples, 1 or 3, which
// comes through Row, to dst pixels, whose rows go to out. They are the bytes of
// Resize.
func (r *Resizer) Stream(dst, src Size, c int, f Filter, out Rows) {
	r.start(dst, src, c, f)
	r.out = out
}

func (r *Resizer) start(dst, src Size, c int, f Filter) {
	r.dst, r.src, r.c, r.filter = dst, src, c, f
	r.wide, r.tall = dst.W != src.W, dst.H != src.H
	r.next, r.done = 0, 0
	width := dst.W * c
	r.line = resized(r.line, width+rowPad)
	if f == Nearest {
		r.near = resized(r.near, dst.W+dst.H)
		NearestTable(r.near[:dst.W], 0, float64(src.W)/float64(dst.W), src.W)
		NearestTable(r.near[dst.W:], 0, float64(src.H)/float64(dst.H), src.H)
		return
	}
	if r.wide {
		r.x = known.get(&r.own[0], route{src.W, dst.W, f, c})
	}
	if r.tall {
		r.y = known.get(&r.own[1], route{src.H, dst.H, f, 0})
		r.depth = int(slices.Max(r.y.N))
		r.stride = (width + pixelsimd.AcrossPad + 63) &^ 63
		r.ring = resized(r.ring, r.depth*r.stride)
		r.at = resized(r.at, r.depth+1)
	}
}

// Row takes row y of the source: all rows, from 0 on. It returns the first error
// of the Rows that results go to.
func (r *Resizer) Row(y int, px []uint8) error {
	if y != r.next || y >= r.src.H || len(px) < r.src.W*r.c {
		return fmt.Errorf("pixel: row %d of %d bytes, expected row %d of %d x %d pixels", y, len(px), r.next, r.src.H, r.src.W)
	}
	return r.take(y, px[:r.src.W*r.c])
}

// take is Row for a row that is as it should be.
func (r *Resizer) take(y int, px []uint8) error {
	r.next = y + 1
	switch {
	case r.filter == Nearest && (r.wide || r.tall):
		return r.takeNearest(y, px)
	case r.tall:
		return r.takeTall(y, px)
	case r.wide:
		r.stretch(r.line, px)
		return r.give(y, r.line[:r.dst.W*r.c])
	}
	return r.give(y, px)
}

// takeTall puts a row into the ring, and makes the output rows that it completes.
func (r *Resizer) takeTall(y int, px []uint8) error {
	if r.done == r.dst.H || y < int(r.y.Lo[r.done]) {
		return nil
	}
	if slot := r.ring[y%r.depth*r.stride:][:r.stride]; r.wide {
		r.stretch(slot, px)
	} else {
		copy(slot, px)
	}
	for ; r.done < r.dst.H && r.y.end(r.done) <= y+1; r.done++ {
		row := r.into(r.done)
		r.y.down.Row(row, r.done, r.ring, r.window(r.done), &r.sums)
		if err := r.give(r.done, row); err != nil {
			return err
		}
	}
	return nil
}

// window returns where the rows that output row i is made of begin in the ring.
func (r *Resizer) window(i int) []int {
	slot := int(r.y.Lo[i]) % r.depth
	for j := range r.y.N[i] {
		r.at[j] = slot * r.stride
		if slot++; slot == r.depth {
			slot = 0
		}
	}
	return r.at
}

// stretch resizes a row along x.
func (r *Resizer) stretch(dst, px []uint8) {
	if cap(px)-len(px) < pixelsimd.AcrossReads {
		r.padded = resized(r.padded, len(px)+pixelsimd.AcrossReads)
		copy(r.padded, px)
		px = r.padded[:len(px)]
	}
	r.x.across.Row(dst[:r.dst.W*r.c], px)
}

func (r *Resizer) takeNearest(y int, px []uint8) error {
	xs, ys := r.near[:r.dst.W], r.near[r.dst.W:]
	for made := false; r.done < r.dst.H && int(ys[r.done]) == y; r.done++ {
		row := r.line[:r.dst.W*r.c]
		if !made {
			pick(row, px, xs, r.c)
			made = true
		}
		if err := r.give(r.done, row); err != nil {
			return err
		}
	}
	return nil
}

// into returns the memory to make output row y in.
func (r *Resizer) into(y int) []uint8 {
	if r.image.Pix != nil {
		return r.image.Row(y)
	}
	return r.line[:r.dst.W*r.c]
}

// give hands output row y on.
func (r *Resizer) give(y int, row []uint8) error {
	if r.image.Pix == nil {
		return r.out.Row(y, row)
	}
	if to := r.image.Row(y); &to[0] != &row[0] {
		copy(to, row)
	}
	return nil
}
