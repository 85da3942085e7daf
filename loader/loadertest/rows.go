package loadertest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Row returns the fields of the sample with the given id, read by itself. They
// are the caller's; src stays open. An error ends the test.
func Row(t testing.TB, src loader.Source, id int64) []loader.Tensor {
	t.Helper()
	ld, err := loader.New(lend(src), loader.Config{BatchSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	tr, err := ld.Trace(t.Context(), 0, id, 0)
	if err != nil {
		t.Fatal(err)
	}
	return tr.Fields
}

// Apply returns what tr, of any kind, makes of a data set of one sample with
// the given values, field by field in the order of its output: a removed field
// is the zero Tensor. The error is that of loader.New or of the stream, and
// loader.Drop if the sample was left out.
func Apply(t testing.TB, tr loader.Transform, spec loader.Spec, values ...loader.Tensor) ([]loader.Tensor, error) {
	t.Helper()
	if len(values) != len(spec) {
		t.Fatalf("%d values for %d fields", len(values), len(spec))
	}
	return applyTo(t.Context(), &table{spec: spec, rows: [][]loader.Tensor{values}}, tr)
}

// applyTo returns the first row that tr makes of src.
func applyTo(ctx context.Context, src loader.Source, tr loader.Transform) ([]loader.Tensor, error) {
	ld, err := loader.New(src, loader.Config{BatchSize: 1, Workers: 1, Prefetch: 1, Transforms: []loader.Transform{tr}})
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	for b, err := range ld.All(ctx) {
		if err != nil {
			return nil, err
		}
		return copies(rowOf(b, 0)), nil
	}
	return nil, loader.Drop
}

// Of returns a tensor of the given shape with the given values, for Apply. It
// panics if their number does not fit.
func Of[T dtype.Element](shape loader.Shape, values ...T) loader.Tensor {
	if len(values) != shape.Len() {
		panic(fmt.Sprintf("loadertest: %d values for shape %v", len(values), shape))
	}
	t := loader.Tensor{DType: dtype.Of[T](), Shape: shape}
	t.Data = make([]byte, len(values)*t.DType.Size())
	copy(loader.View[T](t), values)
	return t
}

// rowOf returns the fields of row i of b, in its memory.
func rowOf(b *loader.Batch, i int) []loader.Tensor {
	fields := make([]loader.Tensor, len(b.Spec()))
	for f, field := range b.Spec() {
		if field.Name != "" {
			fields[f] = b.Row(field.Name, i)
		}
	}
	return fields
}

// copies returns fields with memory of their own.
func copies(fields []loader.Tensor) []loader.Tensor {
	c := make([]loader.Tensor, len(fields))
	for f, t := range fields {
		c[f] = t
		c[f].Data = append(make([]byte, 0, len(t.Data)), t.Data...)
	}
	return c
}

// digest is a checksum.
type digest [sha256.Size]byte

// sumOf returns the checksum of a row.
func sumOf(fields []loader.Tensor) (d digest) {
	h := sha256.New()
	for _, t := range fields {
		fmt.Fprintln(h, t.DType, t.Shape)
		h.Write(t.Data)
	}
	h.Sum(d[:0])
	return d
}

// lend returns src without its Close.
func lend(src loader.Source) loader.Source {
	if r, ok := src.(loader.RandomSource); ok {
		if p, ok := src.(inPlace); ok {
			return lentInPlace{lentRandom{r}, p}
		}
		return lentRandom{r}
	}
	return lent{src}
}

type lent struct{ loader.Source }

// Fingerprint returns that of the source.
func (l lent) Fingerprint() string { return printOf(l.Source) }

type lentRandom struct{ loader.RandomSource }

// Fingerprint returns that of the source.
func (l lentRandom) Fingerprint() string { return printOf(l.RandomSource) }

// inPlace is what a RandomSource has that reads a field straight into batches.
type inPlace interface {
	Sizes(refs []loader.Ref, bytes []int64) (field int)
	OpenInto(ctx context.Context, refs []loader.Ref, to []byte) (loader.Rows, error)
}

type lentInPlace struct {
	lentRandom
	inPlace
}

func printOf(src loader.Source) string {
	if f, ok := src.(interface{ Fingerprint() string }); ok {
		return f.Fingerprint()
	}
	return ""
}
