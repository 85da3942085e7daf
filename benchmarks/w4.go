package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/stokerdata/stoker/benchmarks/internal/cold"
	"github.com/stokerdata/stoker/benchmarks/internal/probe"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/shard"
)

const aboutFiles = "small files in the page cache: their bytes, shuffled; an item is a file"

// workload4 is reading small files in random order: as the epoch before brought them into
// the page cache, as they were just written, and from the drive.
func workload4(b *bench) ([]rounds.Match, error) {
	dir, files, err := b.someImages(mostFiles)
	if err != nil {
		return nil, err
	}
	if err := readBack(files); err != nil {
		return nil, err
	}
	c := bytesConfig{Dir: dir, Files: files, Batch: b.batch}
	own, err := c.copied(filepath.Join(b.work, "own"))
	if err != nil {
		return nil, err
	}
	written, err := c.copied(filepath.Join(b.work, "written"))
	if err != nil {
		return nil, err
	}
	_ = evict(own.Files) // of those that have no drive, nothing is elsewhere
	check := askBytes(filepath.Join(b.work, "sums"), files)
	warm := rounds.Match{Name: "W4", About: aboutFiles}
	warm.Entries = append(b.byFile(own, c, check),
		b.own("ours_behind", "stoker, where os.ReadFile brought the files there", "bytes", c.of("files"), check),
		b.mapped(own, check),
		b.own("ours_cached", "stoker, format/cache in memory", "bytes", c.of("cached"), check))
	warm.Ratios = slices.Concat(against("ours", warm.Entries), against("ours_behind", warm.Entries), against("ours_mapped", warm.Entries), against("ours_cached", warm.Entries))

	kept := rounds.Match{Name: "W4_written", About: "small files in the page cache since they were written: their bytes, shuffled; an item is a file"}
	kept.Entries = append(b.byFile(written, written, check), b.mapped(written, check))
	kept.Ratios = slices.Concat(against("ours", kept.Entries), against("ours_mapped", kept.Entries))

	evicted, err := b.filesFromDrive(c, check)
	return []rounds.Match{warm, kept, evicted}, err
}

// byFile returns the contenders that read small files, one by one: ours, and limits, from
// a folder that ours read before, and others from one that none of ours did. What the
// first epoch brings into the page cache is as it left it in all that follow.
func (b *bench) byFile(own, others bytesConfig, check asking) []rounds.Entry {
	return []rounds.Entry{
		b.own("ours", "stoker", "bytes", own.of("files"), check),
		b.python("torch_0", "DataLoader that reads bytes, num_workers=0", "torch_bytes.py", others, check),
		b.python("torch_2", "the same, num_workers=2", "torch_bytes.py", others.by(2), check),
		b.own("readfile", "os.ReadFile, one goroutine", "bytes", others.of("readfile"), check),
		b.own("open", "limit: open, pread and close into one buffer, one thread", "bytes", own.of("open"), check),
		b.own("open_batches", "limit: the same into memory for batches", "bytes", own.of("open_batches"), check),
	}
}

// mapped returns the contender of ours that maps small files.
func (b *bench) mapped(c bytesConfig, check asking) rounds.Entry {
	c.Backend = shard.MmapTrusted
	return b.own("ours_mapped", "stoker, mapped files (MmapTrusted)", "bytes", c.of("files"), check)
}

// filesFromDrive returns the match of files that are in no page cache.
func (b *bench) filesFromDrive(c bytesConfig, check asking) (rounds.Match, error) {
	m := rounds.Match{Name: "W4", About: aboutFiles, Entries: b.byFile(c, c, check)}
	each, err := meanBytes(c.Files)
	if err != nil {
		return m, err
	}
	one := c.packed(b.work, "tar") // for fio, which reads no trees of files
	if err := packTar(one); err != nil {
		return m, err
	}
	return fromDrive(m, append(slices.Clone(c.Files), one.Pack),
		b.own("ours_direct", "stoker, by io_uring past the page cache", "bytes", c.of("files").past(), check),
		b.own("open_32", "limit: open, pread and close by 32 threads, each into a buffer of its own", "bytes", c.of("open_32"), check),
		fio("limit: fio, as many bytes at random places of one file, 32 under way, past the page cache", one.Pack, each,
			probe.Load{Bytes: (int(each) + cold.Align - 1) &^ (cold.Align - 1), Depth: 32, Random: true})), nil
}

// copied returns c with copies of the files, in a folder.
func (c bytesConfig) copied(dir string) (bytesConfig, error) {
	files := make([]string, len(c.Files))
	for i, f := range c.Files {
		within, err := filepath.Rel(c.Dir, f)
		if err != nil {
			return c, err
		}
		files[i] = filepath.Join(dir, within)
		if err := writeCopy(files[i], f); err != nil {
			return c, err
		}
	}
	c.Dir, c.Files = dir, files
	return c, nil
}

// writeCopy writes what is in one file to another one, as far as its drive.
func writeCopy(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// readBack brings files into the page cache from their drive, as a program that calls
// os.ReadFile does.
func readBack(files []string) error {
	_ = evict(files) // as above
	for _, f := range files {
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

// openByThreads reads all files with no more than system calls, each thread to the
// start of a buffer of its own.
func (c bytesConfig) openByThreads(threads int) error {
	var next atomic.Int64
	var g errgroup.Group
	order := c.sequence(false)
	for range threads {
		g.Go(func() error {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			buf := make([]byte, readBytes)
			for {
				k := int(next.Add(1)) - 1
				if k >= len(order) {
					return nil
				}
				if _, err := readWhole(c.Files[order[k]], &buf, 0); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}
