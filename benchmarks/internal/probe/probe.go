package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/stokerdata/stoker/benchmarks/internal/cold"
	"github.com/stokerdata/stoker/internal/cputime"
)

// A Load is what is read.
type Load struct {
	Size   int64         // of what is read from
	Bytes  int           // of a read, a multiple of cold.Align
	Depth  int           // reads under way
	Random bool          // at random places, else one after another
	Start  int64         // of those that are not at random places
	For    time.Duration // how long
	Reads  int           // that there should be: with fewer it goes on, up to longest times For
	// Blocking says that each read keeps a thread, as those of files do. The
	// package then lets as many threads run as there are reads.
	Blocking bool
	Seed     uint64 // of random places
}

// String returns l in a few words.
func (l Load) String() string {
	order := "sequential"
	if l.Random {
		order = "random"
	}
	size := fmt.Sprintf("%d KiB", l.Bytes>>10)
	if l.Bytes%(1<<20) == 0 {
		size = fmt.Sprintf("%d MiB", l.Bytes>>20)
	}
	return fmt.Sprintf("%s, %s, depth %d", order, size, l.Depth)
}

// A Result is what a load gave. Rates are those of the time in which all reads
// were under way: the last ones, which nothing follows, have the drive to
// themselves.
type Result struct {
	PerSecond float64 // reads
	MBps      float64
	Least     float64         // reads a second in the slowest fifth of Load.For
	Most      float64         // and in the fastest
	Cores     float64         // CPU time of this process, by the time on the wall
	Latencies []time.Duration // sorted
}

// Percentile returns the latency that a part p of the reads, 0 to 1, did not
// exceed.
func (r Result) Percentile(p float64) time.Duration {
	if len(r.Latencies) == 0 {
		return 0
	}
	return r.Latencies[int(p*float64(len(r.Latencies)-1))]
}

const (
	fifths  = 5 // parts of Load.For whose rates are compared
	longest = 5 // times Load.For
)

// reader is one of those that read at a time.
type reader struct {
	latencies []time.Duration
	counts    [fifths * longest]int // in each fifth
	last      time.Duration         // when the last read was done, since the start
	stopped   time.Duration         // when there was to be no other
	err       error
}

// Run reads from f.
func Run(ctx context.Context, f io.ReaderAt, l Load) (Result, error) {
	if l.Bytes <= 0 || l.Bytes%cold.Align != 0 || l.Depth < 1 || l.Size < int64(l.Bytes) || l.For <= 0 {
		return Result{}, fmt.Errorf("probe: impossible load: %+v", l)
	}
	if l.Blocking {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(runtime.NumCPU(), l.Depth)))
	}
	readers := make([]reader, l.Depth)
	var next, done atomic.Int64
	var group sync.WaitGroup
	cpu, start := cputime.Now(), time.Now()
	for i := range readers {
		group.Go(func() { readers[i].run(ctx, f, l, uint64(i), &next, &done, start) })
	}
	group.Wait()
	return sum(readers, l, time.Since(start), cputime.Now()-cpu)
}

// run reads until the time is up.
func (r *reader) run(ctx context.Context, f io.ReaderAt, l Load, number uint64, next, done *atomic.Int64, start time.Time) {
	b := aligned(l.Bytes)
	places := l.Size / cold.Align
	if !l.Random {
		places = l.Size / int64(l.Bytes)
	} else {
		places -= int64(l.Bytes)/cold.Align - 1
	}
	random := rand.New(rand.NewPCG(l.Seed, number))
	r.latencies = make([]time.Duration, 0, 1024)
	for {
		at := time.Since(start)
		if at >= l.For && (done.Load() >= int64(l.Reads) || at >= longest*l.For) || ctx.Err() != nil {
			r.stopped, r.err = at, ctx.Err()
			return
		}
		var off int64
		if l.Random {
			off = random.Int64N(places) * cold.Align
		} else {
			off = (l.Start/int64(l.Bytes) + next.Add(1) - 1) % places * int64(l.Bytes)
		}
		if n, err := f.ReadAt(b, off); n < len(b) {
			r.err = fmt.Errorf("probe: read of %d bytes at %d gave %d: %w", len(b), off, n, errors.Join(err, io.ErrUnexpectedEOF))
			return
		}
		end := time.Since(start)
		r.latencies = append(r.latencies, end-at)
		r.counts[min(len(r.counts)-1, int(fifths*end/l.For))]++
		r.last = end
		done.Add(1)
	}
}

// sum puts the readers' counts together.
func sum(readers []reader, l Load, took, cpu time.Duration) (r Result, err error) {
	all := slices.MinFunc(readers, func(a, b reader) int { return cmp.Compare(a.stopped, b.stopped) }).stopped
	late := 0
	var counts [fifths * longest]int
	for _, x := range readers {
		err = errors.Join(err, x.err)
		r.Latencies = append(r.Latencies, x.latencies...)
		if x.last > all {
			late++
		}
		for i, n := range x.counts {
			counts[i] += n
		}
	}
	if err != nil {
		return Result{}, err
	}
	slices.Sort(r.Latencies)
	fifth := l.For.Seconds() / fifths
	whole := counts[:max(1, min(len(counts), int(all.Seconds()/fifth)))]
	r.PerSecond = float64(len(r.Latencies)-late) / all.Seconds()
	r.MBps = r.PerSecond * float64(l.Bytes) / 1e6
	r.Least = float64(slices.Min(whole)) / fifth
	r.Most = float64(slices.Max(whole)) / fifth
	r.Cores = cpu.Seconds() / took.Seconds()
	return r, nil
}

// aligned returns memory for direct reads.
func aligned(n int) []byte {
	b := make([]byte, n+cold.Align)
	skip := int(-uintptr(unsafe.Pointer(&b[0])) % cold.Align)
	return b[skip:][:n:n]
}
