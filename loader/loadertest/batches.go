package loadertest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
)

// All returns the batches that a loader with the given configuration makes of
// src, which stays open. Any error ends the test.
func All(t testing.TB, src loader.Source, c loader.Config) iter.Seq[*loader.Batch] {
	return func(yield func(*loader.Batch) bool) {
		t.Helper()
		stream(t, lend(src), c, yield)
	}
}

// stream is All for a source that the loader closes.
func stream(t testing.TB, src loader.Source, c loader.Config, yield func(*loader.Batch) bool) {
	t.Helper()
	ld, err := loader.New(src, c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := ld.Close(); err != nil {
			t.Errorf("closing the source: %v", err)
		}
	}()
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if !yield(b) {
			return
		}
	}
}

// Digest returns the SHA-256 of all batches that a loader makes of src, in
// hexadecimal: of every name, type, shape, offset and byte, the sample ids, and
// the epoch and step of each batch. src stays open. Any error ends the test.
func Digest(t testing.TB, src loader.Source, c loader.Config) string {
	t.Helper()
	h := sha256.New()
	for b := range All(t, src, c) {
		writeBatch(h, b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writeBatch(w io.Writer, b *loader.Batch) {
	fmt.Fprintf(w, "%d %d %d %v\n", b.Epoch, b.Step, b.Len(), b.IDs())
	for _, f := range b.Spec() {
		if f.Name == "" {
			continue
		}
		v := b.Tensor(f.Name)
		fmt.Fprintf(w, "%s %v %v %v\n", f.Name, v.DType, v.Shape, b.Offsets(f.Name))
		for i := range b.Len() {
			if !f.Shape.Fixed() {
				fmt.Fprint(w, b.Row(f.Name, i).Shape)
			}
		}
		w.Write(v.Data)
	}
}

// saved is a batch by its checksum, and the position behind it.
type saved struct {
	sum   digest
	state []byte // JSON
}

func record(t testing.TB, src loader.Source, c loader.Config) (list []saved) {
	t.Helper()
	stream(t, src, c, func(b *loader.Batch) bool {
		h := sha256.New()
		writeBatch(h, b)
		state, err := json.Marshal(b.State())
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, saved{digest(h.Sum(nil)), state})
		return true
	})
	return list
}

// Resume runs a loader to its end and saves its state behind each batch. It
// then goes on from each of the given batches, counted from 0, or from all if
// none is given: with a source and a loader of its own that know nothing but
// the saved JSON. What follows must be the same, byte by byte, and be saved as
// the same states. c.Epochs must not be negative.
func Resume(t testing.TB, open func() loader.Source, c loader.Config, cuts ...int) {
	t.Helper()
	want := record(t, open(), c)
	if len(want) == 0 {
		t.Fatal("no batches to resume behind")
	}
	if len(cuts) == 0 {
		for i := range want {
			cuts = append(cuts, i)
		}
	}
	for _, cut := range cuts {
		var from loader.State
		if err := json.Unmarshal(want[cut].state, &from); err != nil {
			t.Fatal(err)
		}
		c.Resume = &from
		got := record(t, open(), c)
		if c.AsReady { // the order may differ, and so do the positions
			sortBatches(got)
			rest := slices.Clone(want[cut+1:])
			sortBatches(rest)
			if !slices.EqualFunc(got, rest, sameSum) {
				t.Errorf("resumed behind batch %d: %d other batches than the %d that followed", cut, len(got), len(rest))
			}
			continue
		}
		compareRest(t, cut, got, want[cut+1:])
	}
}

func sameSum(a, b saved) bool { return a.sum == b.sum }

func sortBatches(list []saved) {
	slices.SortFunc(list, func(a, b saved) int { return bytes.Compare(a.sum[:], b.sum[:]) })
}

func compareRest(t testing.TB, cut int, got, want []saved) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("resumed behind batch %d: %d batches, want %d", cut, len(got), len(want))
		return
	}
	for i := range want {
		if got[i].sum != want[i].sum {
			t.Errorf("resumed behind batch %d: batch %d has other bytes", cut, cut+1+i)
			return
		}
		if !bytes.Equal(got[i].state, want[i].state) {
			t.Errorf("resumed behind batch %d: the state behind batch %d is %s, was %s", cut, cut+1+i, got[i].state, want[i].state)
			return
		}
	}
}

const (
	// windowSamples are counted together. What is prefetched beyond a window is
	// little beside it.
	windowSamples = 2048
	windows       = 10
	// strays is the share of samples in which an allocation is nobody's: the
	// runtime's own, or a free list's that a collection has emptied.
	strays = 0.02
	// epochStrays is what the plan of an epoch may take.
	epochStrays = 64
)

// Allocs checks that a loader, once it runs, makes no more than perSample
// allocations for each sample, with all epochs of src one behind another. Those
// at the start of an epoch do not count, nor those until the loader's own lists
// have reached their size. Builds with the race detector skip this, as they
// allocate more.
func Allocs(t testing.TB, src loader.Source, c loader.Config, perSample float64) {
	t.Helper()
	if invariant.Enabled {
		return
	}
	c.Epochs = -1
	if c.Prefetch == 0 {
		c.Prefetch = 2 // or much of a window is made before it begins
	}
	var before, after runtime.MemStats
	samples, window, epoch, least := 0, 0, int64(0), math.Inf(1)
	for b := range All(t, src, c) {
		if samples += b.Len(); samples < windowSamples {
			continue
		}
		runtime.ReadMemStats(&after)
		if window > 0 { // the first is for warming up
			made := float64(after.Mallocs-before.Mallocs) - epochStrays*float64(1+b.Epoch-epoch)
			least = min(least, max(0, made/float64(samples)-strays))
		}
		if window++; least <= perSample || window > windows {
			break
		}
		samples, epoch = 0, b.Epoch
		runtime.ReadMemStats(&before)
	}
	if least > perSample {
		t.Errorf("%.2f allocations for each sample, want at most %v", least, perSample)
	}
}
