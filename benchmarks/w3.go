package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/benchmarks/internal/probe"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/format/cache"
	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// mostFiles is how many files W3 and W4 read at most.
const mostFiles = 4096

// bytesConfig is what the contenders of W3 and W4 are given.
type bytesConfig struct {
	Dir   string   `json:"dir"`
	Files []string `json:"files"` // all of Dir, sorted
	Pack  string   `json:"pack"`  // one file with all of them, for W3
	Batch int      `json:"batch"`
	Kind  string   `json:"kind"` // which of the contenders that share a program

	Workers int           `json:"workers"`
	Backend shard.Backend `json:"backend"`

	buffers [batchesInTurn]*[]byte // of limits
}

// batchesInTurn is for how many batches a loader has memory at least: one is
// delivered, one is complete and one is read.
const batchesInTurn = 3

// bytesCheck asks for the SHA-256 of the first N files, one after another.
type bytesCheck struct {
	Out string `json:"out"`
	N   int    `json:"n"`
}

// workload3 is reading files that are packed into shards, in their order.
func workload3(b *bench) ([]rounds.Match, error) {
	dir, files, err := b.someImages(mostFiles)
	if err != nil {
		return nil, err
	}
	c := bytesConfig{Dir: dir, Files: files, Batch: b.batch}
	for kind, pack := range map[string]func(bytesConfig) error{"feather": packFeather, "parquet": packParquet, "tar": packTar} {
		if err := pack(c.packed(b.work, kind)); err != nil {
			return nil, err
		}
	}
	check := askBytes(filepath.Join(b.work, "sums"), files)
	m := rounds.Match{Name: "W3", About: "files packed into one, in the page cache: their bytes, in order; an item is a file"}
	m.Entries = []rounds.Entry{
		b.own("ours", "stoker, Feather", "bytes", c.packed(b.work, "feather"), check),
		b.own("ours_parquet", "stoker, Parquet without a codec", "bytes", c.packed(b.work, "parquet"), check),
		b.own("go_tar", "archive/tar, one goroutine", "bytes", c.packed(b.work, "tar"), check),
		b.python("tarfile", "Python's tarfile as a stream", "bytes_packed.py", c.packed(b.work, "tar"), check),
		b.own("pread", "limit: reading the Feather file by 1 MiB, one thread", "bytes", c.packed(b.work, "feather").of("pread"), nil),
		b.own("pread_batches", "limit: the same into memory for batches", "bytes", c.packed(b.work, "feather").of("pread_batches"), nil),
	}
	m.Ratios = against("ours", m.Entries)
	each, err := meanBytes(files)
	if err != nil {
		return nil, err
	}
	arrow := c.packed(b.work, "feather")
	evicted := fromDrive(m, []string{arrow.Pack, c.packed(b.work, "parquet").Pack, c.packed(b.work, "tar").Pack},
		b.own("ours_direct", "stoker, Feather, by io_uring past the page cache", "bytes", arrow.past(), check),
		fio("limit: fio, 1 MiB at a time, 8 under way, past the page cache", arrow.Pack, each, probe.Load{Bytes: 1 << 20, Depth: 8}))
	return []rounds.Match{m, evicted}, nil
}

// packed returns c for the packed file of a kind.
func (c bytesConfig) packed(work, kind string) bytesConfig {
	c.Kind, c.Pack = kind, filepath.Join(work, "packed."+kind)
	return c
}

func (c bytesConfig) of(kind string) bytesConfig {
	c.Kind = kind
	return c
}

func (c bytesConfig) by(workers int) bytesConfig {
	c.Workers = workers
	return c
}

// past returns c with reads that go past the page cache.
func (c bytesConfig) past() bytesConfig {
	c.Backend = shard.DirectRing
	return c
}

// askBytes returns a check that has a child hash the files that it reads.
func askBytes(file string, files []string) asking {
	return func(_ context.Context, ask func(any) error) (string, error) {
		defer os.Remove(file)
		n := min(checked, len(files))
		if err := ask(bytesCheck{file, n}); err != nil {
			return "", err
		}
		got, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if len(got) != n*sha256.Size {
			return "", fmt.Errorf("%d bytes of sums", len(got))
		}
		for i, f := range files[:n] {
			data, err := os.ReadFile(f)
			if err != nil {
				return "", err
			}
			if sha256.Sum256(data) != [sha256.Size]byte(got[i*sha256.Size:]) {
				return "", fmt.Errorf("other bytes of %s", f)
			}
		}
		return "equal", nil
	}
}

func (c bytesConfig) pool() shard.PoolConfig { return shard.PoolConfig{Backend: c.Backend} }

// unpacked returns a loader of the files as they lie.
func (c bytesConfig) unpacked(order loader.Order) (*loader.Loader, error) {
	src, err := c.files()
	if err != nil {
		return nil, err
	}
	return c.loader(src, order)
}

func (c bytesConfig) loader(src loader.Source, order loader.Order) (*loader.Loader, error) {
	return loader.New(src, loader.Config{BatchSize: c.Batch, Seed: 1, Order: order, Workers: c.Workers})
}

// inMemory returns a loader of the files that reads each of them once.
func (c bytesConfig) inMemory() (*loader.Loader, error) {
	src, err := c.files()
	if err != nil {
		return nil, err
	}
	cached, err := cache.Open(src, cache.Options{})
	if err != nil {
		return nil, err
	}
	return c.loader(cached, loader.Shuffle{})
}

