package drive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/cold"
	"github.com/stokerdata/stoker/benchmarks/internal/disk"
	"github.com/stokerdata/stoker/benchmarks/internal/drivesim"
	"github.com/stokerdata/stoker/benchmarks/internal/probe"
)

// Options says how long and how much to measure. The zero Options is ready.
type Options struct {
	For       time.Duration // a figure takes; 0 means 0.7 s
	FileBytes int64         // of the file that a real drive is probed with; 0 means 4 GiB
	Workers   []int         // of the loader; nil means 1, 2 and 4
	Progress  func(string)  // is told what goes on; nil means nobody is
}

func (o Options) withDefaults() Options {
	if o.For == 0 {
		o.For = 700 * time.Millisecond
	}
	if o.FileBytes == 0 {
		o.FileBytes = 4 << 30
	}
	if o.Workers == nil {
		o.Workers = []int{1, 2, 4}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

// The sizes of reads: of a small one, of an image as training sets have them,
// and of a part of a shard.
const (
	SmallBytes = 4 << 10
	ImageBytes = 112 << 10
	ShardBytes = 1 << 20
)

// A Point is what one load of reads gave.
type Point struct {
	Mode      Mode    `json:"mode"`
	Drive     string  `json:"drive"`
	Load      string  `json:"load"`
	Bytes     int     `json:"bytes"` // of a read
	Depth     int     `json:"depth"`
	Random    bool    `json:"random"`
	Cache     string  `json:"cache"`             // how it was avoided
	Backend   string  `json:"backend,omitempty"` // of the library's reader; empty for plain reads
	Refused   string  `json:"refused,omitempty"`
	PerSecond float64 `json:"reads_per_s"`
	Least     float64 `json:"least_reads_per_s"` // in a part of the time
	Most      float64 `json:"most_reads_per_s"`
	MBps      float64 `json:"mb_per_s"`
	Cores     float64 `json:"cores"` // of CPU, of this process
	// Percentiles holds the seconds that 0, 1, ... 100 % of the reads did not
	// exceed; nil where latencies mean nothing.
	Percentiles []float64 `json:"percentiles_s,omitempty"`
	// Of a simulated drive: the part of late reads, and the rate and the median
	// time that its profile means, without a machine around it.
	Late        float64 `json:"late,omitempty"`
	Model       float64 `json:"model_reads_per_s,omitempty"`
	ModelMedian float64 `json:"model_median_s,omitempty"`
	FIO         *FIO    `json:"fio,omitempty"`
}

// FIO is what fio gave for the same load, by turns with the library's reader.
type FIO struct {
	Version   string  `json:"version"`
	Engine    string  `json:"engine"`
	PerSecond float64 `json:"reads_per_s"`
	MBps      float64 `json:"mb_per_s"`
	MedianS   float64 `json:"median_s"`
	Cores     float64 `json:"cores"`
	Ratio     float64 `json:"ours_vs_fio"` // the median over pairs of turns
	// Low and High are what the median of more pairs would lie between.
	Low    float64   `json:"low_ours_vs_fio"`
	High   float64   `json:"high_ours_vs_fio"`
	Pairs  []float64 `json:"pairs"`
	Spread float64   `json:"spread"` // between the least and the greatest of Pairs, as a part of Ratio
	Steady bool      `json:"steady"` // Pairs agree
}

// mostSpread is how far pairs may be apart that agree, as in the suite.
const mostSpread = 0.15

// steadyThrottle is how long a throttled drive is read from at least: the kernel
// lets some tenths of a second through at first.
const steadyThrottle = 3 * time.Second

// loads returns what a drive is probed with. Latencies of a throttled one are
// its throttle's, so that random reads are left out.
func loads(m Mode, f time.Duration) (all []probe.Load) {
	if m == modeThrottled {
		f = max(f, steadyThrottle)
	}
	for _, depth := range []int{1, 8} {
		all = append(all, probe.Load{Bytes: ShardBytes, Depth: depth, For: f})
	}
	if m == modeThrottled {
		return all
	}
	for depth := 1; depth <= 64; depth *= 2 {
		all = append(all, probe.Load{Bytes: SmallBytes, Depth: depth, Random: true, For: f})
	}
	for _, depth := range []int{1, 32} {
		all = append(all, probe.Load{Bytes: ImageBytes, Depth: depth, Random: true, For: f})
	}
	return all
}

// byReader reports whether a load is one of those for which drives are bought, that
// the library's own reader does.
func byReader(l probe.Load) bool {
	return l.Bytes == ShardBytes && l.Depth == 8 || l.Bytes == ImageBytes && l.Depth == 32
}

// leastReads is how many reads a rate and a distribution of times are made of, where
// they can be had: with 200, the rate of a hard disk is off by 4 % one time in three.
const leastReads = 600

// Points measures a drive by itself.
func (d *Drive) Points(ctx context.Context, o Options) ([]Point, error) {
	o = o.withDefaults()
	target, err := d.target(ctx, o)
	if err != nil {
		return nil, err
	}
	defer target.close()
	var points []Point
	for i, l := range loads(d.mode, o.For) {
		l.Size, l.Blocking, l.Seed, l.Reads = target.size, d.sim == nil, uint64(i), leastReads
		o.Progress(fmt.Sprintf("%s: %v", d.Name(), l))
		measure := d.point
		if d.mode == modeReal && byReader(l) {
			measure = d.reads
		}
		p, err := measure(ctx, target, l)
		if err != nil {
			return points, err
		}
		d.suspect(p)
		points = append(points, p)
	}
	return points, nil
}

// target is what is read from.
type target struct {
	io.ReaderAt
	size   int64
	file   string // "" if there is none
	cache  string
	direct bool // the file can be read past the page cache
	fio    *probe.FIO
	close  func()
}

// target opens what the drive is probed with.
func (d *Drive) target(ctx context.Context, o Options) (*target, error) {
	if d.sim != nil {
		return &target{ReaderAt: d.sim.Surface(), size: drivesim.Span, cache: "none: simulated", close: func() {}}, nil
	}
	o.Progress(fmt.Sprintf("%s: writing a file of %d MB", d.Name(), o.FileBytes/1e6))
	t := &target{size: o.FileBytes, file: filepath.Join(d.dir, "probe"), cache: "direct reads", direct: true}
	if err := writeRandom(ctx, t.file, o.FileBytes); err != nil {
		return nil, err
	}
	if err := cold.Evict(t.file); err != nil {
		return nil, err
	}
	f, err := cold.Open(t.file)
	if errors.Is(err, errors.ErrUnsupported) {
		t.cache, t.direct = "evicted before", false
		f, err = os.Open(t.file)
	}
	if err != nil {
		return nil, err
	}
	t.ReaderAt = f
	t.close = func() { f.Close(); os.Remove(t.file) }
	if d.mode == modeThrottled {
		return t, nil // what the kernel lets through is not for us to compare
	}
	if t.fio, err = probe.FindFIO(ctx, t.file); err != nil {
		d.warnings = append(d.warnings, "fio is not beside us: "+err.Error())
	}
	return t, ctx.Err()
}

// writeRandom writes a file that no drive can compress.
func writeRandom(ctx context.Context, name string, size int64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	r := rand.NewChaCha8([32]byte{1})
	b := make([]byte, 4<<20)
	for left := size; left > 0 && err == nil; left -= int64(len(b)) {
		b = b[:min(int64(len(b)), left)]
		r.Read(b)
		if _, err = f.Write(b); err == nil {
			err = ctx.Err()
		}
	}
	return errors.Join(err, f.Close())
}

// point measures one load by plain reads.
func (d *Drive) point(ctx context.Context, t *target, l probe.Load) (Point, error) {
	if t.file != "" && !t.direct {
		if err := cold.Evict(t.file); err != nil {
			return Point{}, err
		}
	}
	before := d.simStats()
	r, err := probe.Run(ctx, t, l)
	if err != nil {
		return Point{}, err
	}
	p := d.newPoint(t, l, []probe.Result{r})
	late := d.simStats().Minus(before)
	if p.Late = late.LateShare(); p.Late > mostLate {
		p = Point{Mode: p.Mode, Drive: p.Drive, Load: p.Load, Bytes: p.Bytes, Depth: p.Depth, Random: p.Random, Cache: p.Cache, Late: p.Late, Model: p.Model, ModelMedian: p.ModelMedian,
			Refused: tooSlow(late)}
	}
	return p, nil
}

// newPoint returns the figures of some runs, the rates from the middle one.
func (d *Drive) newPoint(t *target, l probe.Load, runs []probe.Result) Point {
	runs = slices.Clone(runs)
	slices.SortFunc(runs, slower)
	r := runs[len(runs)/2]
	p := Point{Mode: d.mode, Drive: d.Name(), Load: l.String(), Bytes: l.Bytes, Depth: l.Depth, Random: l.Random, Cache: t.cache,
		PerSecond: r.PerSecond, Least: r.Least, Most: r.Most, MBps: r.MBps, Cores: r.Cores}
	for _, other := range runs {
		p.Least, p.Most = min(p.Least, other.Least), max(p.Most, other.Most)
	}
	if d.mode != modeThrottled && r.Latencies != nil {
		for i := range 101 {
			p.Percentiles = append(p.Percentiles, r.Percentile(float64(i)/100).Seconds())
		}
	}
	if d.sim != nil {
		e := expect(d.profile, l)
		p.Model, p.ModelMedian = e.PerSecond, e.Latencies[len(e.Latencies)/2].Seconds()
	}
	return p
}

// slower compares results by their rates.
func slower(a, b probe.Result) int { return cmp.Compare(a.PerSecond, b.PerSecond) }

// expect returns what a profile means.
func expect(p drivesim.Profile, l probe.Load) drivesim.Expectation {
	r := rand.New(rand.NewPCG(l.Seed, 1))
	next := int64(-l.Bytes)
	return p.Expect(5000, l.Depth, l.Bytes, func() int64 {
		if l.Random {
			return r.Int64N((l.Size-int64(l.Bytes))/cold.Align) * cold.Align
		}
		next += int64(l.Bytes)
		return next
	})
}

// compare returns fio's figures beside ours, of the same pairs of turns.
func compare(f *probe.FIO, ours, theirs []probe.Result) *FIO {
	var ratios []float64
	for i := range ours {
		ratios = append(ratios, ours[i].PerSecond/theirs[i].PerSecond)
	}
	theirs = slices.Clone(theirs)
	slices.SortFunc(theirs, slower)
	r := theirs[len(theirs)/2]
	low, high := interval(ratios)
	ratio := median(ratios)
	spread := (slices.Max(ratios) - slices.Min(ratios)) / ratio
	return &FIO{Version: f.Version, Engine: f.Engine, PerSecond: r.PerSecond, MBps: r.MBps, MedianS: r.Percentile(0.5).Seconds(),
		Cores: r.Cores, Ratio: ratio, Low: low, High: high, Pairs: ratios, Spread: spread, Steady: spread <= mostSpread}
}

// String returns the ratio, how sure it is, and whether pairs agree.
func (f *FIO) String() string {
	agree := "unsteady: pairs"
	if f.Steady {
		agree = "steady: pairs"
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f), %s are %.0f %% apart", f.Ratio, f.Low, f.High, agree, 100*f.Spread)
}

// fastest is the access time that no flash behind SATA or USB is known to be
// below.
const fastest = 30 * time.Microsecond

// suspect warns of a drive that answers faster than such drives do.
func (d *Drive) suspect(p Point) {
	if d.mode != modeReal || d.disk.Kind == disk.NVMe || !p.Random || p.Depth != 1 || p.Bytes != SmallBytes {
		return
	}
	if median := p.Percentiles[50]; median < fastest.Seconds() {
		d.warnings = append(d.warnings, fmt.Sprintf("host cache suspected: half of the random reads take less than %.0f µs, and it is no NVMe drive", 1e6*max(median, 1e-6)))
	}
}
