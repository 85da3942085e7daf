package shard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stokerdata/stoker/internal/pages"
	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/shard/shardtest"
)

func TestCoalesce(t *testing.T) {
	plan := shard.Plan{GapBytes: 10, MaxBytes: 100}
	touching := shard.Plan{GapBytes: -1, MaxBytes: 100}
	r := func(file int, off int64, n int) shard.Range { return shard.Range{File: file, Off: off, Len: n} }
	tests := []struct {
		name string
		plan shard.Plan
		in   []shard.Range
		want string
	}{
		{"none", plan, nil, ""},
		{"one", plan, []shard.Range{r(0, 5, 7)}, "0:5+7(1) "},
		{"sorted", plan, []shard.Range{r(1, 0, 1), r(0, 50, 5), r(0, 0, 5)}, "0:0+5(1) 0:50+5(1) 1:0+1(1) "},
		{"gap", plan, []shard.Range{r(0, 0, 10), r(0, 20, 10), r(0, 41, 10)}, "0:0+30(2) 0:41+10(1) "},
		{"touching", touching, []shard.Range{r(0, 0, 10), r(0, 10, 10), r(0, 21, 1)}, "0:0+20(2) 0:21+1(1) "},
		{"overlap, inside, twice", plan, []shard.Range{r(0, 0, 50), r(0, 40, 20), r(0, 1, 2), r(0, 0, 50)}, "0:0+60(4) "},
		{"limit", plan, []shard.Range{r(0, 0, 60), r(0, 60, 40), r(0, 100, 1)}, "0:0+100(2) 0:100+1(1) "},
		{"larger than the limit", plan, []shard.Range{r(0, 0, 500), r(0, 400, 10), r(0, 505, 1)}, "0:0+500(2) 0:505+1(1) "},
		{"end of numbers", plan, []shard.Range{r(0, 0, 1), r(0, math.MaxInt64-5, 5)}, fmt.Sprintf("0:0+1(1) 0:%d+5(1) ", int64(math.MaxInt64-5))},
	}
	for _, tt := range tests {
		var got strings.Builder
		for _, q := range tt.plan.Coalesce(nil, tt.in) {
			got.WriteString(fmt.Sprintf("%d:%d+%d(%d) ", q.File, q.Off, q.Len, len(q.Ranges)))
		}
		if got.String() != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got.String(), tt.want)
		}
	}
}

func TestFetch(t *testing.T) {
	noLeaks(t)
	const nFiles, size = 3, 200_000
	set := dataset(t, nFiles, size)
	var want [nFiles][]byte
	for i := range want {
		want[i] = content(i, size)
	}
	p := newPool(t, set, shard.PoolConfig{})
	bufs := shard.NewBuffers(8 << 20)
	r := rand.New(rand.NewPCG(1, 2))
	for trial := range 200 {
		plan := shard.Plan{GapBytes: r.IntN(5000) - 1, MaxBytes: 1 + r.IntN(50000), Concurrency: r.IntN(5)}
		ranges := make([]shard.Range, r.IntN(40))
		for i := range ranges {
			off := r.IntN(size)
			ranges[i] = shard.Range{File: r.IntN(nFiles), Off: int64(off), Len: r.IntN(min(3000, size-off)), Tag: i}
		}
		buf, err := p.Fetch(t.Context(), bufs, plan, ranges)
		if err != nil {
			t.Fatal(err)
		}
		tags := make(map[int]bool)
		for _, x := range ranges {
			if !bytes.Equal(x.Data, want[x.File][x.Off:][:x.Len]) {
				t.Fatalf("trial %d: wrong bytes for %d:%d+%d", trial, x.File, x.Off, x.Len)
			}
			tags[x.Tag] = true
		}
		if len(tags) != len(ranges) {
			t.Fatal("ranges were lost")
		}
		bufs.Put(buf)
	}
	if lent, _ := bufs.Held(); lent != 0 {
		t.Errorf("%d bytes still lent", lent)
	}
}

