package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// workloads lists what can be measured, in the order in which it is.
var workloads = []struct {
	name  string
	build func(*bench) ([]rounds.Match, error)
}{
	{"W1", workload1},
	{"W2", workload2},
	{"W3", workload3},
	{"W4", workload4},
	{"W5", workload5},
	{"W6", workload6},
	{"W7", workload7},
	{"W8", workload8},
	{"W9", workload9},
	{"W10", workload10},
	{"text", workloadText},
	{"jpeg", workloadJPEG},
	{"resize", workloadResize},
}

// bench is one run of the suite.
type bench struct {
	data    string // folder of images
	work    string // folder for what contenders leave, removed at the end
	pythons []string
	batch   int
	most    int     // images of a set
	scale   float64 // of what the suite makes by itself
	self    string
	only    *regexp.Regexp // for names of contenders, nil for all
}

// madeBytes is the usual size of the data that a workload makes for itself.
const madeBytes = 256 << 20

// leastRounds is how long all rounds of a match take at least: those of some take
// milliseconds, and five of these say little.
const leastRounds = 8 * time.Second

// scaled returns how much to make of what there usually is n of.
func (b *bench) scaled(n int) int { return max(1, int(float64(n)*b.scale)) }

// suiteFlags is what the flags of suite say.
type suiteFlags struct {
	names                  map[string]bool // workloads
	only                   *regexp.Regexp
	data                   string
	pythons                string
	json, markdown, report string // files
	batch, images, rounds  int
	scale                  float64
	length                 time.Duration
	command                string
}

// parseSuite reads the flags of suite.
func parseSuite(args []string) (c suiteFlags, err error) {
	f := flag.NewFlagSet("suite", flag.ContinueOnError)
	run := f.String("run", "", "comma-separated `names` of workloads (default: all)")
	only := f.String("only", "", "regular `expression` for the names of contenders (default: all)")
	f.StringVar(&c.data, "data", "", "`folder` of JPEG files (default: a set of our own, made when it is missing)")
	f.StringVar(&c.pythons, "python", "python3", "comma-separated Python `interpreters`; each peer takes the first that has what it needs")
	f.StringVar(&c.json, "json", "", "`file` for the results as JSON, of which readme makes tables")
	f.StringVar(&c.markdown, "markdown", "", "`file` for the results as tables")
	f.StringVar(&c.report, "report", "", "`file` for the results as a page with plots")
	f.IntVar(&c.batch, "batch", 64, "images in a batch")
	f.IntVar(&c.images, "images", 512, "the most images that workloads on decoding take")
	f.Float64Var(&c.scale, "scale", 1, "size of the data that the suite makes by itself, as a part of the usual")
	f.IntVar(&c.rounds, "rounds", 5, "rounds at least; five times as many at most, for ratios that are unsteady")
	f.DurationVar(&c.length, "for", 20*time.Minute, "how `long` a run goes on with more rounds than it must")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	c.command = commandLine(f)
	if *only != "" {
		if c.only, err = regexp.Compile("^(?:" + *only + ")$"); err != nil {
			return c, err
		}
	}
	c.names, err = pick(*run)
	return c, err
}

// runSuite measures the workloads that are asked for.
func runSuite(ctx context.Context, args []string, out io.Writer) error {
	c, err := parseSuite(args)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, c.data, out)
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	b.only, b.pythons, b.batch, b.most, b.scale = c.only, strings.Split(c.pythons, ","), c.batch, c.images, c.scale
	r := &results{Machine: thisMachine(), Command: c.command, Commit: commit(), Began: time.Now(), Skipped: map[string]string{}}
	fmt.Fprintln(out, r.Machine)
	stopped := r.run(ctx, b, c, out)
	if absent := r.absent(); absent != "" {
		fmt.Fprintf(out, "\nnot measured:\n%s", absent)
	}
	fmt.Fprintf(out, "\n%s at the end, after %.0f s\n", load(), time.Since(r.Began).Seconds())
	return errors.Join(stopped, r.write(c.json, (*results).json), r.write(c.markdown, (*results).markdown), r.write(c.report, (*results).page))
}

// run runs the workloads that are asked for. An error says that it was stopped; what
// was measured before is there.
func (r *results) run(ctx context.Context, b *bench, c suiteFlags, out io.Writer) error {
	o := rounds.Options{Rounds: c.rounds, Least: time.Duration(c.scale * float64(leastRounds)), Progress: progress(r.Began)}
	k := 0
	for _, w := range workloads {
		if !c.names[w.name] {
			continue
		}
		k++
		o.Progress(fmt.Sprintf("%s, workload %d of %d", w.name, k, len(c.names)))
		matches, err := w.build(b)
		if err != nil {
			fmt.Fprintf(out, "\n%s: skipped: %v\n", w.name, err)
			r.Skipped[w.name] = reason(err)
		}
		// What one workload does not need is there for those behind it.
		o.Until = r.Began.Add(c.length * time.Duration(k) / time.Duration(len(c.names)))
		if err := r.play(ctx, b, matches, o, out); err != nil {
			return err
		}
	}
	return nil
}

// progress returns what tells on the terminal what goes on.
func progress(began time.Time) func(string) {
	return func(s string) { fmt.Fprintf(os.Stderr, "%4.0f s  %s\n", time.Since(began).Seconds(), s) }
}

// play runs the matches of a workload and prints each when it is done. They share
// the time that is left.
func (r *results) play(ctx context.Context, b *bench, matches []rounds.Match, o rounds.Options, out io.Writer) error {
	end := o.Until
	for i, m := range matches {
		if b.restrict(&m); len(m.Entries) == 0 {
			continue
		}
		o.Until = time.Now().Add(time.Until(end) / time.Duration(len(matches)-i))
		result, err := rounds.Run(ctx, m, o)
		if err != nil {
			return err
		}
		result.Print(out)
		r.Workloads = append(r.Workloads, result.Summary())
	}
	return nil
}

// restrict takes those contenders out of m that nobody asked for.
func (b *bench) restrict(m *rounds.Match) {
	if b.only == nil {
		return
	}
	m.Entries = slices.DeleteFunc(m.Entries, func(e rounds.Entry) bool { return !b.only.MatchString(e.Name) })
	m.Ratios = slices.DeleteFunc(m.Ratios, func(r [2]string) bool { return !b.only.MatchString(r[0]) || !b.only.MatchString(r[1]) })
}

// pick returns the set of workloads that a comma-separated list names.
func pick(list string) (map[string]bool, error) {
	all := map[string]bool{}
	for _, w := range workloads {
		all[w.name] = true
	}
	if list == "" {
		return all, nil
	}
	names := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		if !all[name] {
			return nil, fmt.Errorf("no workload %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(all)), " "))
		}
		names[name] = true
	}
	return names, nil
}

// newBench prepares a run.
func newBench(ctx context.Context, data string, out io.Writer) (*bench, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if data == "" {
		data = filepath.Join(os.TempDir(), "stoker-benchmarks")
		if err := makeData(ctx, data, defaultImages, out); err != nil {
			return nil, err
		}
	}
	if data, err = filepath.Abs(data); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "stoker-benchmarks-")
	if err != nil {
		return nil, err
	}
	b := &bench{data: data, work: work, self: self}
	return b, b.unpackPeers()
}

// reason says why a workload was left out, without the folders of a machine.
func reason(err error) string {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return fmt.Sprintf("%s %s: %v", at.Op, filepath.Base(at.Path), at.Err)
	}
	return err.Error()
}
