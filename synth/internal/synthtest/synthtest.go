// Package synthtest checks that a generator keeps its promises, through the
// loader, as a user meets it.
package synthtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/synth"
)

// Each calls f for every row of src that a loader with the given configuration
// delivers.
func Each(t testing.TB, src loader.Source, c loader.Config, f func(b *loader.Batch, i int)) {
	t.Helper()
	ld, err := loader.New(src, c)
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			f(b, i)
		}
	}
}

// digest returns a hash of row i of b, of the fields with the given names.
func digest(b *loader.Batch, i int, names ...string) string {
	h := sha256.New()
	for _, name := range names {
		v := b.Row(name, i)
		fmt.Fprintf(h, "%s %v %v\n", name, v.DType, v.Shape)
		h.Write(v.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func fieldNames(s loader.Spec) (names []string) {
	for _, f := range s {
		names = append(names, f.Name)
	}
	return names
}

// Golden compares the first 64 samples of g under seed 1, field by field, with
// the line of the given name in testdata/golden.txt. It holds digests of all
// fields but those left out.
func Golden(t *testing.T, name string, g synth.Generator, leftOut ...string) {
	t.Helper()
	h := sha256.New()
	var names []string
	for _, f := range fieldNames(g.Spec()) {
		if !slices.Contains(leftOut, f) {
			names = append(names, f)
		}
	}
	Each(t, synth.New(g, 64, 1), loader.Config{BatchSize: 64}, func(b *loader.Batch, i int) {
		fmt.Fprintln(h, digest(b, i, names...))
	})
	got := name + " " + hex.EncodeToString(h.Sum(nil))
	golden, err := os.ReadFile(filepath.Join("testdata", "golden.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		if strings.TrimSpace(line) == got {
			return
		}
	}
	t.Errorf("golden.txt has no line\n%s", got)
}

// passThrough is a transform that leaves rows as they are, and so makes the
// loader take rows instead of columns.
type passThrough struct{}

// Bind implements loader.Transform.
func (passThrough) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error { return nil }}, nil
}

// Generator checks that rows of g depend on seed and number alone: not on the
// order, the workers, the batch size, the epoch, the loader's seed, the size of
// the data set or whether columns are gathered.
func Generator(t *testing.T, g synth.Generator) {
	t.Helper()
	const n = 96
	names := fieldNames(g.Spec())
	want := make([]string, n)
	Each(t, synth.New(g, n, 7), loader.Config{BatchSize: n, Workers: 1}, func(b *loader.Batch, i int) {
		want[b.IDs()[i]] = digest(b, i, names...)
	})
	distinct := map[string]bool{}
	for _, d := range want {
		distinct[d] = true
	}
	if len(distinct) < n*9/10 {
		t.Errorf("%d of %d rows are distinct", len(distinct), n)
	}
	for _, c := range []loader.Config{
		{BatchSize: 5, Workers: 4},
		{BatchSize: 16, Workers: 2, Order: loader.Shuffle{}, Seed: 3, Epochs: 2},
		{BatchSize: 7, Workers: 3, Transforms: []loader.Transform{passThrough{}}},
		{BatchSize: 4, Workers: 2, Order: loader.Shuffle{}, Rank: 1, World: 2},
	} {
		seen := 0
		Each(t, synth.New(g, n, 7), c, func(b *loader.Batch, i int) {
			seen++
			if id := b.IDs()[i]; digest(b, i, names...) != want[id] {
				t.Fatalf("%+v: row %d is not what it was", c, id)
			}
		})
		if seen < n/2 {
			t.Errorf("%+v: %d rows", c, seen)
		}
	}
	other := 0
	Each(t, synth.New(g, n, 8), loader.Config{BatchSize: n}, func(b *loader.Batch, i int) {
		if digest(b, i, names...) == want[b.IDs()[i]] {
			other++
		}
	})
	if other > n/10 {
		t.Errorf("%d of %d rows are the same under another seed", other, n)
	}
}

// Allocs checks that g allocates nothing per sample once it runs.
func Allocs(t *testing.T, g synth.Generator, transforms ...loader.Transform) {
	t.Helper()
	if invariant.Enabled {
		t.Skip("checking builds allocate")
	}
	const batch, warm, measured = 32, 40, 40
	ld, err := loader.New(synth.New(g, batch*(warm+measured), 1), loader.Config{BatchSize: batch, Workers: 1, Prefetch: 2, Transforms: transforms})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	var before, after runtime.MemStats
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		switch b.Step {
		case warm:
			runtime.ReadMemStats(&before)
		case warm + measured - 1:
			runtime.ReadMemStats(&after)
		}
	}
	// A collection may empty the free lists once.
	if n := after.Mallocs - before.Mallocs; n > batch*measured/20 {
		t.Errorf("%d allocations in %d samples", n, batch*measured)
	}
}

// Rate measures batches of 64 samples made by one worker, with the loader
// around it.
func Rate(b *testing.B, g synth.Generator) {
	b.Helper()
	const batch = 64
	ld, err := loader.New(synth.New(g, 1<<20, 1), loader.Config{BatchSize: batch, Workers: 1, Epochs: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer ld.Close()
	b.ReportAllocs()
	for _, err := range ld.All(context.Background()) {
		if err != nil {
			b.Fatal(err)
		}
		if !b.Loop() {
			break
		}
	}
	b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "samples/s")
}