func TestFetchErrors(t *testing.T) {
	noLeaks(t)
	set := dataset(t, 3, 1000)
	bufs := shard.NewBuffers(1 << 20)
	ranges := func() []shard.Range { return []shard.Range{{File: 2, Len: 10}, {File: 0, Len: 10}, {File: 1, Len: 10}} }
	fault := func(e shardtest.Effect) *shardtest.FaultFS {
		return &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Path: set[1].Path, Count: -1, Effect: e}}}
	}
	p := newPool(t, set, shard.PoolConfig{Retries: -1, FS: fault(shardtest.Error(syscall.EIO))})
	for width := range 4 {
		if _, err := p.Fetch(t.Context(), bufs, shard.Plan{Concurrency: width}, ranges()); !errors.Is(err, syscall.EIO) {
			t.Errorf("bad disk, %d at once: %v", width, err)
		}
	}
	for _, tt := range []struct {
		r    shard.Range
		want error
	}{
		{shard.Range{Off: -1, Len: 1}, nil},
		{shard.Range{Off: 1, Len: -1}, nil},
		{shard.Range{Off: math.MaxInt64, Len: 1}, nil},
		{shard.Range{Off: 0, Len: 2 << 20}, shard.ErrTooLarge},
		{shard.Range{Off: 995, Len: 10}, io.ErrUnexpectedEOF},
	} {
		if _, err := p.Fetch(t.Context(), bufs, shard.Plan{}, []shard.Range{tt.r}); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("range %+v: %v", tt.r, err)
		}
		if tt.want == nil {
			if err := p.ReadInto(t.Context(), make([]byte, 10), shard.Plan{}, []shard.Range{tt.r}); err == nil {
				t.Errorf("range %+v, read to its place: no error", tt.r)
			}
		}
	}
	if lent, _ := bufs.Held(); lent != 0 {
		t.Errorf("%d bytes still lent", lent)
	}
	hung := fault(shardtest.Hang())
	p = newPool(t, set, shard.PoolConfig{Deadline: 20 * time.Millisecond, FS: hung})
	if _, err := p.Fetch(t.Context(), bufs, shard.Plan{}, ranges()); !errors.Is(err, shard.ErrAbandoned) {
		t.Errorf("hung disk: %v", err)
	}
	if lent, idle := bufs.Held(); lent == 0 {
		t.Errorf("a buffer that a lost read may write to is not counted: lent %d, idle %d", lent, idle)
	}
	hung.Release()
}

// TestReadInto reads ranges to their places: neighbours with one read, and with one
// look at the state of each file.
func TestReadInto(t *testing.T) {
	set := dataset(t, 2, 10)
	for _, c := range []struct {
		what   string
		ranges []shard.Range
		want   string // file and offset of each byte
		reads  int
		stats  int // and one when a file is opened
	}{
		{"nothing", nil, "", 0, 0},
		{"neighbours", []shard.Range{{Off: 2, Len: 2, Tag: 0}, {Off: 4, Len: 1, Tag: 2}, {Off: 5, Len: 2, Tag: 3}}, "02 03 04 05 06", 1, 2},
		{"in another order", []shard.Range{{Off: 4, Len: 2, Tag: 0}, {Off: 2, Len: 2, Tag: 2}}, "04 05 02 03", 2, 2},
		{"apart", []shard.Range{{Off: 2, Len: 2, Tag: 0}, {Off: 5, Len: 1, Tag: 2}}, "02 03 05", 2, 2},
		{"twice", []shard.Range{{Off: 2, Len: 2, Tag: 0}, {Off: 2, Len: 2, Tag: 2}, {Off: 4, Len: 1, Tag: 4}}, "02 03 02 03 04", 2, 2},
		{"of two files", []shard.Range{{File: 1, Off: 0, Len: 1, Tag: 1}, {File: 0, Off: 9, Len: 1, Tag: 0}}, "09 10", 2, 4},
		{"with empty ones", []shard.Range{{Off: 3, Tag: 0}, {Off: 3, Len: 1, Tag: 0}, {Off: 4, Tag: 1}, {Off: 4, Len: 1, Tag: 1}, {Off: 10, Tag: 2}}, "03 04", 1, 2},
	} {
		for deadline := range 2 { // each read has its own then
			fs := &shardtest.FaultFS{}
			p := newPool(t, set, shard.PoolConfig{FS: fs, Deadline: time.Duration(deadline) * time.Minute})
			var want []byte
			for at := range strings.FieldsSeq(c.want) {
				want = append(want, content(int(at[0]-'0'), 10)[at[1]-'0'])
			}
			got := make([]byte, len(want))
			if err := p.ReadInto(t.Context(), got, shard.Plan{Concurrency: 1}, c.ranges); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: got %v, want %v, error %v", c.what, got, want, err)
			}
			if n := fs.Calls(shardtest.Read); n != c.reads || p.Stats().Reads != int64(n) || p.Stats().Bytes != int64(len(want)) {
				t.Errorf("%s: %d reads, want %d; %+v", c.what, n, c.reads, p.Stats())
			}
			if n := fs.Calls(shardtest.Stat); deadline == 0 && n != c.stats {
				t.Errorf("%s: %d looks at files, want %d", c.what, n, c.stats)
			}
		}
	}
}

