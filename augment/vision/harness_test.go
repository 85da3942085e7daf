package vision

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// A scene is rows of a data set: images of one size and what lives on them.
type scene struct {
	spec loader.Spec
	cols []mem.Column
}

// add appends a field and its values.
func (s *scene) add(f loader.Field, c mem.Column) {
	s.spec, s.cols = append(s.spec, f), append(s.cols, c)
}

// times repeats the rows of fixed shape n times.
func (s *scene) times(n int) *scene {
	r := &scene{spec: s.spec}
	for i, f := range s.spec {
		r.cols = append(r.cols, mem.Column{DType: f.DType, Data: bytes.Repeat(s.cols[i].Data, n)})
	}
	return r
}

func (s *scene) source(t testing.TB) *mem.Source {
	t.Helper()
	src, err := mem.Columns(s.spec, s.cols...)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// images returns a scene of n noisy images.
func images(n, h, w int) *scene {
	s := &scene{}
	s.add(loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(h, w, 3), Kind: kind.Image}, mem.Of(noise(1, n*h*w*3)))
	return s
}

func noise(seed uint64, n int) []uint8 {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]uint8, n)
	for i := range b {
		b[i] = uint8(r.Uint32())
	}
	return b
}

// load returns a loader of src, batch by batch of the given size.
func load(t testing.TB, src loader.Source, batch int, transforms ...loader.Transform) *loader.Loader {
	t.Helper()
	ld, err := loader.New(src, loader.Config{BatchSize: batch, Seed: 7, Workers: 2, Transforms: transforms})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ld.Close() })
	return ld
}

// first returns the first sample behind the transforms.
func first(t testing.TB, src loader.Source, transforms ...loader.Transform) *loader.Trace {
	t.Helper()
	return traced(t, load(t, src, 1, transforms...), 0)
}

func traced(t testing.TB, ld *loader.Loader, id int64) *loader.Trace {
	t.Helper()
	tr, err := ld.Trace(context.Background(), 0, id, 0)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// note returns the values that the last stage noted under a name.
func note(tr *loader.Trace, name string) []float64 {
	for _, n := range tr.Steps[len(tr.Steps)-1].Notes {
		if n.Name == name {
			return n.Values
		}
	}
	return nil
}

// bound returns the error of binding t to spec.
func bound(spec loader.Spec, t loader.Transform) error {
	_, err := t.Bind(spec)
	return err
}

// encoded returns a source of the given files.
func encoded(t testing.TB, files ...[]byte) *mem.Source {
	s := &scene{}
	s.add(loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedImage}, mem.Varying(files))
	return s.source(t)
}

// gradient returns a small photograph-like image.
func gradient(h, w int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(x * 5), uint8(y * 7), uint8(255 - x - y), 255})
		}
	}
	return m
}

func jpegFile(t testing.TB, m image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngFile(t testing.TB, m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