func (c bytesConfig) files() (*raw.Source, error) {
	return raw.Open(c.Dir, raw.Options{Extensions: jpegNames, Pool: c.pool()})
}

func packFeather(c bytesConfig) error {
	ld, err := c.unpacked(nil)
	if err != nil {
		return err
	}
	defer ld.Close()
	_, err = feather.Write(context.Background(), c.Pack, ld.All(context.Background()), feather.WriteOptions{})
	return err
}

func packParquet(c bytesConfig) error {
	ld, err := c.unpacked(nil)
	if err != nil {
		return err
	}
	defer ld.Close()
	_, err = parquet.Write(context.Background(), c.Pack, ld.All(context.Background()), parquet.WriteOptions{Codec: parquet.Uncompressed, RowsPerGroup: 256})
	return err
}

func packTar(c bytesConfig) error {
	f, err := os.Create(c.Pack)
	if err != nil {
		return err
	}
	defer f.Close()
	w := tar.NewWriter(f)
	for _, path := range c.Files {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: filepath.Base(path), Mode: 0o666, Size: int64(len(data))}); err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return errors.Join(w.Close(), f.Close())
}

// openBytes opens the contenders of W3 and W4 that are in Go.
func openBytes(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c bytesConfig) (*rounds.Work, error) {
		for i := range c.buffers {
			c.buffers[i] = new(make([]byte, readBytes))
		}
		switch c.Kind {
		case "tar":
			return eachFile(c.untar), nil
		case "pread", "pread_batches":
			return &rounds.Work{Run: func(int, int) (int, error) { return len(c.Files), c.pread() }}, nil
		case "readfile":
			return eachFile(c.readFiles), nil
		case "open", "open_batches":
			return eachFile(c.openFiles), nil
		case "open_32":
			w := eachFile(c.openFiles)
			w.Run = func(int, int) (int, error) { return len(c.Files), c.openByThreads(32) }
			return w, nil
		}
		ld, err := c.open()
		if err != nil {
			return nil, err
		}
		return &rounds.Work{
			Run: func(int, int) (int, error) { return drain(ld) },
			Check: func(what json.RawMessage) error {
				return writeSums(what, func(i int) ([]byte, error) {
					t, err := ld.Trace(context.Background(), 0, int64(i), 0)
					if err != nil {
						return nil, err
					}
					return t.Fields[0].Data, nil
				})
			},
		}, nil
	})(config)
}

// open returns the loader of a contender that is ours.
func (c bytesConfig) open() (ld *loader.Loader, err error) {
	var src loader.Source
	switch c.Kind {
	case "files":
		return c.unpacked(loader.Shuffle{})
	case "cached":
		return c.inMemory()
	case "feather":
		src, err = feather.Open(c.Pack, feather.Options{Pool: c.pool()})
	case "parquet":
		src, err = parquet.Open(c.Pack, parquet.Options{Pool: c.pool()})
	default:
		err = fmt.Errorf("no contender %q", c.Kind)
	}
	if err != nil {
		return nil, err
	}
	return loader.New(src, loader.Config{BatchSize: c.Batch, Workers: c.Workers})
}

// eachFile returns a contender that hands out files one by one: shuffled, or in
// order for a check.
func eachFile(each func(ordered bool, file func([]byte) error) error) *rounds.Work {
	return &rounds.Work{
		Run: func(int, int) (n int, err error) {
			err = each(false, func([]byte) error { n++; return nil })
			return n, err
		},
		Check: func(what json.RawMessage) error {
			var first [][]byte
			err := each(true, func(data []byte) error {
				first = append(first, append([]byte(nil), data...))
				if len(first) == checked {
					return io.EOF
				}
				return nil
			})
			if err != nil && err != io.EOF {
				return err
			}
			return writeSums(what, func(i int) ([]byte, error) { return first[i], nil })
		},
	}
}

// writeSums answers a bytesCheck.
func writeSums(what json.RawMessage, file func(i int) ([]byte, error)) error {
	var check bytesCheck
	if err := json.Unmarshal(what, &check); err != nil {
		return err
	}
	var sums []byte
	for i := range check.N {
		data, err := file(i)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		sums = append(sums, sum[:]...)
	}
	return os.WriteFile(check.Out, sums, 0o666)
}

// untar reads the files of a tar file, which have one order.
func (c bytesConfig) untar(_ bool, file func([]byte) error) error {
	f, err := os.Open(c.Pack)
	if err != nil {
		return err
	}
	defer f.Close()
	var buf []byte
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if int64(cap(buf)) < h.Size {
			buf = make([]byte, h.Size)
		}
		if _, err := io.ReadFull(r, buf[:h.Size]); err != nil {
			return err
		}
		if err := file(buf[:h.Size]); err != nil {
			return err
		}
	}
}

// readBytes is what the limits read at a time.
const readBytes = 1 << 20

// pread reads the packed file through: each time to the start of one buffer, or
// into buffers as large as batches that take turns.
func (c bytesConfig) pread() error {
	f, err := os.Open(c.Pack)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	batch := 1 // reads
	if c.Kind == "pread_batches" {
		batch = max(1, int(info.Size()/readBytes)*c.Batch/len(c.Files))
	}
	for k := 0; ; k++ {
		buf := c.buffers[0]
		if batch > 1 {
			buf = c.buffers[k/batch%batchesInTurn]
		}
		if len(*buf) < batch*readBytes {
			*buf = make([]byte, batch*readBytes)
		}
		if _, err := f.ReadAt((*buf)[k%batch*readBytes:][:readBytes], int64(k)*readBytes); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