// TestReadIntoEnds ends the reading of several pieces of a file between them.
func TestReadIntoEnds(t *testing.T) {
	set := dataset(t, 1, 1000)
	ranges := func() []shard.Range {
		return []shard.Range{{Off: 0, Len: 10}, {Off: 100, Len: 10, Tag: 10}, {Off: 200, Len: 10, Tag: 20}}
	}
	fault := shardtest.Fault{Op: shardtest.Read, Nth: 2, Effect: shardtest.Truncate(500)}
	p := newPool(t, set, shard.PoolConfig{FS: &shardtest.FaultFS{Faults: []shardtest.Fault{fault}}})
	if err := p.ReadInto(t.Context(), make([]byte, 30), shard.Plan{Concurrency: 1}, ranges()); !errors.Is(err, shard.ErrChanged) {
		t.Errorf("a file that changes behind the first piece: %v", err)
	}
	fault.Effect = shardtest.Error(syscall.EIO)
	p = newPool(t, set, shard.PoolConfig{Backoff: time.Microsecond, FS: &shardtest.FaultFS{Faults: []shardtest.Fault{fault}}})
	to := make([]byte, 30)
	if err := p.ReadInto(t.Context(), to, shard.Plan{Concurrency: 1}, ranges()); err != nil || !bytes.Equal(to[20:], content(0, 1000)[200:210]) {
		t.Errorf("a passing fault: %v, %v", to[20:], err)
	}
	fs := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Nth: 2, Effect: shardtest.Delay(50 * time.Millisecond)}}}
	p = newPool(t, set, shard.PoolConfig{FS: fs})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := p.ReadInto(ctx, to, shard.Plan{Concurrency: 1}, ranges()); !errors.Is(err, context.Canceled) || fs.Calls(shardtest.Read) > 2 {
		t.Errorf("cancelled in the second piece: %d reads, %v", fs.Calls(shardtest.Read), err)
	}
}

func TestBuffers(t *testing.T) {
	const budget = 1 << 20
	bufs := shard.NewBuffers(budget)
	ctx := t.Context()
	if _, err := bufs.Get(ctx, budget+1); !errors.Is(err, shard.ErrTooLarge) {
		t.Errorf("over the budget: %v", err)
	}
	whole, err := bufs.Get(ctx, budget)
	if err != nil || len(whole) != budget || !pages.Aligned(whole) {
		t.Fatal(len(whole), err)
	}
	short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	if _, err := bufs.Get(short, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing left: %v", err)
	}
	time.AfterFunc(5*time.Millisecond, func() { bufs.Put(whole) })
	one, err := bufs.Get(ctx, 1) // waits for Put, then drops what is idle
	if err != nil || len(one) != 1 || !pages.Aligned(one) {
		t.Fatal(len(one), err)
	}
	if lent, idle := bufs.Held(); lent+idle > budget || lent != 4096 {
		t.Errorf("lent %d, idle %d", lent, idle)
	}
	bufs.Put(one[:0])
	bufs.Put(nil)
	bufs.Abandon(must(bufs.Get(ctx, budget/2)))
	if _, err := bufs.Get(ctx, budget); !errors.Is(err, shard.ErrTooLarge) {
		t.Errorf("more than is left for ever: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("Put took a foreign buffer")
		}
	}()
	bufs.Put(make([]byte, 5000))
}

