package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
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
	{"W10", workload10},
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

// scaled returns how much to make of what there usually is n of.
func (b *bench) scaled(n int) int { return max(1, int(float64(n)*b.scale)) }

// file is what -json leaves.
type file struct {
	Machine   machine          `json:"machine"`
	Command   []string         `json:"command"`
	Began     time.Time        `json:"began"`
	Workloads []*rounds.Result `json:"workloads"`
}

// runSuite measures the workloads that are asked for.
func runSuite(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("suite", flag.ContinueOnError)
	only := f.String("run", "", "comma-separated `names` of workloads (default: all)")
	contenders := f.String("only", "", "regular `expression` for the names of contenders (default: all)")
	data := f.String("data", "", "`folder` of JPEG files (default: a set of our own, made when it is missing)")
	python := f.String("python", "python3", "comma-separated Python `interpreters`; each peer takes the first that has what it needs")
	path := f.String("json", "", "`file` for the results as JSON")
	tables := f.String("markdown", "", "`file` for the results as tables")
	batch := f.Int("batch", 64, "images in a batch")
	most := f.Int("images", 512, "the most images that workloads on single images take")
	scale := f.Float64("scale", 1, "size of the data that the suite makes by itself, as a part of the usual")
	n := f.Int("rounds", 5, "rounds that a ratio is made of; three times as many are tried for one that is unsteady")
	if err := f.Parse(args); err != nil {
		return err
	}
	names, err := pick(*only)
	if err != nil {
		return err
	}
	wanted, err := regexp.Compile("^(?:" + *contenders + ")$")
	if err != nil {
		return err
	}
	b, err := newBench(ctx, *data, out)
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if *contenders != "" {
		b.only = wanted
	}
	b.pythons, b.batch, b.most, b.scale = strings.Split(*python, ","), *batch, *most, *scale
	o := rounds.Options{Rounds: *n, Progress: func(s string) { fmt.Fprintln(os.Stderr, s) }}
	result := file{Machine: thisMachine(), Command: os.Args[1:], Began: time.Now()}
	fmt.Fprintln(out, result.Machine)
	for _, w := range workloads {
		if !names[w.name] {
			continue
		}
		if err := measure(ctx, b, w.name, w.build, o, &result, out); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\n%s at the end\n", load())
	return errors.Join(result.write(*path, asJSON), result.write(*tables, asMarkdown))
}

// write writes f to a file, unless that has no name.
func (f *file) write(path string, as func(*file) ([]byte, error)) error {
	if path == "" {
		return nil
	}
	text, err := as(f)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}

func asJSON(f *file) ([]byte, error) {
	text, err := json.MarshalIndent(f, "", "  ")
	return append(text, '\n'), err
}

func asMarkdown(f *file) ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s, %s. `go run -C benchmarks . %s`\n\n", f.Machine, f.Began.Format(time.DateOnly), strings.Join(f.Command, " "))
	for _, r := range f.Workloads {
		if err := r.Markdown(&out); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// measure runs the matches of a workload and prints each when it is done.
func measure(ctx context.Context, b *bench, name string, build func(*bench) ([]rounds.Match, error), o rounds.Options, to *file, out io.Writer) error {
	matches, err := build(b)
	if err != nil {
		fmt.Fprintf(out, "\n%s: skipped: %v\n", name, err)
		return nil
	}
	for _, m := range matches {
		b.restrict(&m)
		r, err := rounds.Run(ctx, m, o)
		if err != nil {
			return err
		}
		r.Print(out)
		to.Workloads = append(to.Workloads, r)
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
	names, known := map[string]bool{}, ""
	for _, w := range workloads {
		names[w.name] = list == ""
		known += " " + w.name
	}
	if list == "" {
		return names, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		if _, ok := names[name]; !ok {
			return nil, fmt.Errorf("no workload %q; there are%s", name, known)
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
