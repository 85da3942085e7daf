package shapes

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Generator makes pictures; it is a synth.Generator.
type Generator struct {
	cfg      Config
	spec     loader.Spec
	outlines [nClasses][][2]float64
	scenes   *sync.Pool // of *scene
}

// Indices of the fields.
const (
	fieldImage = iota
	fieldBoxes
	fieldLabels
	fieldMask
	fieldPoints
	fieldLabel
)

// New returns a generator of the pictures that c describes. The error wraps
// loader.ErrSpec.
func New(c Config) (*Generator, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Generator{
		cfg: c, spec: spec(c), outlines: outlines(),
		scenes: &sync.Pool{New: func() any { return new(scene) }},
	}, nil
}

func spec(c Config) loader.Spec {
	var names []string
	for _, k := range c.Classes {
		names = append(names, k.String())
	}
	image := loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(c.Height, c.Width, 3), Kind: kind.Image}
	if c.Encoded != Pixels {
		image.Shape, image.Kind = loader.Dims(-1), kind.EncodedImage
	}
	return loader.Spec{
		fieldImage:  image,
		fieldBoxes:  {Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		fieldLabels: {Name: "labels", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Label, Follows: "boxes", Names: names},
		fieldMask:   {Name: "mask", DType: dtype.Uint8, Shape: loader.Dims(c.Height, c.Width), Kind: kind.Mask, Canvas: "image"},
		fieldPoints: {Name: "points", DType: dtype.Float32, Shape: loader.Dims(-1, nPoints, 3), Kind: kind.KeyPoints, Canvas: "image", Follows: "boxes",
			Names:  []string{pointCentre: "centre", pointLeft: "left", pointRight: "right"},
			Mirror: []int{pointCentre: pointCentre, pointLeft: pointRight, pointRight: pointLeft}},
		fieldLabel: {Name: "label", DType: dtype.Int32, Shape: loader.Dims(), Kind: kind.Label, Names: names},
	}
}

// Spec implements synth.Generator.
func (g *Generator) Spec() loader.Spec { return g.spec }

// Fingerprint returns the configuration, which the pictures follow from.
func (g *Generator) Fingerprint() string { return fmt.Sprintf("%+v", g.cfg) }

// Row implements synth.Generator.
func (g *Generator) Row(rng *rand.Rand, _ int64, w *loader.Worker, s *loader.Sample) error {
	sc := g.scenes.Get().(*scene)
	defer g.scenes.Put(sc)
	set := func(f, n int) loader.Tensor {
		shape := g.spec[f].Shape
		if shape.Rank() > 0 && shape.Dim(0) < 0 {
			shape = shape.WithDim(0, n)
		}
		return *w.Out(s, f, g.spec[f].DType, shape)
	}
	mask := set(fieldMask, 0).Data
	clear(mask)
	if g.cfg.Encoded == Pixels {
		g.draw(rng, sc, set(fieldImage, 0).Data, mask)
	} else if err := g.encoded(rng, sc, mask, w, s); err != nil {
		return err
	}
	n := len(sc.shapes)
	boxes := loader.View[float32](set(fieldBoxes, n))
	labels := loader.View[int32](set(fieldLabels, n))
	points := loader.View[float32](set(fieldPoints, n))
	loader.View[int32](set(fieldLabel, 0))[0] = sc.describe(g.cfg.Boxes, boxes, labels, points)
	for i := range sc.shapes {
		a := &sc.shapes[i]
		w.Note("shape", float64(a.label), float64(a.centre.x)/256, float64(a.centre.y)/256, float64(a.radius)/256, float64(a.turn)/(1<<64))
	}
	return nil
}

// describe writes the labels of the shapes and returns the class of the one that
// shows the most.
func (sc *scene) describe(extent Extent, boxes []float32, labels []int32, points []float32) int32 {
	largest := 0
	for i := range sc.shapes {
		s := &sc.shapes[i]
		b := s.visible
		if extent == Amodal {
			b = s.whole
		}
		boxes[4*i], boxes[4*i+1], boxes[4*i+2], boxes[4*i+3] = float32(b.x0), float32(b.y0), float32(b.x1), float32(b.y1)
		labels[i] = int32(s.label)
		for k, p := range s.points {
			at := points[3*(nPoints*i+k):][:3]
			at[0], at[1], at[2] = float32(p.x)/256, float32(p.y)/256, p.visibility
		}
		if s.nVisible > sc.shapes[largest].nVisible {
			largest = i
		}
	}
	return labels[largest]
}
