package loader_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/loader"
)

type typedRow struct {
	ID    []int64
	Noisy []float32 `stoker:"noisy"`
	Chars []uint8   `stoker:"text"`
	Batch *loader.Batch
	local int `stoker:"-"`
}

func TestTyped(t *testing.T) {
	ld := mustNew(t, tables()["blocks"]().source(), loader.Config{BatchSize: 8, Transforms: []loader.Transform{jitter{}}})
	all, err := loader.Typed[typedRow](ld)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r, err := range all(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		offsets := r.Batch.Offsets("text")
		for i, id := range r.ID {
			if r.Noisy[2*i+1] != float32(id) || offsets[i+1]-offsets[i] != id%7 {
				t.Fatalf("id %d: noisy %v, %d bytes of text", id, r.Noisy[2*i+1], offsets[i+1]-offsets[i])
			}
			n++
		}
		if len(r.Chars) != int(offsets[len(offsets)-1]) || r.local != 0 {
			t.Fatalf("%d bytes of text, offsets %v", len(r.Chars), offsets)
		}
	}
	if n != 100 {
		t.Errorf("%d rows", n)
	}
}

func TestTypedMisfits(t *testing.T) {
	ld := mustNew(t, tables()["inline"]().source(), loader.Config{BatchSize: 8})
	for name, try := range map[string]func() error{
		"missing":  func() error { _, err := loader.Typed[struct{ Weight []float32 }](ld); return err },
		"type":     func() error { _, err := loader.Typed[struct{ ID []int32 }](ld); return err },
		"scalar":   func() error { _, err := loader.Typed[struct{ ID int64 }](ld); return err },
		"private":  func() error { _, err := loader.Typed[struct{ id []int64 }](ld); return err },
		"nostruct": func() error { _, err := loader.Typed[int](ld); return err },
	} {
		if err := try(); !errors.Is(err, loader.ErrSpec) || !strings.HasPrefix(err.Error(), "loader: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
