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
	"slices"
	"strings"
	"testing"

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

// Generator checks that rows of g depend on seed and number alone: those of a
// smaller data set are the first of a larger one, those of another seed are
// others. The rest of what a source promises, loadertest checks.
func Generator(t *testing.T, g synth.Generator) {
	t.Helper()
	const n = 96
	want := digests(t, synth.New(g, n, 7), loader.Config{BatchSize: n})
	distinct := map[string]bool{}
	for _, d := range want {
		distinct[d] = true
	}
	if len(distinct) < n*9/10 {
		t.Errorf("%d of %d rows are distinct", len(distinct), n)
	}
	for id, d := range digests(t, synth.New(g, n/2, 7), loader.Config{BatchSize: 5, Seed: 3, Order: loader.Shuffle{}}) {
		if d != want[id] {
			t.Fatalf("row %d is another one in a smaller data set", id)
		}
	}
	same := 0
	for id, d := range digests(t, synth.New(g, n, 8), loader.Config{BatchSize: n}) {
		if d == want[id] {
			same++
		}
	}
	if same > n/10 {
		t.Errorf("%d of %d rows are the same under another seed", same, n)
	}
}

// digests returns a hash of each row, by its number.
func digests(t *testing.T, src loader.Source, c loader.Config) map[int64]string {
	t.Helper()
	names, all := fieldNames(src.Spec()), map[int64]string{}
	Each(t, src, c, func(b *loader.Batch, i int) { all[b.IDs()[i]] = digest(b, i, names...) })
	return all
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
