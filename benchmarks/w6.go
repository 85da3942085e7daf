package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/format/tokens"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

const (
	tokensWindow = 2048
	tokensBatch  = 16
	windowIn     = 2 * tokensWindow     // bytes that are read for a window
	windowOut    = 2 * 4 * tokensWindow // and become tokens and targets of int32
)

// tokensConfig is what the contenders of W6 are given.
type tokensConfig struct {
	Path    string `json:"path"` // a file of uint16 tokens
	Tokens  int    `json:"tokens"`
	Window  int    `json:"window"`
	Batch   int    `json:"batch"`
	Workers int    `json:"workers"`
	Shuffle bool   `json:"shuffle"`
	Kind    string `json:"kind"` // which of the contenders that share a program
}

// windows returns the number of windows of the file.
func (c *tokensConfig) windows() int { return (c.Tokens - 1) / c.Window }

// windowsCheck asks for windows, by their numbers, to be written to Out.
type windowsCheck struct {
	Out     string `json:"out"`
	Windows []int  `json:"windows"`
}

// equalBytes returns a check that asks a child for what, and compares what it then
// wrote to a file with want.
func equalBytes(file string, what any, want []byte) asking {
	return func(_ context.Context, ask func(any) error) (string, error) {
		defer os.Remove(file)
		if err := ask(what); err != nil {
			return "", err
		}
		got, err := os.ReadFile(file)
		if err == nil && !bytes.Equal(got, want) {
			err = errors.New("its samples are others")
		}
		return "equal", err
	}
}

