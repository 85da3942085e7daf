package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

const (
	overheadItems = 1 << 20
	numbersBatch  = 256
	starts        = 20 // in a round, which one would make too short
)

// numbersConfig is what the contenders of W10 are given.
type numbersConfig struct {
	Items   int    `json:"items"`
	Batch   int    `json:"batch"`
	Shuffle bool   `json:"shuffle"`
	Workers int    `json:"workers"`
	Kind    string `json:"kind"`  // which of the contenders in Go
	First   int    `json:"first"` // how often to begin and take one batch, instead of all
}

// numbersCheck asks for the numbers of one epoch.
type numbersCheck struct {
	Out string `json:"out"`
}

// workload10 is what a loader costs where samples cost nothing.
func workload10(b *bench) ([]rounds.Match, error) {
	c := numbersConfig{Items: b.scaled(overheadItems), Batch: numbersBatch}
	return []rounds.Match{b.overhead(c), b.starts(c)}, nil
}

// overhead returns the match of whole epochs.
func (b *bench) overhead(c numbersConfig) rounds.Match {
	check := func(shuffled bool) asking {
		return askNumbers(filepath.Join(b.work, "numbers"), c.Items, shuffled)
	}
	with := func(kind string, workers int, shuffle bool) numbersConfig {
		c.Kind, c.Workers, c.Shuffle = kind, workers, shuffle
		return c
	}
	m := rounds.Match{Name: "W10", About: "whole numbers through a transform that does nothing, batches of 256, each number once"}
	m.Entries = []rounds.Entry{
		b.own("ours", "stoker, in order", "numbers", with("rows", 0, false), check(false)),
		b.own("ours_shuffled", "stoker, shuffled exactly", "numbers", with("rows", 0, true), check(true)),
		b.own("ours_columns", "stoker without the transform, so that columns are copied", "numbers", with("columns", 0, false), check(false)),
		b.python("torch_0", "DataLoader, num_workers=0, in order", "torch_numbers.py", with("", 0, false), check(false)),
		b.python("torch_shuffled_0", "DataLoader, num_workers=0, shuffled", "torch_numbers.py", with("", 0, true), check(true)),
		b.python("torch_2", "DataLoader, num_workers=2, in order", "torch_numbers.py", with("", 2, false), check(false)),
		b.python("tfdata", "tf.data, in order", "tf_numbers.py", with("", 2, false), check(false)),
		b.own("limit", "limit: an atomic addition and a store for each number", "numbers", with("limit", 0, false), check(false)),
	}
	m.Ratios = append(against("ours", m.Entries), [2]string{"ours_shuffled", "torch_shuffled_0"})
	return m
}

// starts returns the match of first batches.
func (b *bench) starts(c numbersConfig) rounds.Match {
	with := func(kind string, workers int) numbersConfig {
		c.Kind, c.Workers, c.Shuffle, c.First = kind, workers, true, starts
		return c
	}
	m := rounds.Match{Name: "W10_first", About: "beginning a shuffled epoch of whole numbers, up to the first batch; an item is a beginning"}
	m.Entries = []rounds.Entry{
		b.own("ours", "stoker", "numbers", with("rows", 0), nil),
		b.own("ours_resumed", "stoker, from a state in the middle of the epoch", "numbers", with("resume", 0), nil),
		b.python("torch_0", "DataLoader, num_workers=0", "torch_numbers.py", with("", 0), nil),
		b.python("torch_2", "DataLoader, num_workers=2", "torch_numbers.py", with("", 2), nil),
	}
	m.Ratios = against("ours", m.Entries)
	return m
}

