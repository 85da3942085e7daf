package shard

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

const (
	hashBytes     = 1 << 20 // read at a time
	maxMismatches = 32      // reported by one Verify
)

// ErrMismatch is what every [MismatchError] wraps.
var ErrMismatch = errors.New("shard does not match the manifest")

// A MismatchError says how a shard differs from its manifest.
type MismatchError struct {
	Path string // as in the manifest
	What string // "missing", "size" or "hash"
	Want string // what the manifest says; empty if missing
	Got  string // what is there; empty if missing
}

// Error returns one line that names the shard and the difference.
func (e *MismatchError) Error() string {
	if e.What == "missing" {
		return fmt.Sprintf("shard: verify %s: missing", e.Path)
	}
	return fmt.Sprintf("shard: verify %s: %s is %s, the manifest says %s", e.Path, e.What, e.Got, e.Want)
}

// Unwrap returns [ErrMismatch].
func (e *MismatchError) Unwrap() error { return ErrMismatch }

// HashOptions says how [NewManifest] and [Manifest.Verify] hash. The zero value
// is a good start.
type HashOptions struct {
	// Algorithm is the one that NewManifest uses. Empty means [XXH3].
	Algorithm Algorithm

	// Rows counts the samples of a shard for NewManifest. Nil means that they
	// are not counted. It is called by several goroutines.
	Rows func(ctx context.Context, path string) (int64, error)

	// Workers is the number of shards hashed at once. 0 means GOMAXPROCS.
	Workers int

	// Progress, if set, is called now and then with the bytes hashed and those
	// to hash in all, by several goroutines.
	Progress func(done, total int64)

	// Pool says how to read. Its Root is always the root of the dataset, unless
	// it has an FS.
	Pool PoolConfig
}

// NewManifest hashes files, which must lie below root, and returns their
// manifest, in their order.
func NewManifest(ctx context.Context, root string, files Set, opt HashOptions) (*Manifest, error) {
	m := &Manifest{Shards: make([]Entry, len(files))}
	for i, f := range files {
		rel, err := relative(root, f.Path)
		if err != nil {
			return nil, fmt.Errorf("shard: manifest: %w", err)
		}
		m.Shards[i] = Entry{Path: rel, Rows: -1, Algorithm: cmp.Or(opt.Algorithm, XXH3)}
	}
	h, err := newHasher(root, files, files.Bytes(), opt)
	if err != nil {
		return nil, err
	}
	defer h.close()
	err = h.each(ctx, len(files), func(ctx context.Context, i int) (err error) {
		e := &m.Shards[i]
		if e.Size, e.Hash, err = h.sum(ctx, i, e.Algorithm); err != nil || opt.Rows == nil {
			return err
		}
		e.Rows, err = opt.Rows(ctx, files[i].Path)
		return err
	})
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return nil, fmt.Errorf("shard: manifest: %w", err)
	}
	return m, nil
}

// Verify reads all shards below root and compares them with m. It returns nil,
// or the mismatches found (the first 32, in order, each a *[MismatchError]
// within the error), or why reading failed. Files that m does not list do not
// matter.
func (m *Manifest) Verify(ctx context.Context, root string, opt HashOptions) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("shard: verify: %w", err)
	}
	files := m.Set(root)
	total := files.Bytes()
	for i := range files {
		files[i].Size = -1 // let the pool read what differs
	}
	h, err := newHasher(root, files, total, opt)
	if err != nil {
		return err
	}
	defer h.close()
	var found mismatches
	err = h.each(ctx, len(files), func(ctx context.Context, i int) error {
		diff, err := h.compare(ctx, i, &m.Shards[i])
		if diff == nil {
			return err
		}
		return found.add(i, diff)
	})
	return found.join(err)
}

// mismatches collects what Verify finds.
type mismatches struct {
	mu    sync.Mutex
	found []mismatch
}

type mismatch struct {
	shard int
	err   *MismatchError
}

// errEnough stops a Verify that has found enough.
var errEnough = errors.New("more may follow")

func (m *mismatches) add(shard int, err *MismatchError) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.found = append(m.found, mismatch{shard, err})
	if len(m.found) >= maxMismatches {
		return errEnough
	}
	return nil
}

// join returns one error of all mismatches, in the order of the shards, and of
// err, which ended the search.
func (m *mismatches) join(err error) error {
	slices.SortFunc(m.found, func(a, b mismatch) int { return cmp.Compare(a.shard, b.shard) })
	var all []error
	for _, f := range m.found {
		all = append(all, f.err)
	}
	return errors.Join(append(all, err)...)
}

// A hasher reads and hashes the files of a pool.
type hasher struct {
	pool    *Pool
	bufs    *Buffers
	workers int
	tally   tally
}

func newHasher(root string, files Set, total int64, opt HashOptions) (*hasher, error) {
	if opt.Pool.FS == nil {
		opt.Pool.Root = cmp.Or(root, ".")
	}
	pool, err := NewPool(files, opt.Pool)
	if err != nil {
		return nil, err
	}
	h := &hasher{pool: pool, workers: opt.Workers, tally: tally{report: opt.Progress, total: total}}
	if h.workers <= 0 {
		h.workers = runtime.GOMAXPROCS(0)
	}
	h.bufs = NewBuffers(int64(h.workers) * hashBytes)
	return h, nil
}

func (h *hasher) close() {
	h.pool.Close()
	h.bufs.Close()
}

// each calls do for the shards 0 to n-1 until one call fails.
func (h *hasher) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(h.workers, n) {
		g.Go(func() error {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// compare returns how shard i differs from e, if it does.
func (h *hasher) compare(ctx context.Context, i int, e *Entry) (*MismatchError, error) {
	size, err := h.pool.size(ctx, i)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &MismatchError{Path: e.Path, What: "missing"}, nil
	case err != nil:
		return nil, err
	case size != e.Size:
		want, got := strconv.FormatInt(e.Size, 10), strconv.FormatInt(size, 10)
		return &MismatchError{e.Path, "size", want, got}, nil
	}
	_, sum, err := h.sum(ctx, i, e.Algorithm)
	if err != nil || sum == e.Hash {
		return nil, err
	}
	return &MismatchError{e.Path, "hash", e.Hash, sum}, nil
}

// sum returns the size and the hash of file i.
func (h *hasher) sum(ctx context.Context, i int, a Algorithm) (size int64, sum string, err error) {
	state := a.new()
	if state == nil {
		return 0, "", fmt.Errorf("unknown algorithm %q", string(a))
	}
	if size, err = h.pool.size(ctx, i); err != nil {
		return 0, "", err
	}
	if err := h.pool.Sequential(ctx, i); err != nil {
		return 0, "", err
	}
	if err := h.read(ctx, i, size, state); err != nil {
		return 0, "", err
	}
	return size, hex.EncodeToString(state.Sum(nil)), nil
}

// read writes the size bytes of file i to state.
func (h *hasher) read(ctx context.Context, i int, size int64, state hash.Hash) error {
	buf, err := h.bufs.Get(ctx, hashBytes)
	if err != nil {
		return err
	}
	for off := int64(0); off < size; off += hashBytes {
		b := buf[:min(hashBytes, size-off)]
		if err := h.pool.ReadAt(ctx, i, b, off); err != nil {
			if errors.Is(err, ErrAbandoned) {
				h.bufs.Abandon(buf)
			} else {
				h.bufs.Put(buf)
			}
			return err
		}
		state.Write(b)
		h.tally.add(int64(len(b)))
	}
	h.bufs.Put(buf)
	return nil
}
