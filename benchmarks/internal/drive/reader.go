package drive

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/cold"
	"github.com/stokerdata/stoker/benchmarks/internal/probe"
	"github.com/stokerdata/stoker/internal/cputime"
	"github.com/stokerdata/stoker/shard"
)

// backends are the ways of the library to read past the page cache, or through it
// where a file system allows nothing else; the one that takes the least CPU time first.
var backends = map[bool][]shard.Backend{true: {shard.DirectRing, shard.Direct}, false: {shard.Ring, shard.Pread}}

var backendNames = map[shard.Backend]string{shard.Pread: "Pread", shard.Direct: "Direct", shard.Ring: "Ring", shard.DirectRing: "DirectRing"}

// fetchers is how many fetches a reader has under way, as a loader has several: at
// the end of one there is less to read than its share of the depth.
const fetchers = 2

// fetchBytes is how much a fetch reads: as much as some batches of images, or a few
// blocks of a table.
const fetchBytes = 16 << 20

// reader reads a file as the library does.
type reader struct {
	backend shard.Backend
	pool    *shard.Pool
	bufs    *shard.Buffers
	ranges  [fetchers][]shard.Range
}

func openReader(ctx context.Context, file string, backend shard.Backend, l probe.Load) (*reader, error) {
	set, err := shard.Find(ctx, file)
	if err != nil {
		return nil, err
	}
	r := &reader{backend: backend, bufs: shard.NewBuffers(fetchers * 2 * fetchBytes)}
	if r.pool, err = shard.NewPool(set, shard.PoolConfig{Backend: backend}); err != nil {
		return nil, err
	}
	// The memory is touched now, and not while anything is measured.
	var all [][]byte
	for i := range r.ranges {
		r.ranges[i] = make([]shard.Range, max(1, int(min(fetchBytes, l.Size))/l.Bytes))
		b, err := r.bufs.Get(ctx, len(r.ranges[i])*l.Bytes)
		if err != nil {
			return nil, errors.Join(err, r.pool.Close())
		}
		clear(b)
		all = append(all, b)
	}
	for _, b := range all {
		r.bufs.Put(b)
	}
	return r, nil
}

// run does a load. As with fio, what is under way when the time is over still counts,
// and so does the time that it takes.
func (r *reader) run(ctx context.Context, l probe.Load) (probe.Result, error) {
	limited, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, fetchers)
	var next atomic.Int64
	var group sync.WaitGroup
	bytes, cpu, start := r.pool.Stats().Bytes, cputime.Now(), time.Now()
	for i := range fetchers {
		group.Go(func() {
			if errs[i] = r.fetch(limited, l, i, &next); limited.Err() != nil {
				errs[i] = ctx.Err() // our own stop is no error
			} else {
				stop()
			}
		})
	}
	select {
	case <-limited.Done():
	case <-time.After(l.For):
	}
	stop()
	group.Wait()
	took, used := time.Since(start).Seconds(), cputime.Now()-cpu
	read := float64(r.pool.Stats().Bytes - bytes)
	perSecond := read / float64(l.Bytes) / took
	return probe.Result{PerSecond: perSecond, MBps: read / took / 1e6, Least: perSecond, Most: perSecond, Cores: used.Seconds() / took}, errors.Join(errs...)
}

// fetch reads until it is stopped. The library sorts what is at random places in a
// fetch, from which drives with heads gain, as they do in a training.
func (r *reader) fetch(ctx context.Context, l probe.Load, number int, next *atomic.Int64) error {
	places := l.Size / int64(l.Bytes)
	random := rand.New(rand.NewPCG(l.Seed, uint64(number)))
	plan := shard.Plan{GapBytes: -1, MaxBytes: l.Bytes, Concurrency: max(1, l.Depth/fetchers)}
	ranges := r.ranges[number]
	for {
		first := next.Add(int64(len(ranges))) - int64(len(ranges)) + l.Start/int64(l.Bytes)
		for i := range ranges {
			off := (first + int64(i)) % places * int64(l.Bytes)
			if l.Random {
				off = random.Int64N((l.Size-int64(l.Bytes))/cold.Align) * cold.Align
			}
			ranges[i] = shard.Range{Off: off, Len: l.Bytes}
		}
		b, err := r.pool.Fetch(ctx, r.bufs, plan, ranges)
		if err != nil {
			return err
		}
		r.bufs.Put(b)
	}
}

