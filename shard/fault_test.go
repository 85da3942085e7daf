package shard_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/shard/shardtest"
)

const (
	faultFiles = 3
	faultBytes = 3000
)

// scan reads all files of the fault tests, in parts and whole, with more files
// than descriptors, so that every kind of call comes up.
func scan(ctx context.Context, p *shard.Pool) ([]byte, error) {
	var all []byte
	for range 2 {
		for i := range faultFiles {
			for off := 0; off < faultBytes; off += 1000 {
				b := make([]byte, 1000)
				if err := p.ReadAt(ctx, i, b, int64(off)); err != nil {
					return all, err
				}
				all = append(all, b...)
			}
			b, err := p.ReadFile(ctx, i, nil)
			if err != nil {
				return all, err
			}
			all = append(all, b...)
		}
	}
	return all, nil
}

// eachFault runs check with effect at every call of op that a scan makes, and
// that fault's index.
func eachFault(t *testing.T, op shardtest.Op, effect shardtest.Effect, count int, check func(nth int, got, want []byte, err error)) {
	t.Helper()
	set := dataset(t, faultFiles, faultBytes)
	for _, deadline := range []time.Duration{0, time.Minute} {
		cfg := shard.PoolConfig{MaxOpen: 2, Deadline: deadline, Readers: 2, Backoff: time.Microsecond}
		clean := &shardtest.FaultFS{}
		cfg.FS = clean
		want, err := scan(t.Context(), newPool(t, set, cfg))
		if err != nil || clean.Calls(op) == 0 {
			t.Fatalf("%d calls, %v", clean.Calls(op), err)
		}
		for nth := 1; nth <= clean.Calls(op); nth++ {
			faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: op, Nth: nth, Count: count, Effect: effect}}}
			cfg.FS = faulty
			p := newPool(t, set, cfg)
			got, err := scan(t.Context(), p)
			check(nth, got, want, err)
			p.Close()
			if now, most := faulty.Handles(); now != 0 || most > cfg.MaxOpen {
				t.Errorf("fault at %d: %d handles open, %d at most", nth, now, most)
			}
		}
	}
}

// A fault that passes changes nothing.
func TestPassingFaults(t *testing.T) {
	noLeaks(t)
	tests := []struct {
		name   string
		op     shardtest.Op
		effect shardtest.Effect
		count  int
	}{
		{"EIO at open", shardtest.Open, shardtest.Error(syscall.EIO), 1},
		{"EIO at open twice", shardtest.Open, shardtest.Error(syscall.EIO), 2},
		{"EIO at read", shardtest.Read, shardtest.Error(syscall.EIO), 1},
		{"EIO at read twice", shardtest.Read, shardtest.Error(syscall.EIO), 2},
		{"ESTALE at read", shardtest.Read, shardtest.Error(syscall.ESTALE), 1},
		{"EIO at stat", shardtest.Stat, shardtest.Error(syscall.EIO), 1},
		{"EIO at close", shardtest.Close, shardtest.Error(syscall.EIO), -1},
		{"EMFILE for a while", shardtest.Open, shardtest.Error(syscall.EMFILE), 5},
		{"short reads", shardtest.Read, shardtest.Short(700), -1},
		{"one byte", shardtest.Read, shardtest.Short(1), 50},
		{"no byte, no error", shardtest.Read, shardtest.Short(0), 3},
		{"no byte for longer", shardtest.Read, shardtest.Short(0), 8},
		{"slow", shardtest.Read, shardtest.Delay(time.Millisecond), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachFault(t, tt.op, tt.effect, tt.count, func(nth int, got, want []byte, err error) {
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("fault at call %d: %v", nth, err)
				}
			})
		})
	}
}

