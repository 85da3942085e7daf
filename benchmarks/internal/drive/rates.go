package drive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/cold"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// A Rate is what the loader delivered from a drive.
type Rate struct {
	Mode      Mode    `json:"mode"`
	Drive     string  `json:"drive"`
	Task      string  `json:"task"`
	Layout    string  `json:"layout"`
	Order     string  `json:"order"`
	Workers   int     `json:"workers"`
	Cache     string  `json:"cache"` // cold, warm, or none
	Refused   string  `json:"refused,omitempty"`
	Unit      string  `json:"unit"`
	PerSecond float64 `json:"units_per_s"`
	Least     float64 `json:"least_units_per_s"` // in a third of the time, or an epoch
	Most      float64 `json:"most_units_per_s"`
	MBps      float64 `json:"mb_per_s"` // of files
	Rows      int     `json:"rows"`     // that the rate is taken from
	Seconds   float64 `json:"seconds"`  // likewise
	Late      float64 `json:"late,omitempty"`
	// Ceiling is the rate at which the drive by itself reads in the same
	// pattern; 0 if that is not known.
	Ceiling float64 `json:"drive_units_per_s,omitempty"`
}

// The states of the page cache.
const (
	Cold    = "cold"
	Warm    = "warm"
	NoCache = "none"
)

// job is one rate to be measured.
type job struct {
	task
	layout
	dir     string
	paths   []string
	bytes   int64 // of the files
	workers int
	cache   string
	fs      shard.FS
}

// Rates measures the loader over drives. They take turns, so that a slow minute
// of this machine meets all of them. points are what each gave by itself; the
// ceilings follow from them.
func Rates(ctx context.Context, s Set, drives []*Drive, points [][]Point, o Options) ([][]Rate, error) {
	o = o.withDefaults()
	sets := make([]Set, len(drives))
	for i, d := range drives {
		var err error
		if sets[i], err = d.copy(s, o); err != nil {
			return nil, err
		}
	}
	rates := make([][]Rate, len(drives))
	for _, t := range tasks() {
		for _, l := range t.layouts {
			jobs := make([][]job, len(drives))
			for i, d := range drives {
				var err error
				if jobs[i], err = d.jobs(t, l, sets[i], o); err != nil {
					return rates, err
				}
			}
			if err := turns(ctx, drives, jobs, points, o, rates); err != nil {
				return rates, err
			}
		}
	}
	return rates, nil
}

// turns measures the jobs of each drive, the first of all of them first.
func turns(ctx context.Context, drives []*Drive, jobs [][]job, points [][]Point, o Options, rates [][]Rate) error {
	for k := range len(o.Workers) + 1 {
		for i, d := range drives {
			if k >= len(jobs[i]) {
				continue
			}
			j := jobs[i][k]
			o.Progress(fmt.Sprintf("%s: %s from %s, %d workers, cache: %s", d.Name(), j.task.name, j.layout.name, j.workers, j.cache))
			r, err := d.rate(ctx, j, points[i], o.For)
			if err != nil {
				return fmt.Errorf("%s: %s from %s: %w", d.Name(), j.task.name, j.layout.name, err)
			}
			rates[i] = append(rates[i], r)
		}
	}
	return nil
}

// copy copies a set to a real drive.
func (d *Drive) copy(s Set, o Options) (Set, error) {
	if d.dir == "" {
		return s, nil
	}
	o.Progress(d.Name() + ": copying the data set")
	dir := filepath.Join(d.dir, "set")
	return Set{dir}, os.CopyFS(dir, os.DirFS(s.Dir))
}

// jobs returns the rates to be measured of a task in a layout: with all numbers
// of workers, and for real drives the last of them from a warm cache too.
func (d *Drive) jobs(t task, l layout, s Set, o Options) (jobs []job, err error) {
	j := job{task: t, layout: l, dir: s.dir(t, l), cache: NoCache}
	if j.paths, j.bytes, err = paths(j.dir); err != nil {
		return nil, err
	}
	switch d.mode {
	case modeSimulated:
		j.fs = d.sim.FS(shard.OS(), j.paths)
		err = touch(j.paths)
	case modeMemory:
		j.fs, err = newMemoryFS(j.paths)
	default:
		j.fs, j.cache = shard.OS(), Cold
	}
	for _, j.workers = range o.Workers {
		jobs = append(jobs, j)
	}
	if j.cache == Cold {
		j.cache = Warm
		jobs = append(jobs, j)
	}
	return jobs, err
}

// touch reads files, so that they are in the page cache.
func touch(paths []string) error {
	var b []byte
	for _, p := range paths {
		var err error
		if b, err = shard.ReadFile(context.Background(), p, b); err != nil {
			return err
		}
	}
	return nil
}

// loader opens a job's source, and a loader of it. Random reads from a throttled
// drive take no longer than others, which no slow drive does: there the order is
// that of the files.
func (d *Drive) loader(j job) (loader.Source, *loader.Loader, error) {
	src, err := j.open(j.dir, shard.PoolConfig{FS: j.fs})
	if err != nil {
		return nil, nil, err
	}
	c := loader.Config{BatchSize: j.batch, Epochs: -1, Seed: 1, Order: loader.Shuffle{Live: live}, Transforms: j.transforms, Workers: j.workers}
	if j.cache == Cold {
		c.Epochs = 1
	}
	if d.mode == modeThrottled {
		c.Order = loader.Sequential{}
	}
	ld, err := loader.New(src, c)
	return src, ld, err
}

