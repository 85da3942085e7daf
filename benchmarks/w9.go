package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// The sources of the Python client, and the program that serves it in its own
// benchmark, from the folder benchmarks.
const (
	clientDir = "../examples/serve/python"
	servedBy  = "github.com/stokerdata/stoker/examples/serve/python/bench/images"
)

// servedBatch is the bytes of a batch of W9, which are all servedByte.
const (
	servedBatch = 256 * 3 * 224 * 224
	servedByte  = 7
)

// servedConfig is what the contenders of W9 are given.
type servedConfig struct {
	Client  string  `json:"client"`  // folder of the Python client
	Server  string  `json:"server"`  // program
	Kind    string  `json:"kind"`    // which of the contenders
	Seconds float64 `json:"seconds"` // of a round
}

// servedCheck asks for a batch to be written to Out.
type servedCheck struct {
	Out string `json:"out"`
}

// servedSeconds is enough for the CPU time of a server, which the kernel tells in
// hundredths of a second.
const servedSeconds = 1

// workload9 is the way of batches to a trainer in another process.
func workload9(b *bench) ([]rounds.Match, error) {
	server, err := b.build(context.Background(), "images", servedBy)
	if err != nil {
		return nil, err
	}
	client, err := filepath.Abs(clientDir)
	if err != nil {
		return nil, err
	}
	m := rounds.Match{Name: "W9", About: "batches of 38.5 MB to a trainer in Python, which cost nothing to make; CPU time is that of both sides"}
	check := askServed(filepath.Join(b.work, "batch"))
	for _, e := range []struct{ name, about string }{
		{"ours", "stoker, one copy into shared memory"},
		{"ours_built", "stoker, batches that lie in shared memory already"},
		{"ours_socket", "stoker, over a Unix socket"},
		{"torch_2", "DataLoader that collates images in memory, num_workers=2"},
		{"raw", "limit: a Unix socket without a protocol"},
		{"memcpy", "limit: NumPy's copy of a batch"},
	} {
		m.Entries = append(m.Entries, b.python(e.name, e.about, "served_batches.py", servedConfig{client, server, e.name, min(servedSeconds, servedSeconds*b.scale)}, check))
	}
	m.Ratios = append(against("ours", m.Entries), [2]string{"ours_socket", "raw"})
	return []rounds.Match{m}, nil
}

// askServed returns a check that has a child write a batch, all of whose bytes are
// known.
func askServed(file string) asking {
	want := bytes.Repeat([]byte{servedByte}, servedBatch)
	return func(_ context.Context, ask func(any) error) (string, error) {
		defer os.Remove(file)
		if err := ask(servedCheck{file}); err != nil {
			return "", err
		}
		got, err := os.ReadFile(file)
		if err == nil && !bytes.Equal(got, want) {
			err = fmt.Errorf("it hands over %d other bytes", len(got))
		}
		return "equal", err
	}
}
