package cache

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// A file holds the records of a segment, an index of them, and a footer:
//
//	records   bytes of records
//	16 each   sample id (8), offset (4) and size (4) of a record
//	32        sum of what the rows follow from
//	8         number of records
//	8         bytes of records
//	8         XXH3 of the index and the footer up to here
//	8         magic
//
// It appears whole: its name is taken first, by an empty file that nobody else
// could make, and what is written beside it then moves there. Nothing is synced:
// checksums tell what a crash of the machine has lost.
const (
	version     = 1 // of files and records
	entryBytes  = 16
	footerBytes = 64
	magic       = "stokercc"
	ext         = ".rows"
)

// stale is how old what was left unfinished must be for no process to be still
// at work on it.
const stale = time.Hour

// folder is the files of one pipeline.
type folder struct {
	path   string
	sum    [32]byte
	layout *layout
	rows   int64 // of the source
	store  *store
	files  int // numbers that there may be

	pool *shard.Pool
	bufs *shard.Buffers
	plan shard.Plan

	mu      sync.Mutex
	next    int   // the number to try next
	pending []int // numbers that others have taken, whose files are not there yet
	err     error // why nothing is written any more
}

// openFolder takes in what is in the sub-folder of dir for the given sum.
func openFolder(dir string, sum [32]byte, s *store, l *layout, cfg shard.PoolConfig) (*folder, error) {
	f := &folder{
		path: filepath.Join(dir, hex.EncodeToString(sum[:16])), sum: sum, layout: l, store: s,
		rows: int64(len(s.rows)), files: len(s.slots), bufs: shard.NewBuffers(math.MaxInt64),
		// As for records of package raw: a read holds at most twice what is asked
		// for, and the loader has many of them in flight.
		plan: shard.Plan{GapBytes: max(l.fixed, 4096), Concurrency: 1},
	}
	s.keep = true
	if err := os.MkdirAll(f.path, 0o777); err != nil {
		return nil, err
	}
	numbers, err := f.list()
	if err != nil {
		return nil, err
	}
	set := make(shard.Set, f.files)
	for k := range set {
		set[k] = shard.File{Path: f.name(k), Size: -1}
	}
	if f.pool, err = shard.NewPool(set, cfg); err != nil {
		return nil, err
	}
	slices.Reverse(numbers) // the newest first, as it may hold what was damaged in another
	for _, k := range numbers {
		f.take(context.Background(), k)
		f.next = max(f.next, k+1)
	}
	return f, nil
}

func (f *folder) name(k int) string { return filepath.Join(f.path, fmt.Sprintf("%06d", k)+ext) }

// hidden returns where file k is written.
func (f *folder) hidden(k int) string {
	return filepath.Join(f.path, fmt.Sprintf(".%06d", k)+ext+".tmp")
}

