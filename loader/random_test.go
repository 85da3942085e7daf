package loader_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/remainder"
)

// FuzzConfig draws a data set, a pipeline and what else decides the bytes of batches, and
// finds the same stream whatever must not matter: workers, readers, memory, how long
// reads and rows take, a consumer that is slow, keeps batches, leaves or is cut off
// and resumes elsewhere. Time is virtual: a bubble notices when nobody goes on.
func FuzzConfig(f *testing.F) {
	for seed := range few(100, 15) {
		f.Add(uint64(seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		synctest.Test(t, func(t *testing.T) { checkSeed(t, seed) })
	})
}

func checkSeed(t *testing.T, seed uint64) {
	tr := newTrial(rand.New(rand.NewPCG(seed, 1)))
	defer func() {
		if t.Failed() {
			t.Logf("seed %d: %v", seed, tr)
		}
	}()
	plain := tr.config
	plain.Workers, plain.Readers, plain.Prefetch = 1, 1, 1
	want := tr.run(t, tr.source(), plain, consumer{})
	for range 5 {
		tr.compare(t, want)
	}
}

// trial is what decides a stream.
type trial struct {
	*rand.Rand
	table    func() *table
	config   loader.Config
	regroups bool
}

func (tr *trial) String() string {
	tb := tr.table()
	return fmt.Sprintf("sizes %v, random %v, place %q, %d bytes a row, bad %v, broken %v, garble %v, decode %v\n%+v",
		tb.sizes, tb.random, tb.place, tb.bytes, tb.bad, tb.broken, tb.garble, tb.decode, tr.config)
}

func newTrial(rng *rand.Rand) *trial {
	sizes := make([]int, rng.IntN(1+rng.IntN(60)))
	for i := range sizes {
		sizes[i] = rng.IntN(3) * rng.IntN(1+200/len(sizes))
	}
	bad, broken, garble := map[int64]error{}, map[int]error{}, map[int]error{}
	if rng.IntN(2) == 0 {
		for range rng.IntN(6) {
			bad[rng.Int64N(200)] = errRotten
		}
		for range rng.IntN(2) {
			broken[rng.IntN(10)] = errRotten
			garble[rng.IntN(10)] = errRotten
		}
	}
	kind, bytes := rng.IntN(6), int64(1)<<(8+rng.IntN(12))
	tr := &trial{Rand: rng}
	tr.table = func() *table {
		tb := &table{sizes: sizes, bytes: bytes, bad: bad, broken: broken, heeds: true}
		switch kind {
		case 0:
			tb.random, tb.bytes = true, 0
		case 1, 2, 3:
			tb.random, tb.place = true, []string{"", "text", "id"}[kind-1]
		case 4:
			tb.decode, tb.garble = true, garble
		}
		return tb
	}
	pick := func(names ...string) string { return names[rng.IntN(len(names))] }
	pipe := pick("none", "row", "batch", "both", "drop", "pack")
	tr.regroups = pipe == "drop" || pipe == "pack"
	tr.config = loader.Config{
		BatchSize: 1 + rng.IntN(12), Epochs: 1 + rng.IntN(3), Seed: rng.Uint64(),
		Order:      orders()[pick("sequential", "shuffle", "shuffle3")],
		Transforms: pipelines()[pipe],
		Remainder:  []remainder.Policy{remainder.Short, remainder.Drop, remainder.Repeat}[rng.IntN(3)],
		World:      1 + rng.IntN(3)*rng.IntN(3),
		OnError:    []loader.ErrorPolicy{{}, loader.Skip(3), loader.Skip(1 << 20), loader.Substitute(3), loader.Substitute(1 << 20)}[rng.IntN(5)],
	}
	tr.config.Rank = rng.IntN(tr.config.World)
	return tr
}

// source returns the data, which takes its time.
func (tr *trial) source() *table {
	tb := tr.table()
	delay, nap := tr.pace(), tr.pace()
	tb.delay = func(int) time.Duration { return delay() }
	tb.nap = func(int64) time.Duration { return nap() }
	return tb
}

// pace returns a function that says how long things take, which changes now and then.
func (tr *trial) pace() func() time.Duration {
	all := []time.Duration{0, 5 * time.Microsecond, 50 * time.Microsecond, time.Millisecond, 20 * time.Millisecond}
	first, then, every := all[tr.IntN(5)], all[tr.IntN(5)], 1+tr.Int64N(100)
	var calls atomic.Int64
	return func() time.Duration {
		switch n := calls.Add(1); {
		case n%97 == 0: // and is overtaken
			return 200 * time.Millisecond
		case n/every%2 == 0:
			return first
		}
		return then
	}
}

// settings returns a configuration of the same stream.
func (tr *trial) settings() loader.Config {
	c := tr.config
	c.Workers, c.Readers, c.Prefetch = 1+tr.IntN(8), 1+tr.IntN(16), 1+tr.IntN(4)*tr.IntN(8)
	c.ReadAhead, c.MaxKept = tr.IntN(5), tr.IntN(5)
	for c.Memory = 1 << (10 + tr.IntN(20)); ; c.Memory *= 2 {
		ld, err := loader.New(tr.table().source(), c)
		if err == nil {
			ld.Close()
			return c
		}
		if !strings.Contains(err.Error(), "Memory allows") {
			panic(err)
		}
	}
}

// stream is what came of a run.
type stream struct {
	batches, states []string
	end             error
}

// consumer is what a loop body does.
type consumer struct {
	*rand.Rand        // nil for nothing
	leaves     int    // behind so many batches, 0 for never
	how        string // break, cancel or close
}

// run goes through what is left of the stream.
func (tr *trial) run(t *testing.T, src *table, c loader.Config, body consumer) (got stream) {
	ld, err := loader.New(src.source(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for b, err := range ld.All(ctx) {
		if err != nil {
			if got.end = err; body.leaves > 0 && body.leaves == len(got.batches) {
				got.end = nil // it was cut off
			}
			break
		}
		got.batches = append(got.batches, digest(b))
		state, err := json.Marshal(b.State())
		if err != nil {
			t.Fatal(err)
		}
		got.states = append(got.states, string(state))
		body.use(t, b)
		if body.leaves != len(got.batches) {
			continue
		}
		if body.how == "cancel" {
			cancel()
		} else if body.how == "close" {
			ld.Close()
		} else {
			break
		}
	}
	ld.Close()
	time.Sleep(10 * time.Second) // so that what was given up ends, and all is released
	if s := ld.Stats(); s.Kept != 0 || s.Stuck != 0 || src.opened.Load() != src.closed.Load() {
		t.Errorf("%d batches are kept, %d goroutines stuck, %d opened, %d closed", s.Kept, s.Stuck, src.opened.Load(), src.closed.Load())
	}
	return got
}

// use is a loop body.
func (c *consumer) use(t *testing.T, b *loader.Batch) {
	if c.Rand == nil {
		return
	}
	switch c.IntN(4) {
	case 0:
		time.Sleep(time.Duration(c.IntN(1000)) * 50 * time.Microsecond)
	case 1:
		kept, want := b.Keep(), digest(b)
		time.AfterFunc(time.Duration(c.IntN(1000))*200*time.Microsecond, func() {
			if digest(kept) != want {
				t.Error("a kept batch has changed")
			}
			kept.Release()
		})
	}
}

// compare runs the stream, or what is left of it behind some batch, with other settings.
func (tr *trial) compare(t *testing.T, want stream) {
	c := tr.settings()
	if n := len(want.states); n > 0 && tr.IntN(2) == 0 {
		cut := tr.IntN(n)
		c.Resume = stateOf(t, want.states[cut])
		want.batches, want.states = want.batches[cut+1:], want.states[cut+1:]
	}
	if want.end == nil && !tr.regroups && tr.IntN(3) == 0 {
		tr.compareAsReady(t, c, want.batches)
		return
	}
	body := consumer{Rand: rand.New(rand.NewPCG(tr.Uint64(), 2))}
	if n := len(want.batches); tr.IntN(3) == 0 && n > 0 {
		body.leaves, body.how = 1+tr.IntN(n), []string{"break", "cancel", "close"}[tr.IntN(3)]
		want = stream{want.batches[:body.leaves], want.states[:body.leaves], nil}
	}
	got := tr.run(t, tr.source(), c, body)
	if !slices.Equal(got.batches, want.batches) {
		t.Errorf("%+v, %+v: %d batches, want %d, or others", c, body, len(got.batches), len(want.batches))
	}
	if !slices.Equal(got.states, want.states) {
		t.Errorf("%+v, %+v: states %v, want %v", c, body, got.states, want.states)
	}
	if fmt.Sprint(got.end) != fmt.Sprint(want.end) {
		t.Errorf("%+v, %+v: ended with %v, want %v", c, body, got.end, want.end)
	}
}

// compareAsReady gets the batches in whatever order they come, in several runs of which
// each goes on behind some batch of the one before.
func (tr *trial) compareAsReady(t *testing.T, c loader.Config, want []string) {
	var got []string
	for more := tr.IntN(4); ; more-- {
		c.AsReady = true
		run := tr.run(t, tr.source(), c, consumer{Rand: rand.New(rand.NewPCG(tr.Uint64(), 2))})
		if run.end != nil {
			t.Errorf("%+v: ended with %v", c, run.end)
		}
		if more <= 0 || len(run.states) == 0 {
			got = append(got, run.batches...)
			break
		}
		cut := tr.IntN(len(run.states))
		got = append(got, run.batches[:cut+1]...)
		c = tr.settings()
		c.Resume = stateOf(t, run.states[cut])
	}
	if !sameBatches(got, want) {
		t.Errorf("%+v: %d batches, want %d, or others", c, len(got), len(want))
	}
}

func stateOf(t *testing.T, text string) *loader.State {
	var s loader.State
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}
