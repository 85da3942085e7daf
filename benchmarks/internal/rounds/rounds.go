package rounds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Usage is what a run of a contender took.
type Usage struct {
	Items int           // that were handled
	Wall  time.Duration // on the wall
	CPU   time.Duration // user and system, of all threads and children
}

func (u Usage) plus(v Usage) Usage {
	return Usage{u.Items + v.Items, u.Wall + v.Wall, u.CPU + v.CPU}
}

// A Measure is what of a run is compared, the less of it the better.
type Measure string

// The measures. The zero one means CPUTime.
const (
	CPUTime  Measure = "cpu_s_per_item"  // what a shared machine can still tell
	WallTime Measure = "wall_s_per_item" // for work that waits, for a drive or asleep
)

// perItem returns the seconds of one item.
func (u Usage) perItem(m Measure) float64 {
	s := u.CPU
	if m == WallTime {
		s = u.Wall
	}
	return s.Seconds() / float64(max(1, u.Items))
}

// itemsPerSecond returns the rate on the wall.
func (u Usage) itemsPerSecond() float64 { return float64(u.Items) / max(u.Wall.Seconds(), 1e-9) }

// Contender is something that runs and is measured.
type Contender struct {
	Version string // of what runs, as in "Pillow 12.0"; may be empty
	// Check compares what the contender makes with what it should make, and says
	// how well they agree. An error keeps it from being timed. Nil checks nothing.
	Check func(ctx context.Context) (note string, err error)
	// Run does one of several equal parts of the work.
	Run func(ctx context.Context, part, parts int) (Usage, error)
	// Peak begins to watch the contender's memory, and returns a function that
	// ends that and tells the most bytes that it held, 0 if that cannot be known
	// here. Nil means that it cannot.
	Peak func() func() int64
	// Close ends the contender, and returns what it took beyond its runs since
	// the first one. Nil does nothing.
	Close func() (Usage, error)
}

// Entry is a contender that is not started yet.
type Entry struct {
	Name  string // a word
	About string // what it is, in a few words
	// Open starts the contender. An error says why it cannot run here.
	Open func(ctx context.Context) (*Contender, error)
}

// Match is a set of contenders that do the same work.
type Match struct {
	Name    string // a word
	About   string // what the work is, in a line
	Parts   int    // that the work is cut into, for contenders to take turns; 0 means 1
	Entries []Entry
	By      Measure // of what Ratios are made
	// Ratios lists pairs of names whose measure is compared: a_vs_b is that of b
	// divided by that of a, so it is above 1 where a is better.
	Ratios [][2]string
	// Before is called before each run of a contender, and takes none of its time.
	// A contender for which it fails takes no part any more. Nil does nothing.
	Before func() error
}

// Options says how long to measure. The zero Options is ready.
type Options struct {
	Rounds    int           // that are played at least; 0 means 5
	MaxRounds int           // that are played at most; 0 means five times Rounds
	Least     time.Duration // that the rounds take at least in all, where MaxRounds allow it
	Until     time.Time     // when no round beyond Rounds begins any more; zero means never
	Most      float64       // by which the rounds of a ratio may differ, see [Ratio]; 0 means 0.15
	Progress  func(string)  // is told what goes on; nil means nobody is

	others func() time.Duration // the CPU time of other programs; a test has its own
}

