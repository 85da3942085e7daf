package vision

import (
	"fmt"

	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/internal/pixelsimd"
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
	if n.DType == dtype.Uint8 {
		return loader.Stage{}, fmt.Errorf("vision: DType %v is none of float32, float16 and bfloat16: %w", n.DType, loader.ErrSpec)
	}
	return layOut(p, n.Layout, n.DType, n.Mean, n.Std)
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
	if t.DType == dtype.Invalid {
		t.DType = dtype.Uint8
	}
	return layOut(p, t.Layout, t.DType, [3]float32{}, [3]float32{1, 1, 1})
}

// layOut binds what turns samples into (x/255 - mean)/std of a type, or leaves
// them what they are, and lays them out.
func layOut(p pixels, l Layout, t dtype.Type, mean, std [3]float32) (loader.Stage, error) {
	for c := p.channels; c < len(std); c++ {
		mean[c], std[c] = mean[0], std[0] // there is no such channel
	}
	switch t {
	case dtype.Uint8:
		return toned(p, l, t, pixelsimd.NewTone[uint8](pixelsimd.Byte, mean, std))
	case dtype.Float32:
		return toned(p, l, t, pixelsimd.NewTone[float32](pixelsimd.Float, mean, std))
	case dtype.Float16:
		return toned(p, l, t, pixelsimd.NewTone[uint16](pixelsimd.Half, mean, std))
	case dtype.BFloat16:
		return toned(p, l, t, pixelsimd.NewTone[uint16](pixelsimd.Brain, mean, std))
	}
	return loader.Stage{}, fmt.Errorf("vision: DType %v is none of float32, float16 and bfloat16: %w", t, loader.ErrSpec)
}

// toned binds the stage that tones samples and lays them out.
func toned[T uint8 | uint16 | float32](p pixels, l Layout, t dtype.Type, tone *pixelsimd.Tone[T]) (loader.Stage, error) {
	if l > NHWC {
		return loader.Stage{}, fmt.Errorf("vision: unknown layout %d: %w", l, loader.ErrSpec)
	}
	in := p.spec[p.image]
	out := p.spec.Clone()
	out[p.image].DType = t
	out[p.image].Shape = l.shape(in.Shape)
	return loader.Stage{Out: out, Writes: []int{p.image}, Op: newLayer(p, l, t, tone), Row: func(w *loader.Worker, s *loader.Sample) error {
		src, err := p.view(s)
		if err != nil {
			return err
		}
		dst := loader.View[T](*w.Out(s, p.image, t, l.shape(s.Fields[p.image].Shape)))
		to := pixel.Slot[T]{Tone: tone, Dst: dst, W: src.W, H: src.H, C: src.C, Planar: l == NCHW}
		to.Image(src)
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

func newLayer[T uint8 | uint16 | float32](p pixels, l Layout, t dtype.Type, tone *pixelsimd.Tone[T]) *layer {
	return &layer{image: p.image, layout: l, dtype: t, rows: func() layerRows {
		return &slot[T]{pixel.Slot[T]{Tone: tone, C: p.channels, Planar: l == NCHW}}
	}}
}

// asIs returns the layer of an image that stays one.
func asIs(p pixels) *layer {
	return newLayer(p, NHWC, dtype.Uint8, pixelsimd.NewTone[uint8](pixelsimd.Byte, [3]float32{}, [3]float32{}))
}

// layerRows lays the rows of an image out.
type layerRows interface {
	pixel.Rows
	begin(dst *loader.Tensor, z size, mirrored bool)
}

// slot is the place of an image in a batch.
type slot[T uint8 | uint16 | float32] struct{ pixel.Slot[T] }

func (s *slot[T]) begin(dst *loader.Tensor, z size, mirrored bool) {
	s.Dst, s.W, s.H, s.Order = loader.View[T](*dst), z.w, z.h, pixelsimd.Forward
	if mirrored {
		s.Order = pixelsimd.Mirrored
	}
}

// shape returns the shape of an image (h, w, c) in layout l.
func (l Layout) shape(z loader.Shape) loader.Shape {
	if l == NCHW {
		return loader.Dims(z.Dim(2), z.Dim(0), z.Dim(1))
	}
	return z
}
