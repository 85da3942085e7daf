package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/stokerdata/stoker/benchmarks/internal/cold"
	"github.com/stokerdata/stoker/benchmarks/internal/probe"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// workload4 is reading small files in random order.
func workload4(b *bench) ([]rounds.Match, error) {
	dir, files, err := b.someImages(mostFiles)
	if err != nil {
		return nil, err
	}
	if err := readBack(files); err != nil {
		return nil, err
	}
	with := func(kind string, workers int) bytesConfig {
		return bytesConfig{Dir: dir, Files: files, Batch: b.batch, Kind: kind, Workers: workers}
	}
	check := askBytes(filepath.Join(b.work, "sums"), files)
	m := rounds.Match{Name: "W4", About: "small files in the page cache: their bytes, shuffled; an item is a file"}
	m.Entries = []rounds.Entry{
		b.own("ours", "stoker", "bytes", with("files", 0), check),
		b.python("torch_0", "DataLoader that reads bytes, num_workers=0", "torch_bytes.py", with("", 0), check),
		b.python("torch_2", "the same, num_workers=2", "torch_bytes.py", with("", 2), check),
		b.own("readfile", "os.ReadFile, one goroutine", "bytes", with("readfile", 0), check),
		b.own("open", "limit: open, pread and close into one buffer, one thread", "bytes", with("open", 0), check),
		b.own("open_batches", "limit: the same into memory for batches", "bytes", with("open_batches", 0), check),
	}
	m.Ratios = against("ours", m.Entries)
	each, err := meanBytes(files)
	if err != nil {
		return nil, err
	}
	one := with("", 0).packed(b.work, "tar") // for fio, which reads no trees of files
	if err := packTar(one); err != nil {
		return nil, err
	}
	evicted := fromDrive(m, append(slices.Clone(files), one.Pack),
		b.own("ours_direct", "stoker, by io_uring past the page cache", "bytes", with("files", 0).past(), check),
		fio("limit: fio, as many bytes at random places of one file, 32 under way, past the page cache", one.Pack, each,
			probe.Load{Bytes: (int(each) + cold.Align - 1) &^ (cold.Align - 1), Depth: 32, Random: true}))
	return []rounds.Match{m, evicted}, nil
}

// readBack brings files into the page cache from their drive, as an epoch does. Pages
// that were written lie there in larger pieces, and are read in two thirds of the time.
func readBack(files []string) error {
	for _, f := range files {
		_ = cold.Evict(f) // of files that have no drive, nothing is elsewhere
		if _, err := os.ReadFile(f); err != nil {
			return err
		}
	}
	return nil
}

// sequence returns the order in which files are read.
func (c bytesConfig) sequence(ordered bool) []int {
	order := rand.Perm(len(c.Files))
	if ordered {
		for i := range order {
			order[i] = i
		}
	}
	return order
}

// readFiles reads files as Go programs do.
func (c bytesConfig) readFiles(ordered bool, file func([]byte) error) error {
	for _, i := range c.sequence(ordered) {
		data, err := os.ReadFile(c.Files[i])
		if err != nil {
			return err
		}
		if err := file(data); err != nil {
			return err
		}
	}
	return nil
}

// openFiles reads files with no more than system calls: each to the start of one
// buffer, or one behind another into buffers that take turns.
func (c bytesConfig) openFiles(ordered bool, file func([]byte) error) error {
	buf, at := c.buffers[0], 0
	for k, i := range c.sequence(ordered) {
		if c.Kind == "open_batches" && k%c.Batch == 0 {
			buf, at = c.buffers[k/c.Batch%batchesInTurn], 0
		}
		n, err := readWhole(c.Files[i], buf, at)
		if err != nil {
			return err
		}
		if err := file((*buf)[at:][:n]); err != nil {
			return err
		}
		if c.Kind == "open_batches" {
			at += n
		}
	}
	return nil
}