// A fault that stays is one error that names its cause, and what was read up to
// there is right.
func TestLastingFaults(t *testing.T) {
	noLeaks(t)
	tests := []struct {
		name   string
		op     shardtest.Op
		effect shardtest.Effect
		want   error
	}{
		{"EIO at open", shardtest.Open, shardtest.Error(syscall.EIO), syscall.EIO},
		{"EIO at read", shardtest.Read, shardtest.Error(syscall.EIO), syscall.EIO},
		{"EIO at stat", shardtest.Stat, shardtest.Error(syscall.EIO), syscall.EIO},
		{"ENOENT at open", shardtest.Open, shardtest.Error(syscall.ENOENT), os.ErrNotExist},
		{"EACCES at open", shardtest.Open, shardtest.Error(syscall.EACCES), os.ErrPermission},
		{"nothing read", shardtest.Read, shardtest.Short(0), io.ErrNoProgress},
		{"truncated in a read", shardtest.Read, shardtest.Truncate(0), shard.ErrChanged},
		{"truncated before a stat", shardtest.Stat, shardtest.Truncate(10), shard.ErrChanged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachFault(t, tt.op, tt.effect, -1, func(nth int, got, want []byte, err error) {
				_, ok := errors.AsType[*shard.ReadError](err)
				if !ok || !errors.Is(err, tt.want) {
					t.Errorf("fault at call %d: %v", nth, err)
				}
				if !bytes.HasPrefix(want, got) {
					t.Errorf("fault at call %d: wrong bytes before it", nth)
				}
			})
		})
	}
}

// One bad file does not keep others from being read.
func TestOtherFilesGoOn(t *testing.T) {
	set := dataset(t, faultFiles, faultBytes)
	bad := set[1].Path
	p := newPool(t, set, shard.PoolConfig{Backoff: time.Microsecond, FS: &shardtest.FaultFS{
		Faults: []shardtest.Fault{{Op: shardtest.Read, Path: bad, Count: -1, Effect: shardtest.Error(syscall.EIO)}},
	}})
	for i := range set {
		err := p.ReadAt(t.Context(), i, make([]byte, 10), 0)
		if (err != nil) != (i == 1) {
			t.Errorf("file %d: %v", i, err)
		}
	}
	if s := p.Stats(); s.Retries != 2 || s.Reads != 2 || s.Bytes != 20 {
		t.Errorf("stats %+v", s)
	}
}

// Without descriptors a read waits, and stops waiting when told.
func TestDescriptorShortage(t *testing.T) {
	set := dataset(t, 1, 10)
	none := []shardtest.Fault{{Op: shardtest.Open, Count: -1, Effect: shardtest.Error(syscall.EMFILE)}}
	for name, deadline := range map[string]time.Duration{"context": 0, "deadline": 30 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()
		p := newPool(t, set, shard.PoolConfig{Backoff: time.Millisecond, Deadline: deadline, FS: &shardtest.FaultFS{Faults: none}})
		err := p.ReadAt(ctx, 0, make([]byte, 1), 0)
		if !errors.Is(err, syscall.EMFILE) || !(errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)) {
			t.Errorf("%s: %v", name, err)
		}
		if errors.Is(err, shard.ErrAbandoned) {
			t.Errorf("%s: abandoned a buffer that no read has", name)
		}
	}
}

// A call that never returns costs its caller the deadline and no more, wherever
// it hangs; the pool goes on.
func TestHang(t *testing.T) {
	noLeaks(t)
	set := dataset(t, 4, 100)
	const deadline = 50 * time.Millisecond
	for name, op := range map[string]shardtest.Op{"open": shardtest.Open, "read": shardtest.Read, "stat": shardtest.Stat} {
		t.Run(name, func(t *testing.T) {
			faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: op, Path: set[1].Path, Count: -1, Effect: shardtest.Hang()}}}
			p := newPool(t, set, shard.PoolConfig{Deadline: deadline, Readers: 1, FS: faulty})
			defer faulty.Release()
			buf := make([]byte, 10)
			began := time.Now()
			err := p.ReadAt(t.Context(), 1, buf, 0)
			if d := time.Since(began); !errors.Is(err, shard.ErrAbandoned) || !errors.Is(err, os.ErrDeadlineExceeded) || d > deadline+100*time.Millisecond {
				t.Errorf("after %v: %v", d, err)
			}
			for _, i := range []int{0, 2, 3} {
				if b, err := p.ReadFile(t.Context(), i, nil); err != nil || len(b) != 100 {
					t.Errorf("file %d: %v", i, err)
				}
			}
			if s := p.Stats(); s.Stuck != 1 || s.Abandoned != 1 {
				t.Errorf("stats %+v", s)
			}
			began = time.Now()
			p.Close()
			if d := time.Since(began); d > 100*time.Millisecond {
				t.Errorf("Close took %v", d)
			}
			faulty.Release()
			for range 100 {
				if s := p.Stats(); s.Stuck == 0 && s.Open == 0 {
					return
				}
				time.Sleep(time.Millisecond)
			}
			t.Errorf("after the release: %+v", p.Stats())
		})
	}
}