// askNumbers returns a check that has a child write the numbers of an epoch, which
// must be all there are, in order if they are not shuffled.
func askNumbers(file string, n int, shuffled bool) asking {
	return func(_ context.Context, ask func(any) error) (string, error) {
		defer os.Remove(file)
		if err := ask(numbersCheck{file}); err != nil {
			return "", err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		got := make([]int32, len(data)/4)
		if _, err := binary.Decode(data, binary.LittleEndian, got); err != nil {
			return "", err
		}
		if slices.IsSorted(got) == shuffled {
			return "", errors.New("in the wrong order")
		}
		slices.Sort(got)
		for i, v := range got {
			if int(v) != i || len(got) != n {
				return "", fmt.Errorf("%d numbers, number %d is %d", len(got), i, v)
			}
		}
		return "each once", nil
	}
}

// openNumbers opens the contenders of W10 that are in Go.
func openNumbers(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c numbersConfig) (*rounds.Work, error) {
		if c.Kind == "limit" {
			return limitNumbers(c), nil
		}
		open, err := c.loaders()
		if err != nil {
			return nil, err
		}
		if c.First > 0 {
			return &rounds.Work{Run: func(int, int) (int, error) { return c.First, c.begin(open) }}, nil
		}
		ld, err := open()
		if err != nil {
			return nil, err
		}
		return &rounds.Work{
			Run:   func(int, int) (int, error) { return drain(ld) },
			Check: func(what json.RawMessage) error { return writeNumbers(what, ld) },
		}, nil
	})(config)
}

// loaders returns what makes the loader of c, from its beginning or from the
// middle of its epoch.
func (c numbersConfig) loaders() (open func() (*loader.Loader, error), err error) {
	list := make([]int32, c.Items)
	for i := range list {
		list[i] = int32(i)
	}
	src, err := mem.Columns(loader.Spec{{Name: "x", DType: dtype.Int32}}, mem.Of(list))
	if err != nil {
		return nil, err
	}
	cfg := loader.Config{BatchSize: c.Batch}
	if c.Shuffle {
		cfg.Order = loader.Shuffle{}
	}
	if c.Kind != "columns" {
		cfg.Transforms = []loader.Transform{nothing{}}
	}
	open = func() (*loader.Loader, error) { return loader.New(src, cfg) }
	if c.Kind != "resume" {
		return open, nil
	}
	ld, err := open()
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	for batch, err := range ld.All(context.Background()) {
		if err != nil {
			return nil, err
		}
		if s := batch.State(); s.Position >= int64(c.Items/2) {
			cfg.Resume = &s
			break
		}
	}
	return open, nil
}

// begin takes the first batch of new loaders.
func (c numbersConfig) begin(open func() (*loader.Loader, error)) error {
	for range c.First {
		ld, err := open()
		if err != nil {
			return err
		}
		for _, err := range ld.All(context.Background()) {
			if err != nil {
				return err
			}
			break
		}
		if err := ld.Close(); err != nil {
			return err
		}
	}
	return nil
}

// writeNumbers writes the numbers of an epoch to a file.
func writeNumbers(what json.RawMessage, ld *loader.Loader) error {
	var check numbersCheck
	if err := json.Unmarshal(what, &check); err != nil {
		return err
	}
	var out bytes.Buffer
	for batch, err := range ld.All(context.Background()) {
		if err != nil {
			return err
		}
		out.Write(batch.Tensor("x").Data)
	}
	return os.WriteFile(check.Out, out.Bytes(), 0o666)
}

// limitNumbers is the least that hands numbers to several workers one by one.
func limitNumbers(c numbersConfig) *rounds.Work {
	batch := make([]int32, c.Batch)
	each := func(full func([]int32)) {
		var next atomic.Int64
		for i := 0; i < c.Items; i += len(batch) {
			batch := batch[:min(len(batch), c.Items-i)]
			for k := range batch {
				batch[k] = int32(next.Add(1) - 1)
			}
			full(batch)
		}
	}
	return &rounds.Work{
		Run: func(int, int) (int, error) {
			each(func([]int32) {})
			return c.Items, nil
		},
		Check: func(what json.RawMessage) error {
			var check numbersCheck
			if err := json.Unmarshal(what, &check); err != nil {
				return err
			}
			var out bytes.Buffer
			each(func(batch []int32) { out.Write(asBytes(batch)) })
			return os.WriteFile(check.Out, out.Bytes(), 0o666)
		},
	}
}

// nothing is a transform of rows that does nothing.
type nothing struct{}

// Bind implements loader.Transform.
func (nothing) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error { return nil }}, nil
}
