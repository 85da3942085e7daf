package stored

import (
	"context"
	"math/rand/v2"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/synth"
)

// Rows says how much there is of the data set. A row has a number of its own, "id",
// Floats numbers "x" and a text of up to 40 letters; formats of fixed records leave
// the text out, and those of one array, or of tokens, have "x" alone. A block has
// Group rows, where there are any.
type Rows struct{ N, Floats, Group int }

// The fields of a row.
const (
	fieldID = iota
	fieldX
	fieldText
)

// Spec implements synth.Generator.
func (r Rows) Spec() loader.Spec {
	return loader.Spec{
		{Name: "id", DType: dtype.Int64},
		{Name: "x", DType: dtype.Float32, Shape: loader.Dims(r.Floats)},
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
	}
}

// Row implements synth.Generator. A codec makes the numbers about half as large.
func (r Rows) Row(rng *rand.Rand, i int64, w *loader.Worker, s *loader.Sample) error {
	w.Out(s, fieldID, dtype.Int64, loader.Shape{})
	loader.View[int64](s.Fields[fieldID])[0] = i
	w.Out(s, fieldX, dtype.Float32, loader.Dims(r.Floats))
	for k := range r.Floats {
		loader.View[float32](s.Fields[fieldX])[k] = float32(rng.Uint32N(1<<12)) + 0.5
	}
	text := w.Out(s, fieldText, dtype.Uint8, loader.Dims(rng.IntN(41))).Data
	for k := range text {
		text[k] = 'a' + byte(rng.Uint32N(26))
	}
	return nil
}

// loader returns a loader of the rows.
func (r Rows) loader() (*loader.Loader, error) {
	return loader.New(synth.New(r, r.N, 1), loader.Config{BatchSize: 256})
}

// each calls do with every batch of the rows.
func (r Rows) each(ctx context.Context, do func(*loader.Batch) error) error {
	ld, err := r.loader()
	if err != nil {
		return err
	}
	defer ld.Close()
	for b, err := range ld.All(ctx) {
		if err == nil {
			err = do(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