// Who waits for more than is left once a buffer is abandoned waits for nothing, and
// keeps others from what there is.
func TestAbandonEndsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const budget = 1 << 20
		bufs := shard.NewBuffers(budget)
		lent := must(bufs.Get(t.Context(), budget/2))
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := bufs.Get(t.Context(), budget); !errors.Is(err, shard.ErrTooLarge) {
				t.Errorf("more than is left: %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() { bufs.Put(must(bufs.Get(t.Context(), budget/2))) })
		synctest.Wait()
		bufs.Abandon(lent)
		all.Wait()
	})
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestBuffersBudget(t *testing.T) {
	const budget = 1 << 18
	bufs := shard.NewBuffers(budget)
	var lent atomic.Int64
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(3, uint64(g)))
			for range 100 {
				b := must(bufs.Get(context.Background(), 1+r.IntN(budget/4)))
				if lent.Add(int64(cap(b))) > budget {
					t.Error("lent more than the budget")
				}
				b[0], b[len(b)-1] = 1, 2
				if lent, idle := bufs.Held(); lent+idle > budget {
					t.Errorf("lent %d, idle %d", lent, idle)
				}
				lent.Add(-int64(cap(b)))
				bufs.Put(b)
			}
		})
	}
	all.Wait()
}

// TestBuffersIdle lends sizes that vary, which must not leave buffers of all
// sizes idle, and two that take turns, which must not be allocated each time.
func TestBuffersIdle(t *testing.T) {
	bufs := shard.NewBuffers(math.MaxInt64)
	r := rand.New(rand.NewPCG(5, 6))
	var most, all int64
	for range 200 {
		b := must(bufs.Get(t.Context(), 1+r.IntN(1<<20)))
		most, all = max(most, int64(cap(b))), all+int64(cap(b))
		if lent, idle := bufs.Held(); lent+idle > 2*most {
			t.Fatalf("lent %d, idle %d, but never more than %d at a time", lent, idle, most)
		}
		bufs.Put(b)
	}
	if _, idle := bufs.Held(); idle == 0 || all < 20*most {
		t.Errorf("idle %d of %d", idle, all)
	}
	fresh := 0
	again := func(n int) {
		b := must(bufs.Get(t.Context(), n))
		if b[0] == 0 {
			fresh++
		}
		b[0] = 1
		bufs.Put(b)
	}
	n := testing.AllocsPerRun(100, func() {
		again(1 << 20)
		again(1 << 19)
	})
	if n > 0 || fresh > 2 {
		t.Errorf("%v allocations for two sizes, and %d new buffers", n, fresh)
	}
	fresh = 0
	n = testing.AllocsPerRun(100, func() { again(1<<20 - r.IntN(1<<18)) })
	if n > 0 || fresh > 2 {
		t.Errorf("%v allocations for sizes that vary a little, and %d new buffers", n, fresh)
	}
}

// TestBuffersSpare lends large buffers of several sizes, of which few may lie idle.
func TestBuffersSpare(t *testing.T) {
	if raceEnabled {
		t.Skip("they are written to")
	}
	const m = 1 << 20
	bufs := shard.NewBuffers(math.MaxInt64)
	defer bufs.Close()
	for _, c := range []struct{ size, idle int }{{512 * m, 0}, {160 * m, 0}, {384 * m, 160 * m}, {512 * m, 0}} {
		b := must(bufs.Get(t.Context(), c.size))
		if lent, idle := bufs.Held(); lent != int64(c.size) || idle != int64(c.idle) {
			t.Errorf("lent %d MiB of %d, idle %d, want %d", lent/m, c.size/m, idle/m, c.idle/m)
		}
		bufs.Put(b)
	}
}