// list returns the numbers of the files that are there, in order, and removes
// what a crash has left.
func (f *folder) list() (numbers []int, err error) {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := e.Name()
		k, err := strconv.Atoi(strings.TrimSuffix(name, ext))
		ours := err == nil && k >= 0 && k < f.files && filepath.Base(f.name(k)) == name
		hidden := strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp")
		info, err := e.Info()
		if err != nil || !ours && !hidden {
			continue
		}
		if (hidden || info.Size() == 0) && time.Since(info.ModTime()) > stale {
			os.RemoveAll(filepath.Join(f.path, name)) // or it stays for the next to try
			continue
		}
		if ours {
			numbers = append(numbers, k)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// errPending says that a file's name is taken and what it holds not there yet.
var errPending = errors.New("being written")

// take takes file k in.
func (f *folder) take(ctx context.Context, k int) {
	records, bytes, err := f.readIndex(ctx, k)
	switch {
	case err == nil:
		f.store.adopt(k, bytes, records)
	case errors.Is(err, errPending):
		f.mu.Lock()
		f.pending = append(f.pending, k)
		f.mu.Unlock()
	case errors.Is(err, loader.ErrCorrupt):
		os.Remove(f.name(k)) // its rows are made anew, and its bytes are free for them
	}
}

// readIndex returns the records of file k and its size.
func (f *folder) readIndex(ctx context.Context, k int) ([]entry, int64, error) {
	info, err := os.Stat(f.name(k))
	if err != nil {
		return nil, 0, err
	}
	size := info.Size()
	switch {
	case size == 0:
		return nil, 0, errPending
	case size < footerBytes:
		return nil, 0, errIndex
	}
	var foot [footerBytes]byte
	if err := f.pool.ReadAt(ctx, k, foot[:], size-footerBytes); err != nil {
		return nil, 0, err
	}
	n, data := int64(binary.NativeEndian.Uint64(foot[32:])), int64(binary.NativeEndian.Uint64(foot[40:]))
	if string(foot[56:]) != magic || [32]byte(foot[:32]) != f.sum || n < 1 || n > f.rows || data < 0 || data != size-footerBytes-n*entryBytes {
		return nil, 0, errIndex
	}
	index := make([]byte, n*entryBytes, n*entryBytes+footerBytes)
	if err := f.pool.ReadAt(ctx, k, index, data); err != nil {
		return nil, 0, err
	}
	if xxh3.Hash(append(index, foot[:48]...)) != binary.NativeEndian.Uint64(foot[48:]) {
		return nil, 0, errIndex
	}
	records := make([]entry, n)
	for i := range records {
		e := index[i*entryBytes:]
		records[i] = entry{int64(binary.NativeEndian.Uint64(e)), int(binary.NativeEndian.Uint32(e[8:])), int(binary.NativeEndian.Uint32(e[12:]))}
	}
	return records, size, f.check(records, data)
}

var errIndex = fmt.Errorf("index of cached rows: %w", loader.ErrCorrupt)

// check returns an error if records cannot be what lies in data bytes.
func (f *folder) check(records []entry, data int64) error {
	most := aloneBytes
	if len(records) == 1 {
		most = maxRecord
	}
	for _, r := range records {
		aligned := r.off%8 == 0 && r.size%8 == 0
		sized := r.size >= f.layout.head && r.size <= most && (f.layout.fixed == 0 || r.size == f.layout.fixed)
		inside := r.off >= 0 && r.off < segmentBytes && int64(r.off)+int64(r.size) <= data
		if !aligned || !sized || !inside || r.id < 0 || r.id >= f.rows {
			return errIndex
		}
	}
	return nil
}

// flush writes what is due. After an error, which is noted, nothing is written
// any more, and what could not be written stays in memory. When ctx is done, the
// rest stays due.
func (f *folder) flush(ctx context.Context) {
	for g := f.store.takeDue(); g != nil; g = f.store.takeDue() {
		if f.failed() != nil {
			continue
		}
		err := f.write(ctx, g)
		if ctx.Err() != nil && err != nil {
			f.store.again(g)
			return
		}
		if err != nil {
			f.fail(err)
		}
	}
}

func (f *folder) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *folder) fail(err error) {
	f.store.stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

// write writes a segment to a file, and takes in what others have written
// meanwhile.
func (f *folder) write(ctx context.Context, g *segment) error {
	k, err := f.claim()
	if err != nil {
		return err
	}
	bytes, err := f.writeFile(ctx, k, g)
	if err != nil {
		os.Remove(f.hidden(k))
		os.Remove(f.name(k))
		return err
	}
	f.store.written(g, k, bytes)
	f.mu.Lock()
	others := f.pending
	f.pending = nil
	f.mu.Unlock()
	for _, k := range others {
		f.take(ctx, k)
	}
	return nil
}

// claim takes a number for a file that no other process has.
func (f *folder) claim() (int, error) {
	for {
		f.mu.Lock()
		k := f.next
		f.next++
		f.mu.Unlock()
		if k >= f.files {
			return 0, fmt.Errorf("%s: more than %d files", f.path, f.files)
		}
		w, err := os.OpenFile(f.name(k), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			return k, w.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return 0, err
		}
		f.mu.Lock()
		f.pending = append(f.pending, k)
		f.mu.Unlock()
	}
}

// writeFile writes a segment to file k and returns its size.
func (f *folder) writeFile(ctx context.Context, k int, g *segment) (int64, error) {
	w, err := os.OpenFile(f.hidden(k), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return 0, err
	}
	index := f.index(g)
	err = errors.Join(writeAll(ctx, w, g.mem[:g.used]), writeAll(ctx, w, index), w.Close())
	if err != nil {
		return 0, err
	}
	return int64(g.used + len(index)), os.Rename(f.hidden(k), f.name(k))
}

// writeBytes is what is written without a look at the context.
const writeBytes = 1 << 20

func writeAll(ctx context.Context, w *os.File, b []byte) error {
	for part := range slices.Chunk(b, writeBytes) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// index returns what stands behind the records of a segment.
func (f *folder) index(g *segment) []byte {
	b := make([]byte, 0, len(g.entries)*entryBytes+footerBytes)
	for _, e := range g.entries {
		b = binary.NativeEndian.AppendUint64(b, uint64(e.id))
		b = binary.NativeEndian.AppendUint32(b, uint32(e.off))
		b = binary.NativeEndian.AppendUint32(b, uint32(e.size))
	}
	b = append(b, f.sum[:]...)
	b = binary.NativeEndian.AppendUint64(b, uint64(len(g.entries)))
	b = binary.NativeEndian.AppendUint64(b, uint64(g.used))
	b = binary.NativeEndian.AppendUint64(b, xxh3.Hash(b))
	return append(b, magic...)
}

// close writes what is due and returns why something could not be written.
func (f *folder) close() error {
	defer f.bufs.Close()
	f.flush(context.Background())
	return errors.Join(f.failed(), f.pool.Close())
}
