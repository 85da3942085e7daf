package shard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/shard/shardtest"
)

// FuzzPool reads from a pool of random configuration in several goroutines, with faults,
// deadlines and cancellations, until it is closed at some time: what is read is right or an
// error, and nobody waits for ever. Time is virtual: a bubble notices when nobody goes on.
func FuzzPool(f *testing.F) {
	for seed := range uint64(100) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		synctest.Test(t, func(t *testing.T) { checkPool(t, rand.New(rand.NewPCG(seed, 1))) })
	})
}

func checkPool(t *testing.T, rng *rand.Rand) {
	files, set := memoryFiles{}, shard.Set{}
	for i := range 1 + rng.IntN(6) {
		name := fmt.Sprint(i)
		files[name] = content(i, rng.IntN(5)*1000)
		set = append(set, shard.File{Path: name, Size: int64(len(files[name]))})
	}
	faulty := &shardtest.FaultFS{FS: files, Faults: randomFaults(rng)}
	cfg := shard.PoolConfig{
		FS: faulty, MaxOpen: 1 + rng.IntN(4), Readers: 1 + rng.IntN(4), Retries: rng.IntN(4) - 1,
		Backoff: time.Duration(1+rng.IntN(1000)) * time.Microsecond,
	}
	if hangs := slices.ContainsFunc(faulty.Faults, func(f shardtest.Fault) bool { return f.Effect == shardtest.Hang() }); hangs || rng.IntN(2) == 0 {
		cfg.Deadline = time.Duration(1+rng.IntN(200)) * time.Millisecond
	}
	p, err := shard.NewPool(set, cfg)
	if err != nil {
		t.Fatal(err)
	}
	u := user{p: p, set: set, files: files, bufs: shard.NewBuffers(int64(1+rng.IntN(8)) << 13)}
	var all sync.WaitGroup
	for range 1 + rng.IntN(8) {
		own := rand.New(rand.NewPCG(rng.Uint64(), 2))
		all.Go(func() {
			for range 30 {
				u.read(t, own)
			}
		})
	}
	if rng.IntN(2) == 0 {
		time.Sleep(time.Duration(rng.IntN(1000)) * 100 * time.Microsecond)
	} else {
		all.Wait()
	}
	p.Close()
	all.Wait()
	faulty.Release()
	time.Sleep(10 * time.Second) // so that what was left behind ends
	if now, most := faulty.Handles(); now != 0 || most > cfg.MaxOpen {
		t.Errorf("%d handles are open, %d were, %d may be", now, most, cfg.MaxOpen)
	}
	if s := p.Stats(); s.Open != 0 || s.Stuck != 0 {
		t.Errorf("%+v", s)
	}
}

func randomFaults(rng *rand.Rand) (list []shardtest.Fault) {
	effects := []shardtest.Effect{
		shardtest.Error(syscall.EIO), shardtest.Error(syscall.EMFILE), shardtest.Short(rng.IntN(500)), shardtest.Hang(),
		shardtest.Delay(5 * time.Microsecond), shardtest.Delay(time.Millisecond), shardtest.Delay(50 * time.Millisecond),
	}
	ops := []shardtest.Op{shardtest.Open, shardtest.Read, shardtest.Stat, shardtest.Close}
	for range rng.IntN(6) {
		f := shardtest.Fault{Op: ops[rng.IntN(4)], Nth: rng.IntN(50), Count: rng.IntN(20), Effect: effects[rng.IntN(len(effects))]}
		if f.Effect == shardtest.Hang() {
			f.Op = shardtest.Read
		}
		list = append(list, f)
	}
	return list
}

// user reads from a pool and compares.
type user struct {
	p     *shard.Pool
	set   shard.Set
	files memoryFiles
	bufs  *shard.Buffers
}

func (u *user) read(t *testing.T, rng *rand.Rand) {
	ctx := t.Context()
	if rng.IntN(3) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rng.IntN(1000))*100*time.Microsecond)
		defer cancel()
	}
	i := rng.IntN(len(u.set))
	whole := u.files[u.set[i].Path]
	switch rng.IntN(4) {
	case 0:
		off := rng.IntN(len(whole) + 1)
		b := make([]byte, rng.IntN(len(whole)-off+1))
		u.check(t, u.p.ReadAt(ctx, i, b, int64(off)), b, whole[off:][:len(b)])
	case 1:
		b, err := u.p.ReadFile(ctx, i, nil)
		u.check(t, err, b, whole)
	case 2:
		ranges := u.ranges(rng)
		buf, err := u.p.Fetch(ctx, u.bufs, shard.Plan{GapBytes: rng.IntN(1000) - 1, Concurrency: rng.IntN(4)}, ranges)
		for _, r := range ranges {
			u.check(t, err, r.Data, u.files[u.set[r.File].Path][r.Off:][:r.Len])
		}
		if err == nil {
			u.bufs.Put(buf)
		}
	case 3:
		ranges := u.ranges(rng)
		n := 0
		for k := range ranges {
			ranges[k].Tag = n
			n += ranges[k].Len
		}
		to := make([]byte, n)
		err := u.p.ReadInto(ctx, to, shard.Plan{Concurrency: rng.IntN(4)}, ranges)
		for _, r := range ranges {
			u.check(t, err, to[r.Tag:][:r.Len], u.files[u.set[r.File].Path][r.Off:][:r.Len])
		}
	}
}

func (u *user) ranges(rng *rand.Rand) (list []shard.Range) {
	for range rng.IntN(8) {
		i := rng.IntN(len(u.set))
		size := len(u.files[u.set[i].Path])
		off := rng.IntN(size + 1)
		list = append(list, shard.Range{File: i, Off: int64(off), Len: rng.IntN(size - off + 1)})
	}
	return list
}

func (u *user) check(t *testing.T, err error, got, want []byte) {
	if err == nil && !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, want %d others", len(got), len(want))
	}
	if _, ok := errors.AsType[*shard.ReadError](err); err != nil && !ok && !errors.Is(err, shard.ErrTooLarge) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// memoryFiles is a file system in memory.
type memoryFiles map[string][]byte

// Open implements shard.FS.
func (m memoryFiles) Open(name string) (shard.Handle, error) {
	b, ok := m[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return memoryFile{bytes.NewReader(b)}, nil
}

type memoryFile struct{ *bytes.Reader }

func (f memoryFile) Stat() (int64, time.Time, error) { return f.Size(), time.Unix(1, 0), nil }
func (memoryFile) Close() error                      { return nil }

var _ io.ReaderAt = memoryFile{}