// workload6 is training of a language model: windows of a file of tokens.
func workload6(b *bench) ([]rounds.Match, error) {
	c := tokensConfig{Path: filepath.Join(b.work, "tokens.bin"), Tokens: b.scaled(madeBytes) / 2, Window: tokensWindow, Batch: tokensBatch}
	if err := writeNoise(c.Path, 2*c.Tokens, 6); err != nil {
		return nil, err
	}
	var all []rounds.Match
	for _, c.Shuffle = range []bool{false, true} {
		m, err := b.windows(c)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// writeNoise writes n random bytes.
func writeNoise(path string, n int, seed byte) error {
	noise := make([]byte, n)
	if _, err := rand.NewChaCha8([32]byte{seed}).Read(noise); err != nil {
		return err
	}
	return os.WriteFile(path, noise, 0o666)
}

// windows returns the match for one order.
func (b *bench) windows(c tokensConfig) (rounds.Match, error) {
	file := filepath.Join(b.work, "sample6")
	check, want, err := wantedWindows(c, file)
	if err != nil {
		return rounds.Match{}, err
	}
	same := equalBytes(file, check, want)
	with := func(kind string, workers int) tokensConfig {
		c.Kind, c.Workers = kind, workers
		return c
	}
	m := rounds.Match{Name: "W6", About: "uint16 tokens in the page cache: windows of 2048 in order, with targets, int32 batches of 16"}
	if c.Shuffle {
		m.Name, m.About = "W6_shuffled", "uint16 tokens in the page cache: windows of 2048 shuffled, with targets, int32 batches of 16"
	}
	m.Entries = []rounds.Entry{
		b.own("ours", "stoker, one worker", "tokens", with("loader", 1), nil),
		b.own("ours_mapped", "the same over a file that is mapped, as the peers have it", "tokens", with("mapped", 1), nil),
		b.python("numpy", "a loop by hand over a numpy memory map", "torch_tokens.py", with("numpy", 0), same),
		b.python("torch_0", "DataLoader over a numpy memory map, num_workers=0", "torch_tokens.py", with("loader", 0), same),
		b.python("torch_2", "the same, num_workers=2", "torch_tokens.py", with("loader", 2), same),
		b.own("pread", "limit: a read for each window, and a copy of what a batch has", "tokens", with("pread", 0), nil),
		b.own("memcpy", "limit: copies of what is read and of what a batch has, to memory", "tokens", with("copy", 0), nil),
		b.own("memcpy_cache", "limit: the same, to batches that stay in the cache", "tokens", with("cache", 0), nil),
	}
	m.Ratios = against("ours", m.Entries)
	return m, nil
}

// tokensLoader returns the loader of W6.
func tokensLoader(c tokensConfig) (*loader.Loader, error) {
	o := tokens.Options{Window: c.Window, Targets: true}
	if c.Kind == "mapped" {
		o.Pool.Backend = shard.MmapTrusted
	}
	src, err := tokens.Open(c.Path, o)
	if err != nil {
		return nil, err
	}
	config := loader.Config{BatchSize: c.Batch, Seed: 1, Workers: c.Workers}
	if c.Shuffle {
		config.Order = loader.Shuffle{}
	}
	return loader.New(src, config)
}

// wantedWindows makes windows from all over the file, and compares each with the
// tokens of the file.
func wantedWindows(c tokensConfig, out string) (check windowsCheck, want []byte, err error) {
	ld, err := tokensLoader(c)
	if err != nil {
		return check, nil, err
	}
	defer ld.Close()
	file, err := os.ReadFile(c.Path)
	if err != nil {
		return check, nil, err
	}
	check.Out = out
	for k := range min(checked, c.windows()) {
		id := k * c.windows() / min(checked, c.windows())
		t, err := ld.Trace(context.Background(), 0, int64(id), 0)
		if err != nil {
			return check, nil, err
		}
		for f := range 2 {
			for i, v := range loader.View[int32](t.Fields[f]) {
				if v != int32(binary.LittleEndian.Uint16(file[2*(id*c.Window+i+f):])) {
					return check, nil, fmt.Errorf("token %d of window %d is %d", i+f, id, v)
				}
			}
			want = append(want, t.Fields[f].Data...)
		}
		check.Windows = append(check.Windows, id)
	}
	return check, want, nil
}

// openTokens opens the contenders of W6 that are in Go.
func openTokens(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c tokensConfig) (*rounds.Work, error) {
		switch c.Kind {
		case "loader", "mapped":
			ld, err := tokensLoader(c)
			if err != nil {
				return nil, err
			}
			return &rounds.Work{Run: func(int, int) (int, error) { return drain(ld) }}, nil
		case "pread":
			f, err := os.Open(c.Path)
			if err != nil {
				return nil, err
			}
			return copies(c, fewBatches, func(dst []byte, at int) error {
				_, err := f.ReadAt(dst, int64(at))
				return err
			}), nil
		case "copy", "cache":
			file, err := os.ReadFile(c.Path)
			if err != nil {
				return nil, err
			}
			n := fewBatches
			if c.Kind == "copy" {
				n = max(n, len(file)/(tokensBatch*windowOut))
			}
			return copies(c, n, func(dst []byte, at int) error {
				copy(dst, file[at:])
				return nil
			}), nil
		}
		return nil, fmt.Errorf("no contender %q", c.Kind)
	})(config)
}

// fewBatches are as many as stay in the cache.
const fewBatches = 4

// copies returns a contender that takes windows by read, and copies as many bytes as
// a batch has to n batches that are used again.
func copies(c tokensConfig, n int, read func(dst []byte, at int) error) *rounds.Work {
	in, from := make([]byte, tokensBatch*windowIn), make([]byte, windowOut)
	batches := make([][]byte, n)
	for i := range batches {
		batches[i] = make([]byte, tokensBatch*windowOut)
	}
	r := rand.New(rand.NewPCG(1, 1))
	return &rounds.Work{Run: func(int, int) (n int, err error) {
		order := r.Perm(c.windows())
		for n := range order {
			i := n
			if c.Shuffle {
				i = order[n]
			}
			k := n % tokensBatch
			if err := read(in[k*windowIn:][:windowIn], i*windowIn); err != nil {
				return n, err
			}
			copy(batches[n/tokensBatch%len(batches)][k*windowOut:], from)
		}
		return len(order), nil
	}}
}