// rate measures one rate.
func (d *Drive) rate(ctx context.Context, j job, points []Point, length time.Duration) (Rate, error) {
	r := Rate{Mode: d.mode, Drive: d.Name(), Task: j.task.name, Layout: j.layout.name, Order: "shuffled", Workers: j.workers, Cache: j.cache, Unit: j.unit}
	if d.mode == modeThrottled {
		r.Order = "in order"
	}
	src, ld, err := d.loader(j)
	if err != nil {
		return r, err
	}
	defer ld.Close()
	before := d.simStats()
	var c count
	if j.cache == Cold {
		c, err = j.coldEpochs(ctx, ld, length)
	} else {
		c, err = steady(ctx, ld, held(ld, src, j.batch), length)
	}
	late := d.simStats().Minus(before)
	switch r.Late = late.LateShare(); {
	case errors.Is(err, errSlow):
		r.Refused = err.Error()
		return r, nil
	case err != nil:
		return r, err
	case r.Late > mostLate:
		r.Refused = tooSlow(late)
		return r, nil
	}
	_, random := src.(loader.RandomSource)
	r.set(c, float64(j.perRow), float64(j.bytes)/float64(rows(src)))
	r.Ceiling = ceiling(points, float64(j.bytes)/float64(rows(src)), random && d.mode != modeThrottled) * float64(j.perRow)
	return r, nil
}

// set sets the figures of r from rows of so many units and bytes.
func (r *Rate) set(c count, units, bytes float64) {
	perSecond := float64(c.rows) / c.took.Seconds()
	r.Rows, r.Seconds = c.rows, c.took.Seconds()
	r.PerSecond, r.Least, r.Most = perSecond*units, c.least*units, c.most*units
	r.MBps = perSecond * bytes / 1e6
}

// rows returns the number of rows of a source.
func rows(src loader.Source) (n int) {
	for _, b := range src.Blocks() {
		n += b.Rows
	}
	return n
}

// count is rows that were delivered.
type count struct {
	rows        int
	took        time.Duration
	least, most float64 // rows a second in a part of the time
}

// add adds a part.
func (c *count) add(rows int, took time.Duration) {
	rate := float64(rows) / took.Seconds()
	if c.took == 0 {
		c.least = rate
	}
	c.rows, c.took = c.rows+rows, c.took+took
	c.least, c.most = min(c.least, rate), max(c.most, rate)
}

// coldEpochs goes through whole epochs, each after the files were evicted, until
// they have taken so long.
func (j *job) coldEpochs(ctx context.Context, ld *loader.Loader, length time.Duration) (c count, err error) {
	for c.took < length {
		for _, p := range j.paths {
			if err := cold.Evict(p); err != nil {
				return c, err
			}
		}
		n, start := 0, time.Now()
		for b, err := range ld.All(ctx) {
			if err != nil {
				return c, err
			}
			n += b.Len()
		}
		c.add(n, time.Since(start))
	}
	return c, nil
}

// patience is how long a rate may take whose batches are slow to come: rows of
// a few bytes each, read one by one from a hard disk.
const patience = 30 * time.Second

var errSlow = fmt.Errorf("no two batches came within %v", patience)

// steady counts the rows of a loader without an end once its pipeline is full:
// behind the first rows that it holds at a time, and a quarter of the time.
// Otherwise those that were read before the first batch came would be counted as
// if they had taken none.
func steady(ctx context.Context, ld *loader.Loader, held int, length time.Duration) (c count, err error) {
	limited, stop := context.WithTimeoutCause(ctx, patience, errSlow)
	defer stop()
	start := time.Now()
	var since time.Time // the last part, zero while the pipeline fills
	n := 0
	for b, err := range ld.All(limited) {
		now := time.Now()
		switch {
		case err != nil:
			return count{}, cmp.Or(context.Cause(limited), err)
		case since.IsZero():
			if held -= b.Len(); held <= 0 && now.Sub(start) >= length/4 {
				since = now
			}
		default:
			if n += b.Len(); now.Sub(since) >= length/4 {
				c.add(n, now.Sub(since))
				n, since = 0, now
			}
		}
		if c.took >= length*3/4 {
			return c, nil
		}
	}
	return count{}, errSlow
}

// live is the number of blocks that are mixed at a time. The sets are small: the
// loader's default would hold all of them.
const live = 4

// held returns the most rows that a loader of a source holds at a time.
func held(ld *loader.Loader, src loader.Source, batch int) int {
	n := ld.Stats().Prefetch * batch
	if _, ok := src.(loader.RandomSource); !ok {
		n += 2 * live * src.Blocks()[0].Rows // it reads ahead, too
	}
	return n
}

// ceiling returns the rows a second that a drive reads by itself: of rows read
// one by one at the depth that the loader has, else in sequence.
func ceiling(points []Point, perRow float64, random bool) float64 {
	want := Point{Bytes: ShardBytes, Depth: 8}
	switch {
	case random && perRow < 32<<10:
		want = Point{Bytes: SmallBytes, Depth: 16, Random: true}
	case random:
		want = Point{Bytes: ImageBytes, Depth: 32, Random: true}
	}
	i := slices.IndexFunc(points, func(p Point) bool { return p.Bytes == want.Bytes && p.Depth == want.Depth && p.Random == want.Random })
	if i < 0 {
		return 0
	}
	if want.Bytes == SmallBytes {
		return points[i].PerSecond // a smaller read takes no less time
	}
	return points[i].MBps * 1e6 / perRow
}