// When reads hang until no descriptor is left, others get an error in time.
func TestHangAll(t *testing.T) {
	noLeaks(t)
	set := dataset(t, 4, 100)
	faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Count: -1, Effect: shardtest.Hang()}}}
	p := newPool(t, set, shard.PoolConfig{Deadline: 30 * time.Millisecond, MaxOpen: 2, FS: faulty})
	var abandoned int
	for i := range set {
		err := p.ReadAt(t.Context(), i, make([]byte, 1), 0)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		if errors.Is(err, shard.ErrAbandoned) {
			abandoned++
		}
	}
	if s := p.Stats(); abandoned != 2 || s.Stuck != 2 || s.Open != 2 {
		t.Errorf("abandoned %d, stats %+v", abandoned, s)
	}
	faulty.Release()
}

// Cancelling returns at once also while a read hangs, and so does Close.
func TestCancelAndClose(t *testing.T) {
	noLeaks(t)
	set := dataset(t, 1, 100)
	for name, stop := range map[string]func(cancel func(), p *shard.Pool){
		"cancel": func(cancel func(), _ *shard.Pool) { cancel() },
		"close":  func(_ func(), p *shard.Pool) { p.Close() },
	} {
		inBubble := func(t *testing.T) { // whose clock a busy machine does not move
			faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Count: -1, Effect: shardtest.Hang()}}}
			p := newPool(t, set, shard.PoolConfig{Deadline: time.Minute, FS: faulty})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var reads sync.WaitGroup
			for range 20 { // more than Readers
				reads.Go(func() {
					err := p.ReadAt(ctx, 0, make([]byte, 1), 0)
					if !errors.Is(err, context.Canceled) && !errors.Is(err, os.ErrClosed) {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
			stopped := time.Now()
			stop(cancel, p)
			closed := time.Since(stopped)
			reads.Wait()
			if d := time.Since(stopped); d > 100*time.Millisecond || closed > 100*time.Millisecond {
				t.Errorf("stopped after %v, all reads ended after %v", closed, d)
			}
			faulty.Release()
		}
		t.Run(name, func(t *testing.T) { synctest.Test(t, inBubble) })
	}
}

// A cancelled read that comes back soon is not abandoned: its buffer is not lost.
func TestCancelGrace(t *testing.T) {
	set := dataset(t, 1, 100)
	faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Count: -1, Effect: shardtest.Delay(8 * time.Millisecond)}}}
	p := newPool(t, set, shard.PoolConfig{Deadline: time.Minute, FS: faulty})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Millisecond)
	defer cancel()
	if err := p.ReadAt(ctx, 0, make([]byte, 1), 0); errors.Is(err, shard.ErrAbandoned) {
		t.Error(err)
	}
}

// Without a deadline Close does not wait for a read that hangs either.
func TestCloseInline(t *testing.T) {
	noLeaks(t)
	set := dataset(t, 1, 100)
	faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Effect: shardtest.Hang()}}}
	p := newPool(t, set, shard.PoolConfig{FS: faulty})
	done := make(chan error)
	go func() { done <- p.ReadAt(context.Background(), 0, make([]byte, 1), 0) }()
	for faulty.Calls(shardtest.Read) == 0 {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	p.Close()
	if d := time.Since(began); d > 100*time.Millisecond {
		t.Errorf("Close took %v", d)
	}
	faulty.Release()
	if err := <-done; err != nil {
		t.Errorf("the read that was in flight: %v", err)
	}
	if now, _ := faulty.Handles(); now != 0 {
		t.Errorf("%d handles open", now)
	}
}

// A deadline that passes in the moment in which a read fails for a reason that may pass
// holds for what is tried next.
func TestDeadlineStays(t *testing.T) {
	set := shard.Set{{Path: "0", Size: 1000}}
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			faulty := &shardtest.FaultFS{FS: memoryFiles{"0": content(0, 1000)}, Faults: []shardtest.Fault{
				{Op: shardtest.Read, Effect: shardtest.Delay(time.Second)},
				{Op: shardtest.Read, Effect: shardtest.Error(syscall.EIO)},
				{Op: shardtest.Read, Nth: 2, Count: -1, Effect: shardtest.Hang()},
			}}
			p := newPool(t, set, shard.PoolConfig{FS: faulty, Deadline: time.Second})
			if err := p.ReadAt(t.Context(), 0, make([]byte, 10), 0); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			faulty.Release()
			p.Close()
		})
	}
}
