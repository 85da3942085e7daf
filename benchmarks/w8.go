package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/internal/cputime"
)

// readerConfig is what the contenders of W8 are given.
type readerConfig struct {
	Dir    string  `json:"dir"`
	Format string  `json:"format"`
	Record int     `json:"record"` // bytes of a sample
	Take   int     `json:"take"`   // bytes of these that the batch holds; 0 means all
	Batch  int     `json:"batch"`
	Step   float64 `json:"step"` // seconds that an accelerator takes
	Steps  int     `json:"steps"`
	Rule   float64 `json:"rule"` // least utilisation
}

// readerCheck asks for a trial with N accelerators, whose utilisation is written
// to Out as text. With an empty Out there is none. Runs then have N as well.
type readerCheck struct {
	N   int    `json:"n"`
	Out string `json:"out"`
}

// mostAccelerators is the number of them that is not exceeded.
const mostAccelerators = 64

// trialSeconds is about how long a trial works, beside its first batch.
const trialSeconds = 1

// workload8 is how many simulated accelerators a reader keeps busy: what MLPerf
// Storage measures. An accelerator sleeps for as long as a real one takes for a
// step, and its utilisation is what its steps should take, as a part of what they
// took: the wait for batches counts, and so does a sleep that is too long.
func workload8(b *bench) (all []rounds.Match, err error) {
	for _, m := range mlperf {
		m = m.scaled(b.scale)
		dir := filepath.Join(b.work, m.name)
		if err := m.make(dir); err != nil {
			return nil, err
		}
		all = append(all, b.accelerators(m, dir, trialSeconds*b.scale))
	}
	return all, nil
}

// accelerators returns the match of one model.
func (b *bench) accelerators(m mlModel, dir string, seconds float64) rounds.Match {
	c := readerConfig{dir, m.format, m.bytes, m.take, m.batch, m.step.Seconds(), max(4, int(seconds/m.step.Seconds())), m.rule}
	check := askBusy(filepath.Join(b.work, "busy"), m.rule)
	match := rounds.Match{
		Name: "W8_" + m.name, By: rounds.WallTime,
		About: fmt.Sprintf("simulated H100s that train %s, as many as are busy for %.0f %% of the time, or one; samples of %.4g MB in the page cache", m.title, 100*m.rule, float64(m.bytes)/1e6),
	}
	match.Entries = []rounds.Entry{
		b.own("ours", "stoker, a loader for each accelerator", "accelerators", c, check),
		b.python("torch", "DataLoader and NumPy, a process with 2 workers for each accelerator", "accelerators.py", c, check),
	}
	match.Ratios = against("ours", match.Entries)
	return match
}

// askBusy returns a check that finds out how many accelerators a child keeps busy,
// which its runs begin with.
func askBusy(file string, rule float64) asking {
	return func(_ context.Context, ask func(any) error) (note string, err error) {
		defer os.Remove(file)
		tried := map[int]float64{}
		busy, err := search(mostAccelerators, rule, func(n int) (au float64, err error) {
			if err := ask(readerCheck{n, file}); err != nil {
				return 0, err
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return 0, err
			}
			err = json.Unmarshal(text, &au)
			tried[n] = au
			return au, err
		})
		if err != nil {
			return "", err
		}
		note = fmt.Sprintf("keeps %d busy", busy)
		if au, ok := tried[busy+1]; ok {
			note += fmt.Sprintf(", %d for %.1f %% of the time", busy+1, 100*au)
		}
		return note, ask(readerCheck{N: max(1, busy)})
	}
}

// search finds the most accelerators, up to most, of which try says that they are
// as busy as the rule asks for. It doubles their number until there are too many,
// and then halves the distance.
func search(most int, rule float64, try func(n int) (float64, error)) (busy int, err error) {
	for hi, n := most+1, 1; hi-busy > 1; {
		au, err := try(n)
		if err != nil {
			return busy, err
		}
		if au >= rule {
			busy = n
		} else {
			hi = n
		}
		if n *= 2; hi <= most || n > most {
			n = (busy + hi) / 2
		}
	}
	return busy, nil
}

// reader is our contender of W8.
type reader struct {
	readerConfig
	n    int // accelerators
	last rounds.Usage
}

// openAccelerators opens it.
func openAccelerators(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c readerConfig) (*rounds.Work, error) {
		r := &reader{readerConfig: c, n: 1}
		return &rounds.Work{Run: r.run, Check: r.check, Took: func() rounds.Usage { return r.last }}, nil
	})(config)
}

func (r *reader) check(what json.RawMessage) error {
	var c readerCheck
	if err := json.Unmarshal(what, &c); err != nil {
		return err
	}
	if r.n = c.N; c.Out == "" {
		return nil
	}
	au, err := r.trial()
	if err != nil {
		return err
	}
	return os.WriteFile(c.Out, fmt.Append(nil, au), 0o666)
}

// run keeps as many accelerators busy as before, and fewer from now on if these
// were too many. One is kept as busy as it can be.
func (r *reader) run(int, int) (int, error) {
	for ; ; r.n-- {
		cpu := cputime.Now()
		au, err := r.trial()
		if err != nil {
			return 0, err
		}
		if au >= r.Rule || r.n == 1 {
			r.last = rounds.Usage{CPU: cputime.Now() - cpu, Wall: time.Duration(float64(r.Steps) * r.Step / au * float64(time.Second))}
			return r.n * r.Batch * r.Steps, nil
		}
	}
}

// trial runs n accelerators, each a rank with a loader of its own, and returns
// their mean utilisation.
func (r *reader) trial() (float64, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var group sync.WaitGroup
	busy, errs := make([]float64, r.n), make([]error, r.n)
	for rank := range r.n {
		group.Go(func() { busy[rank], errs[rank] = r.accelerate(ctx, rank) })
	}
	group.Wait()
	sum := 0.0
	for _, au := range busy {
		sum += au
	}
	return sum / float64(r.n), errors.Join(errs...)
}

// accelerate is one accelerator. Its time begins when it has its first batch.
func (r *reader) accelerate(ctx context.Context, rank int) (float64, error) {
	ld, err := r.open(rank, r.n)
	if err != nil {
		return 0, err
	}
	defer ld.Close()
	var began time.Time
	k := 0
	for b, err := range ld.All(ctx) {
		if err != nil {
			return 0, err
		}
		if b.Len() != r.Batch {
			return 0, fmt.Errorf("a batch of %d samples", b.Len())
		}
		if k == 0 {
			began = time.Now()
		}
		time.Sleep(time.Duration(r.Step * float64(time.Second)))
		if k++; k == r.Steps {
			break
		}
	}
	if k < r.Steps {
		return 0, fmt.Errorf("%d batches of %d", k, r.Steps)
	}
	return float64(r.Steps) * r.Step / time.Since(began).Seconds(), nil
}

// random returns bytes that no codec makes smaller.
func random(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	data := make([]byte, n)
	rand.NewChaCha8(key).Read(data)
	return data
}