func (r *reader) close() error { return r.pool.Close() }

// choose returns a reader with the first backend, or with another that does the load
// faster in each trial: whoever has this drive would take it.
func (t *target) choose(ctx context.Context, l probe.Load) (best *reader, err error) {
	var all []*reader
	defer func() {
		for _, r := range all {
			if r != best {
				err = errors.Join(err, r.close())
			}
		}
	}()
	for _, b := range backends[t.direct] {
		r, err := openReader(ctx, t.file, b, l)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	rates := make([][]float64, len(all))
	for range trials {
		for i, r := range all {
			got, err := t.read(ctx, r, l)
			if err != nil {
				return nil, err
			}
			rates[i] = append(rates[i], got.PerSecond)
		}
	}
	return all[winner(rates)], nil
}

// winner returns which of some contenders to choose, by their rates in trials.
func winner(rates [][]float64) (best int) {
	for i := range rates {
		faster := 0
		for k, x := range rates[i] {
			if x > rates[best][k] {
				faster++
			}
		}
		if faster == len(rates[i]) {
			best = i
		}
	}
	return best
}

// trials is how often each backend is tried before one is chosen.
const trials = 5

// read has a reader do a load on what is cold.
func (t *target) read(ctx context.Context, r *reader, l probe.Load) (probe.Result, error) {
	if !t.direct {
		if err := cold.Evict(t.file); err != nil {
			return probe.Result{}, err
		}
	}
	return r.run(ctx, l)
}

// pairs is how often the library and fio do a load by turns. What a virtual drive
// gives may be three times as much a second later, so turns are short and many, and
// a ratio is the median of those of pairs.
const pairs = 15

// rest is how long nobody reads before a turn. A virtual drive saves up what it may
// give in the meantime, and fio takes some tenths of a second to begin.
const rest = 500 * time.Millisecond

// reads measures a load by the library's own reader, beside fio if it is here.
func (d *Drive) reads(ctx context.Context, t *target, l probe.Load) (p Point, err error) {
	l.For /= 3
	r, err := t.choose(ctx, l)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	turns := []func() (probe.Result, error){
		func() (probe.Result, error) { return t.read(ctx, r, l) },
		func() (probe.Result, error) { return t.fio.Run(ctx, t.file, l) },
	}
	if t.fio == nil {
		turns = turns[:1]
	}
	results := make([][]probe.Result, len(turns))
	for i := range pairs {
		for k := range turns {
			who := (i + k) % len(turns)
			l.Seed += 1000
			l.Start = startOf(len(turns)*i+k, l.Size)
			if len(turns) > 1 {
				time.Sleep(rest)
			}
			x, err := turns[who]()
			if err != nil {
				return p, err
			}
			results[who] = append(results[who], x)
		}
	}
	p = d.newPoint(t, l, results[0])
	p.Backend = backendNames[r.backend]
	if t.fio != nil {
		p.FIO = compare(t.fio, results[0], results[1])
	}
	return p, nil
}

// startOf returns where a turn begins to read a file in order: in its first half, as
// fio begins anew at its end and we do at its start, and far from the turns before,
// of which a hypervisor may remember what they read.
func startOf(turn int, size int64) int64 {
	_, part := math.Modf(float64(turn) * (math.Phi - 1)) // no two are close
	return int64(part * float64(size/2))
}

// median returns the middle of x.
func median(x []float64) float64 { return slices.Sorted(slices.Values(x))[len(x)/2] }

// interval returns bounds of the median of what x is a sample of, which hold 19
// times of 20, or as often as the least and the greatest of x do: as many values of
// x lie outside of them as so many tosses of a coin hardly have heads.
func interval(x []float64) (low, high float64) {
	s, n := slices.Sorted(slices.Values(x)), len(x)
	k, ways, sum := 1, 1.0, 1.0 // tosses with fewer than k heads, of 2 to the power of n
	for limit := math.Ldexp(1, n) / 40; ; k++ {
		ways *= float64(n-k+1) / float64(k)
		if sum += ways; sum > limit {
			return s[k-1], s[n-k]
		}
	}
}