func (o Options) withDefaults() Options {
	if o.Rounds == 0 {
		o.Rounds = 5
	}
	if o.MaxRounds == 0 {
		o.MaxRounds = 5 * o.Rounds
	}
	if o.Most == 0 {
		o.Most = 0.15
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.others == nil {
		o.others = others
	}
	return o
}

func (m Match) withDefaults() Match {
	m.Parts = max(1, m.Parts)
	if m.By == "" {
		m.By = CPUTime
	}
	if m.Before == nil {
		m.Before = func() error { return nil }
	}
	return m
}

// Run plays a match. What happens to a contender is told in the result; the
// error is that of ctx.
func Run(ctx context.Context, m Match, o Options) (*Result, error) {
	o = o.withDefaults()
	m = m.withDefaults()
	result := newResult(m)
	o.Progress(m.Name + ": contenders start")
	opened := open(ctx, m.Entries)
	var field, done []*runner
	for i, e := range m.Entries {
		o.Progress(fmt.Sprintf("%s: %s gets ready", m.Name, e.Name))
		if r := m.prepare(ctx, opened[i], result.Rows[i]); r != nil {
			field = append(field, r)
		}
	}
	began := time.Now()
	w := watch{others: o.others}
	for round := 1; round <= o.MaxRounds && ctx.Err() == nil; round++ {
		o.Progress(fmt.Sprintf("%s: round %d", m.Name, round))
		field = m.play(ctx, field, round, &w)
		result.Rounds, result.Turns = round, w.Turns
		steady := result.settle(o)
		if o.over(round, steady, began) {
			break
		}
		if round >= o.Rounds && !steady {
			field, done = result.split(field, done)
		}
	}
	for _, r := range slices.Concat(field, done) {
		r.close()
	}
	return result, ctx.Err()
}

// split takes those out of a field whose ratios are all settled, and adds them to
// those that are done: more rounds are for the others.
func (r *Result) split(field, done []*runner) (left, _ []*runner) {
	for _, x := range field {
		if slices.ContainsFunc(r.Ratios, func(t *Ratio) bool { return t.open() && (t.A == x.row.Name || t.B == x.row.Name) }) {
			left = append(left, x)
		} else {
			done = append(done, x)
		}
	}
	return left, done
}

// over reports whether no round may follow one.
func (o Options) over(round int, steady bool, began time.Time) bool {
	if round < o.Rounds {
		return false
	}
	late := !o.Until.IsZero() && time.Now().After(o.Until)
	return late || steady && time.Since(began) >= o.Least
}

// runner is a contender that takes part, and the row that tells of it.
type runner struct {
	*Contender
	row   *Row
	times int // that it does the whole work in a round
}

// opened is a contender that was started, or why it could not be.
type opened struct {
	*Contender
	err error
}

// open starts all contenders, as many at a time as there are cores: for most of them
// that is an interpreter that looks for its libraries.
func open(ctx context.Context, entries []Entry) []opened {
	all := make([]opened, len(entries))
	room := make(chan struct{}, runtime.NumCPU())
	var group sync.WaitGroup
	for i, e := range entries {
		room <- struct{}{}
		group.Go(func() {
			all[i].Contender, all[i].err = e.Open(ctx)
			<-room
		})
	}
	group.Wait()
	return all
}

// A contender that does the whole work in less than shortTurn does it again and
// again in each round, up to mostTimes: a moment is no measure of what others take
// seconds for.
const (
	shortTurn = 500 * time.Millisecond
	mostTimes = 8
)

// prepare checks a contender, and runs it once to make it warm. It returns nil for
// one that does not take part.
func (m *Match) prepare(ctx context.Context, c opened, row *Row) *runner {
	if c.err != nil {
		row.Skipped = c.err.Error()
		return nil
	}
	r := &runner{Contender: c.Contender, row: row}
	row.Version = c.Version
	var err error
	if c.Check != nil {
		if row.Output, err = c.Check(ctx); err != nil {
			r.drop(fmt.Errorf("its output could not be confirmed: %w", err))
			return nil
		}
	}
	peak := func() int64 { return 0 }
	if c.Peak != nil {
		peak = c.Peak()
	}
	var sum Usage
	for part := range m.Parts {
		var u Usage
		if err = m.Before(); err == nil {
			u, err = c.Run(ctx, part, m.Parts)
		}
		if sum = sum.plus(u); err != nil {
			break
		}
	}
	if row.RSS = peak(); err != nil {
		r.drop(err)
		return nil
	}
	r.times = min(mostTimes, 1+int(shortTurn/max(1, sum.Wall)))
	return r
}

// turn is when somebody does a part of the work.
type turn struct {
	who, part int
	at        float64 // in the round, which is from 0 to 1
	rank      int     // among those at the same time
}

// turns returns the turns of a round in their order. Those of each contender are
// spread evenly over it, and each round and each part begins with another one.
func (m *Match) turns(field []*runner, round int) []turn {
	var all []turn
	for i, r := range field {
		n := m.Parts * r.times
		for k := range n {
			rank := (i - round - k) % len(field)
			if rank < 0 {
				rank += len(field)
			}
			all = append(all, turn{i, k % m.Parts, (float64(k) + 0.5) / float64(n), rank})
		}
	}
	slices.SortFunc(all, func(a, b turn) int {
		return cmp.Or(cmp.Compare(a.at, b.at), a.rank-b.rank)
	})
	return all
}

// play lets all contenders do the whole work, in turns. It returns those that are
// still there.
func (m *Match) play(ctx context.Context, field []*runner, round int, w *watch) []*runner {
	sums, failed := make([]Usage, len(field)), make([]error, len(field))
	for _, t := range m.turns(field, round) {
		if failed[t.who] != nil {
			continue
		}
		u, err := w.take(m.Before, func() (Usage, error) { return field[t.who].Run(ctx, t.part, m.Parts) })
		sums[t.who], failed[t.who] = sums[t.who].plus(u), err
	}
	var left []*runner
	for i, r := range field {
		if failed[i] != nil {
			r.drop(failed[i])
			continue
		}
		r.row.Rounds = append(r.row.Rounds, sums[i])
		left = append(left, r)
	}
	return left
}

// drop takes a contender out of the match.
func (r *runner) drop(why error) {
	r.row.Skipped, r.row.Rounds = why.Error(), nil
	if r.Close != nil {
		r.Close()
	}
}

// close ends a contender, and notes what it did behind our back.
func (r *runner) close() {
	if r.Close == nil {
		return
	}
	rest, err := r.Close()
	if err != nil {
		err = fmt.Errorf("its end: %w", err)
	}
	var sum Usage
	for _, u := range r.row.Rounds {
		sum = sum.plus(u)
	}
	if rest.CPU > sum.CPU/50+500*time.Millisecond {
		err = errors.Join(err, fmt.Errorf("%.1f s of CPU time outside of its runs, which took %.1f s", rest.CPU.Seconds(), sum.CPU.Seconds()))
	}
	if err != nil {
		r.row.Doubt = err.Error()
	}
}
