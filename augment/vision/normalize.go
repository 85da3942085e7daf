package vision

import (
	"fmt"
	"math"

	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Layout is the order of the dimensions of an image, named as in a batch.
type Layout uint8

// The layouts.
const (
	NCHW Layout = iota // plane by plane: what PyTorch and ONNX models take
	NHWC               // pixel by pixel: as images are decoded
)

// String returns the name of l.
func (l Layout) String() string {
	switch l {
	case NCHW:
		return "NCHW"
	case NHWC:
		return "NHWC"
	}
	return "unknown"
}

// Normalize turns samples of 0 to 255 into (x/255 - mean) / std, with the float32
// steps of torchvision, and lays them out for a model. It ends the work on
// pixels: what changes images or their geometry stands before it.
type Normalize struct {
	Field string // the image; empty means the only one
	// Mean and Std are those of the channels, on a scale of 0 to 1. If Std is
	// zero, both are ImageNet's: 0.485, 0.456, 0.406 and 0.229, 0.224, 0.225.
	// An image of one channel takes the first.
	Mean, Std [3]float32
	Layout    Layout
	DType     dtype.Type // Float32, which zero means, Float16 or BFloat16
}

// Bind implements loader.Transform. The stage turns uint8 (h, w, 1 or 3) into
// DType of (channels, h, w) or, for NHWC, (h, w, channels).
func (n Normalize) Bind(in loader.Spec) (loader.Stage, error) {
	switch {
	case n.Std != [3]float32{}:
	case n.Mean != [3]float32{}:
		return loader.Stage{}, fmt.Errorf("vision: Mean is set without Std: %w", loader.ErrSpec)
	default:
		n.Mean, n.Std = [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}
	}
	if n.DType == dtype.Invalid {
		n.DType = dtype.Float32
	}
	p, err := bindPixels(in, n.Field)
	if err != nil {
		return loader.Stage{}, err
	}
	for _, std := range n.Std[:p.channels] {
		if !(std > 0) {
			return loader.Stage{}, fmt.Errorf("vision: Std is %v, must be above 0: %w", n.Std, loader.ErrSpec)
		}
	}
	var table [3][256]float32
	for c := range table {
		for x := range table[c] {
			table[c][x] = (float32(x)/255 - n.Mean[c]) / n.Std[c]
		}
	}
	return convert(p, n.Layout, n.DType, &table)
}

// ToTensor lays images out for a model and changes the element type: to 0 to 1
// for floats, x/255 in float32 and then rounded, or not at all. It ends the work
// on pixels: what changes images or their geometry stands before it.
type ToTensor struct {
	Field  string // the image; empty means the only one
	Layout Layout
	DType  dtype.Type // Uint8, which zero means, Float32, Float16 or BFloat16
}

// Bind implements loader.Transform. The stage turns uint8 (h, w, 1 or 3) into
// DType of (channels, h, w) or, for NHWC, (h, w, channels).
func (t ToTensor) Bind(in loader.Spec) (loader.Stage, error) {
	p, err := bindPixels(in, t.Field)
	if err != nil {
		return loader.Stage{}, err
	}
	var table [3][256]float32
	for c := range table {
		for x := range table[c] {
			table[c][x] = float32(x) / 255
		}
	}
	if t.DType == dtype.Uint8 || t.DType == dtype.Invalid {
		var same [3][256]uint8
		for c := range same {
			for x := range same[c] {
				same[c][x] = uint8(x)
			}
		}
		return lookUp(p, t.Layout, dtype.Uint8, &same)
	}
	return convert(p, t.Layout, t.DType, &table)
}

// convert binds a look-up in a table whose values are rounded to a float type.
func convert(p pixels, l Layout, t dtype.Type, table *[3][256]float32) (loader.Stage, error) {
	var round func(float32) uint16
	switch t {
	case dtype.Float32:
		return lookUp(p, l, t, table)
	case dtype.Float16:
		round = float16
	case dtype.BFloat16:
		round = bfloat16
	default:
		return loader.Stage{}, fmt.Errorf("vision: DType %v is none of float32, float16 and bfloat16: %w", t, loader.ErrSpec)
	}
	var bits [3][256]uint16
	for c := range table {
		for x, v := range table[c] {
			bits[c][x] = round(v)
		}
	}
	return lookUp(p, l, t, &bits)
}

// lookUp binds the stage that looks every sample up and lays it out.
func lookUp[T uint8 | uint16 | float32](p pixels, l Layout, t dtype.Type, table *[3][256]T) (loader.Stage, error) {
	in := p.spec[p.image]
	if l > NHWC {
		return loader.Stage{}, fmt.Errorf("vision: unknown layout %d: %w", l, loader.ErrSpec)
	}
	out := p.spec.Clone()
	out[p.image].DType = t
	out[p.image].Shape = l.shape(in.Shape)
	op := &layer{image: p.image, layout: l, dtype: t, rows: func() layerRows { return &tableRows[T]{table: table, layout: l} }}
	return loader.Stage{Out: out, Writes: []int{p.image}, Op: op, Row: func(w *loader.Worker, s *loader.Sample) error {
		src, err := p.view(s)
		if err != nil {
			return err
		}
		dst := loader.View[T](*w.Out(s, p.image, t, l.shape(s.Fields[p.image].Shape)))
		if l == NCHW {
			pixel.Planar(dst, src, table)
		} else {
			pixel.Interleaved(dst, src, table)
		}
		return nil
	}}, nil
}

// layer is what a Normalize or ToTensor that is fused does.
type layer struct {
	image  int
	layout Layout
	dtype  dtype.Type
	rows   func() layerRows
}

// layerRows lays the rows of an image out.
type layerRows interface {
	pixel.Rows
	begin(dst *loader.Tensor, z size, mirrored bool)
}

type tableRows[T dtype.Element] struct {
	table    *[3][256]T
	layout   Layout
	dst      []T
	z        size
	mirrored bool
}

func (r *tableRows[T]) begin(dst *loader.Tensor, z size, mirrored bool) {
	r.dst, r.z, r.mirrored = loader.View[T](*dst), z, mirrored
}

// Row implements pixel.Rows.
func (r *tableRows[T]) Row(y int, px []uint8) error {
	n, w := r.z.h*r.z.w, r.z.w
	for c := range 3 {
		for x := range w {
			to := x
			if r.mirrored {
				to = w - 1 - x
			}
			v := r.table[c][px[3*x+c]]
			if r.layout == NCHW {
				r.dst[c*n+y*w+to] = v
			} else {
				r.dst[(y*w+to)*3+c] = v
			}
		}
	}
	return nil
}

// shape returns the shape of an image (h, w, c) in layout l.
func (l Layout) shape(z loader.Shape) loader.Shape {
	if l == NCHW {
		return loader.Dims(z.Dim(2), z.Dim(0), z.Dim(1))
	}
	return z
}

// bfloat16 rounds v to the nearest bfloat16, ties to even.
func bfloat16(v float32) uint16 {
	b := math.Float32bits(v)
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// float16 rounds v to the nearest IEEE 754 binary16, ties to even.
func float16(v float32) uint16 {
	b := math.Float32bits(v)
	sign := uint16(b >> 16 & 0x8000)
	abs := math.Float32frombits(b &^ (1 << 31))
	switch {
	case abs >= 65520:
		return sign | 0x7c00
	case abs < 1.0/(1<<14): // subnormal: whole steps of 2^-24
		return sign | uint16(math.RoundToEven(float64(abs)*(1<<24)))
	}
	b = b&^(1<<31) - (127-15)<<23
	return sign | uint16((b+0xfff+b>>13&1)>>13)
}