// TestBuffersClose gives back what is idle at once, and what is lent in its time.
func TestBuffersClose(t *testing.T) {
	const n = 1 << 20
	bufs := shard.NewBuffers(4 * n)
	a, b := must(bufs.Get(t.Context(), n)), must(bufs.Get(t.Context(), n))
	a[0], b[0] = 1, 2
	bufs.Put(a)
	for range 2 {
		bufs.Close()
		if lent, idle := bufs.Held(); lent != n || idle != 0 || b[0] != 2 {
			t.Errorf("lent %d, idle %d, %d in the buffer that is lent", lent, idle, b[0])
		}
	}
	bufs.Put(b)
	c := must(bufs.Get(t.Context(), n))
	if lent, idle := bufs.Held(); lent != n || idle != 0 || len(c) != n {
		t.Errorf("after all is closed: %d bytes, lent %d, idle %d", len(c), lent, idle)
	}
}

// TestBuffersForgotten drops Buffers without a Close, whose memory nobody else frees.
func TestBuffersForgotten(t *testing.T) {
	if runtime.GOOS != "linux" || raceEnabled {
		t.Skip("buffers lie on the Go heap")
	}
	bufs := shard.NewBuffers(1 << 20)
	b := must(bufs.Get(t.Context(), 1<<20))
	b[len(b)/2] = 1
	bufs.Put(b)
	bufs = nil
	for b[len(b)/2] != 0 { // until the test is given up
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

// TestBuffersLarger lends an idle buffer in the place of a smaller one only where
// the budget has room for it.
func TestBuffersLarger(t *testing.T) {
	const k = 1 << 10
	bufs := shard.NewBuffers(128 * k)
	bufs.Put(must(bufs.Get(t.Context(), 64*k)))
	a := must(bufs.Get(t.Context(), 56*k))
	if lent, idle := bufs.Held(); cap(a) != 64*k || lent != 64*k || idle != 0 {
		t.Errorf("lent %d bytes for 56 KiB, %d in all, %d are idle", cap(a), lent, idle)
	}
	b := must(bufs.Get(t.Context(), 8*k))
	bufs.Put(a)
	c := must(bufs.Get(t.Context(), 64*k))
	d := must(bufs.Get(t.Context(), 56*k)) // all of the budget
	for _, buf := range [][]byte{b, c, d} {
		bufs.Put(buf)
	}
	if lent, idle := bufs.Held(); lent != 0 || idle > 128*k {
		t.Errorf("%d bytes are lent, %d idle", lent, idle)
	}
	bufs.Put(must(bufs.Get(t.Context(), 128*k))) // nothing was lost of it
}

func ExamplePool_Fetch() {
	dir, _ := os.MkdirTemp("", "shard")
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "x"), []byte("0123456789abcdef"), 0o666)
	ctx := context.Background()
	set, _ := shard.Find(ctx, dir)
	pool, _ := shard.NewPool(set, shard.PoolConfig{})
	defer pool.Close()
	bufs := shard.NewBuffers(1 << 20)

	ranges := []shard.Range{{Off: 10, Len: 6, Tag: 1}, {Off: 2, Len: 3, Tag: 2}}
	buf, err := pool.Fetch(ctx, bufs, shard.Plan{}, ranges) // one read of 14 bytes
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bufs.Put(buf)
	for _, r := range ranges {
		fmt.Printf("%d %s\n", r.Tag, r.Data)
	}
	// Output:
	// 2 234
	// 1 abcdef
}

func ExamplePlan() {
	plan := shard.Plan{GapBytes: 100, MaxBytes: 1000}
	for _, r := range plan.Coalesce(nil, []shard.Range{{Off: 900, Len: 200}, {Off: 0, Len: 50}, {Off: 120, Len: 30}}) {
		fmt.Println(r.Off, r.Len, len(r.Ranges))
	}
	// Output:
	// 0 150 2
	// 900 200 1
}
