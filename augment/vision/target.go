package vision

import (
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// canvas is an image together with the fields that live on it. Every geometric
// operation binds one, changes the image itself and calls move for the rest.
type canvas struct {
	pixels
	masks  []int
	points []int
	groups []group

	// cuts says that the operation may put parts of the canvas out of sight:
	// boxes are then clamped and dropped, key points outside become absent.
	cuts       bool
	minVisible float64 // part of a box's area that must be left for it to stay
	maskFill   int64   // of a mask where the canvas is new
}

// group is the fields that share their rows, and those of them that are boxes.
type group struct{ boxes, rows []int }

// bindCanvas finds the image with the given name, or the only one, and what
// lives on it. A field that no operation can move is an error.
func bindCanvas(in loader.Spec, name string) (canvas, error) {
	p, err := bindPixels(in, name)
	c := canvas{pixels: p}
	if err != nil {
		return c, err
	}
	for f, d := range in {
		if d.Name == "" || f == p.image || root(in, f, canvasOf) != p.image {
			continue
		}
		if err := c.add(f, d); err != nil {
			return c, err
		}
	}
	for _, g := range c.groups {
		for _, f := range g.rows {
			if f == c.image || slices.Contains(c.masks, f) || in[f].Shape.Rank() == 0 {
				return c, fmt.Errorf("vision: field %v cannot follow boxes: %w", in[f], loader.ErrSpec)
			}
		}
	}
	return c, nil
}

func canvasOf(d loader.Field) string  { return d.Canvas }
func followsOf(d loader.Field) string { return d.Follows }

// root returns the field at which the links that begin at field f end.
func root(in loader.Spec, f int, link func(loader.Field) string) int {
	for range in {
		next := in.Index(link(in[f]))
		if next < 0 {
			break
		}
		f = next
	}
	return f
}

// add takes field f among those that move.
func (c *canvas) add(f int, d loader.Field) error {
	last := 0
	if n := d.Shape.Rank(); n > 0 {
		last = d.Shape.Dim(n - 1)
	}
	switch {
	case d.Kind == kind.Mask && d.Shape.Rank() == 2 && !d.DType.Float():
		c.masks = append(c.masks, f)
	case d.Kind == kind.KeyPoints && d.Shape.Rank() >= 2 && last == 3 && d.DType == dtype.Float32:
		if err := checkMirror(d); err != nil {
			return err
		}
		c.points = append(c.points, f)
	case d.Kind == kind.Boxes && d.Shape.Rank() == 2 && last == 4 && d.DType == dtype.Float32:
		c.addBoxes(f)
	default:
		return fmt.Errorf("vision: field %v lives on %q and cannot be moved with it: only masks of whole numbers (height, width), float32 boxes (n, 4) and float32 key points (n, 3) can: %w",
			d, c.spec[c.image].Name, loader.ErrSpec)
	}
	return nil
}

// checkMirror returns an error if the partners of key points are not pairs.
func checkMirror(d loader.Field) error {
	if d.Mirror == nil {
		return nil
	}
	bad := d.Shape.Dim(d.Shape.Rank()-2) != len(d.Mirror)
	for i, j := range d.Mirror {
		bad = bad || j < 0 || j >= len(d.Mirror) || d.Mirror[j] != i
	}
	if bad {
		return fmt.Errorf("vision: Mirror of field %v must pair its %d points: %w", d, len(d.Mirror), loader.ErrSpec)
	}
	return nil
}

// addBoxes adds field f to the group of its rows.
func (c *canvas) addBoxes(f int) {
	head := root(c.spec, f, followsOf)
	for i := range c.groups {
		if slices.Contains(c.groups[i].rows, head) {
			c.groups[i].boxes = append(c.groups[i].boxes, f)
			return
		}
	}
	g := group{boxes: []int{f}}
	for i, d := range c.spec {
		if d.Name != "" && root(c.spec, i, followsOf) == head {
			g.rows = append(g.rows, i)
		}
	}
	c.groups = append(c.groups, g)
}

// out returns the spec behind an operation that makes the canvas as large as z.
func (c *canvas) out(z size) loader.Spec {
	out := c.spec.Clone()
	out[c.image].Shape = loader.Dims(z.h, z.w, c.channels)
	for _, f := range c.masks {
		out[f].Shape = loader.Dims(z.h, z.w)
	}
	if c.cuts {
		for _, g := range c.groups {
			for _, f := range g.rows {
				out[f].Shape = out[f].Shape.WithDim(0, -1)
			}
		}
	}
	return out
}

// writes lists the fields that get new memory: the masks and those given.
func (c *canvas) writes(f ...int) []int { return append(f, c.masks...) }

// move moves all but the image.
func (c *canvas) move(w *loader.Worker, s *loader.Sample, m motion) error {
	for _, f := range c.masks {
		if err := c.moveMask(w, s, f, m); err != nil {
			return err
		}
	}
	for _, f := range c.points {
		if err := c.movePoints(w, s, f, m); err != nil {
			return err
		}
	}
	for _, g := range c.groups {
		if err := c.moveGroup(w, s, g, m); err != nil {
			return err
		}
	}
	return nil
}

// moveMask looks every pixel of the new mask up in the old one.
func (c *canvas) moveMask(w *loader.Worker, s *loader.Sample, f int, m motion) error {
	src, err := c.value(s, f)
	if err != nil {
		return err
	}
	if have := (size{src.Shape.Dim(0), src.Shape.Dim(1)}); have != m.from {
		return fmt.Errorf("vision: mask %q is %v on an image of %v: %w", c.spec[f].Name, have, m.from, loader.ErrCorrupt)
	}
	dst := w.Out(s, f, src.DType, loader.Dims(m.to.h, m.to.w))
	switch src.DType.Size() {
	case 1:
		gather[uint8](w, *dst, src, m, c.maskFill)
	case 2:
		gather[uint16](w, *dst, src, m, c.maskFill)
	case 4:
		gather[uint32](w, *dst, src, m, c.maskFill)
	case 8:
		gather[uint64](w, *dst, src, m, c.maskFill)
	}
	return nil
}

func gather[T uint8 | uint16 | uint32 | uint64](w *loader.Worker, dst, src loader.Tensor, m motion, fill int64) {
	dst.DType, src.DType = dtype.Of[T](), dtype.Of[T]() // the bits, whatever their sign
	to, from := loader.View[T](dst), loader.View[T](src)
	a := m.back
	if !a.straight() {
		pixel.GatherAffine(to, from, m.to.w, m.from.h, m.from.w, [6]float64{a.xx, a.xy, a.x0, a.yx, a.yy, a.y0}, T(fill))
		return
	}
	n := m.to.w + m.to.h
	at := loader.View[int32](loader.Tensor{DType: dtype.Int32, Data: w.Scratch(4 * n)})
	xs, ys := at[:m.to.w], at[m.to.w:n]
	pixel.NearestTable(xs, a.x0, a.xx, m.from.w)
	pixel.NearestTable(ys, a.y0, a.yy, m.from.h)
	pixel.Gather(to, from, m.from.w, xs, ys, T(fill))
}

// movePoints moves key points; absent ones stay as they are.
func (c *canvas) movePoints(w *loader.Worker, s *loader.Sample, f int, m motion) error {
	if _, err := c.value(s, f); err != nil {
		return err
	}
	all := loader.View[float32](*w.Mutable(s, f))
	for p := all; len(p) >= 3; p = p[3:] {
		if p[2] == 0 {
			continue
		}
		x, y := m.fwd.at(float64(p[0]), float64(p[1]))
		p[0], p[1] = float32(x), float32(y)
		inside := x >= 0 && x <= float64(m.to.w) && y >= 0 && y <= float64(m.to.h)
		if c.cuts && !inside {
			p[2] = 0
		}
	}
	if mirror := c.spec[f].Mirror; m.mirrors() && len(mirror) > 0 {
		swapPoints(all, mirror)
	}
	return nil
}

// swapPoints exchanges each point with its partner.
func swapPoints(all []float32, mirror []int) {
	for ; len(all) >= 3*len(mirror); all = all[3*len(mirror):] {
		for i, j := range mirror {
			if i < j {
				p, q := (*[3]float32)(all[3*i:]), (*[3]float32)(all[3*j:])
				*p, *q = *q, *p
			}
		}
	}
}

// moveGroup moves boxes and, if the operation cuts, drops the rows of boxes of
// which nothing or too little is left.
func (c *canvas) moveGroup(w *loader.Worker, s *loader.Sample, g group, m motion) error {
	n := s.Fields[g.boxes[0]].Shape.Dim(0)
	for _, f := range g.rows {
		t, err := c.value(s, f)
		if err != nil {
			return err
		}
		if t.Shape.Dim(0) != n {
			return fmt.Errorf("vision: field %q has %d rows for %d boxes: %w", c.spec[f].Name, t.Shape.Dim(0), n, loader.ErrCorrupt)
		}
	}
	keep := w.Scratch(n)
	for i := range keep {
		keep[i] = 1
	}
	for _, f := range g.boxes {
		c.moveBoxes(loader.View[float32](*w.Mutable(s, f)), m, keep)
	}
	left := 0
	for _, k := range keep {
		left += int(k)
	}
	if left == n {
		return nil
	}
	for _, f := range g.rows {
		dropRows(w.Mutable(s, f), keep, left)
	}
	return nil
}

// moveBoxes moves boxes to the hulls of their corners, clamps them to the canvas
// if the operation cuts, and takes the mark from those that should be dropped.
func (c *canvas) moveBoxes(v []float32, m motion, keep []uint8) {
	for i := range keep {
		p := (*[4]float32)(v[4*i:])
		h := m.fwd.hull([4]float64{float64(p[0]), float64(p[1]), float64(p[2]), float64(p[3])})
		if c.cuts && !c.clamp(&h, m.to) {
			keep[i] = 0
		}
		*p = [4]float32{float32(h[0]), float32(h[1]), float32(h[2]), float32(h[3])}
	}
}

// clamp cuts box b to the canvas and reports whether enough of it is left.
func (c *canvas) clamp(b *[4]float64, z size) bool {
	before := (b[2] - b[0]) * (b[3] - b[1])
	b[0], b[2] = max(b[0], 0), min(b[2], float64(z.w))
	b[1], b[3] = max(b[1], 0), min(b[3], float64(z.h))
	wide, high := b[2]-b[0], b[3]-b[1]
	return wide > 0 && high > 0 && wide*high >= c.minVisible*before // false for NaN
}

// dropRows keeps the marked rows of t.
func dropRows(t *loader.Tensor, keep []uint8, left int) {
	n, to := len(t.Data)/len(keep), 0
	for i, k := range keep {
		if k != 0 {
			to += copy(t.Data[to:to+n], t.Data[i*n:(i+1)*n])
		}
	}
	t.Data, t.Shape = t.Data[:to], t.Shape.WithDim(0, left)
}
