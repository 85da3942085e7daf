package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// accelerators is how many simulated accelerators a reader keeps busy: what
// MLPerf Storage measures. An accelerator sleeps for as long as a real one takes
// for a step, and its utilisation is what its steps should take, as a part of what
// they took: the wait for batches counts, and so does a sleep that is too long.
type accelerators struct {
	Model  string `json:"model"`
	Reader string `json:"reader"`
	// Busy is the most accelerators whose utilisation was within the rule, 0 if one
	// was too many.
	Busy   int     `json:"accelerators"`
	Rule   float64 `json:"rule"`
	Trials []trial `json:"trials"`
	// Skipped says why the reader did not take part, empty if it did.
	Skipped string `json:"skipped,omitempty"`
}

// trial is a number of accelerators at work.
type trial struct {
	N           int     `json:"n"`
	Utilisation float64 `json:"utilisation"` // the mean
	Megabytes   float64 `json:"mb_per_s"`    // that were read for them all
}

// trialSeconds is about how long a trial works, beside its first batch.
const trialSeconds = 2

// runAccelerators measures the models that are asked for.
func runAccelerators(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("accelerators", flag.ContinueOnError)
	only := f.String("model", "", "comma-separated `names` of models (default: all)")
	dir := f.String("dir", filepath.Join(os.TempDir(), "stoker-benchmarks", "accelerators"), "`folder` of the data, made when it is missing")
	python := f.String("python", "python3", "Python `interpreter` of the peer, with PyTorch and NumPy")
	most := f.Int("most", 64, "accelerators that are not exceeded")
	scale := f.Float64("scale", 1, "size of the data, as a part of the usual")
	path := f.String("json", "", "`file` for the results as JSON")
	if err := f.Parse(args); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "stoker-benchmarks-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b := &bench{work: work}
	if err := b.unpackPeers(); err != nil {
		return err
	}
	fmt.Fprintln(out, thisMachine())
	fmt.Fprintln(out, "data in the page cache, so that the reader and not the drive is the limit; H100 step times of MLPerf Storage v2.0")
	var all []*accelerators
	for _, m := range mlperf {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), m.name) {
			continue
		}
		m.scale = *scale
		if err := m.make(filepath.Join(*dir, m.name)); err != nil {
			return err
		}
		peer := func(ctx context.Context, n, steps int) (float64, error) {
			return m.peer(ctx, *python, filepath.Join(work, "peers", "accelerators.py"), filepath.Join(*dir, m.name), n, steps)
		}
		ours := func(ctx context.Context, n, steps int) (float64, error) {
			return m.ours(ctx, filepath.Join(*dir, m.name), n, steps)
		}
		for _, r := range []struct {
			name string
			try  func(ctx context.Context, n, steps int) (float64, error)
		}{{"stoker", ours}, {"PyTorch DataLoader and NumPy", peer}} {
			a, err := m.search(ctx, r.name, *most, r.try)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "%s, %s: %d accelerators\n", m.name, r.name, a.Busy)
			all = append(all, a)
		}
	}
	printAccelerators(out, all)
	if *path == "" {
		return nil
	}
	text, err := json.MarshalIndent(all, "", "  ")
	return errors.Join(err, os.WriteFile(*path, append(text, '\n'), 0o666))
}

// search finds the most accelerators that try keeps busy: it doubles their number
// until there are too many, and then halves the distance.
func (m *mlModel) search(ctx context.Context, reader string, most int, try func(ctx context.Context, n, steps int) (float64, error)) (*accelerators, error) {
	a := &accelerators{Model: m.name, Reader: reader, Rule: m.rule}
	steps := max(4, int(trialSeconds/m.step.Seconds()))
	for lo, hi, n := 0, most+1, 1; hi-lo > 1; {
		au, err := try(ctx, n, steps)
		if ctx.Err() != nil {
			return a, ctx.Err()
		}
		if err != nil {
			a.Skipped = err.Error()
			return a, nil
		}
		a.Trials = append(a.Trials, trial{n, au, float64(n*m.batch*m.bytes) * au / m.step.Seconds() / 1e6})
		if au >= m.rule {
			lo, a.Busy = n, n
		} else {
			hi = n
		}
		if n *= 2; hi <= most || n > most {
			n = (lo + hi) / 2
		}
	}
	return a, nil
}

func printAccelerators(out io.Writer, all []*accelerators) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nmodel\treader\taccelerators\tMB/s\tutilisation\trule\twith too many")
	for _, a := range all {
		if a.Skipped != "" {
			fmt.Fprintf(w, "%s\t%s\tskipped: %s\n", a.Model, a.Reader, a.Skipped)
			continue
		}
		at, over := a.trial(a.Busy), "not tried"
		if t := a.over(); t.N > 0 {
			over = fmt.Sprintf("%.1f %% of %d", 100*t.Utilisation, t.N)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%.0f\t%.1f %%\t%.0f %%\t%s\n", a.Model, a.Reader, a.Busy, at.Megabytes, 100*at.Utilisation, 100*a.Rule, over)
	}
	w.Flush()
}

// trial returns the trial of n accelerators, the zero one if there was none.
func (a *accelerators) trial(n int) (t trial) {
	if i := slices.IndexFunc(a.Trials, func(t trial) bool { return t.N == n }); i >= 0 {
		t = a.Trials[i]
	}
	return t
}

// over returns the trial of the fewest that were too many.
func (a *accelerators) over() (least trial) {
	for _, t := range a.Trials {
		if t.Utilisation < a.Rule && (least.N == 0 || t.N < least.N) {
			least = t
		}
	}
	return least
}

// ours runs n accelerators, each a rank with a loader of its own, and returns their
// mean utilisation.
func (m *mlModel) ours(ctx context.Context, dir string, n, steps int) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	busy, errs := make([]float64, n), make([]error, n)
	for rank := range n {
		group.Go(func() { busy[rank], errs[rank] = m.accelerate(ctx, dir, rank, n, steps) })
	}
	group.Wait()
	sum := 0.0
	for _, au := range busy {
		sum += au
	}
	return sum / float64(n), errors.Join(errs...)
}

// accelerate is one accelerator. Its time begins when it has its first batch.
func (m *mlModel) accelerate(ctx context.Context, dir string, rank, world, steps int) (float64, error) {
	ld, err := m.open(dir, rank, world)
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
		if b.Len() != m.batch {
			return 0, fmt.Errorf("a batch of %d samples", b.Len())
		}
		if k == 0 {
			began = time.Now()
		}
		time.Sleep(m.step)
		if k++; k == steps {
			break
		}
	}
	if k < steps {
		return 0, fmt.Errorf("%d batches of %d", k, steps)
	}
	return float64(steps) * m.step.Seconds() / time.Since(began).Seconds(), nil
}

// peer does the same in Python: a process for each accelerator.
func (m *mlModel) peer(ctx context.Context, python, script, dir string, n, steps int) (float64, error) {
	config, err := json.Marshal(map[string]any{
		"dir": dir, "format": m.format, "record": m.bytes, "take": m.take, "batch": m.batch, "step": m.step.Seconds(), "accelerators": n, "steps": steps,
	})
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, python, "-u", script, string(config))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	text, err := cmd.Output()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		return 0, fmt.Errorf("%s: %w: %s", python, err, lines[len(lines)-1])
	}
	var answer struct {
		Utilisation float64 `json:"utilisation"`
	}
	err = json.Unmarshal(text, &answer)
	return answer.Utilisation, err
}

// random returns bytes that no codec makes smaller.
func random(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	data := make([]byte, n)
	rand.NewChaCha8(key).Read(data)
	return data
}
