package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/plot"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// results is what a run of the suite leaves: its tables and pages are made of them.
type results struct {
	Machine   machine           `json:"machine"`
	Command   string            `json:"command"`
	Commit    string            `json:"commit"` // of the library
	Began     time.Time         `json:"began"`
	Workloads []*rounds.Summary `json:"workloads"`
	Skipped   map[string]string `json:"skipped,omitempty"` // workloads that could not be measured, and why
}

// readResults reads what JSON has written.
func readResults(path string) (*results, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(results)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// write writes r to a file, unless that has no name.
func (r *results) write(path string, as func(*results) ([]byte, error)) error {
	return writeOf(path, func() ([]byte, error) { return as(r) })
}

// writeOf writes a text to a file, unless that has no name.
func writeOf(path string, as func() ([]byte, error)) error {
	if path == "" {
		return nil
	}
	text, err := as()
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}

// json returns r for programs.
func (r *results) json() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	return append(text, '\n'), err
}

// markdown returns all tables.
func (r *results) markdown() ([]byte, error) {
	var b strings.Builder
	b.WriteString(r.heading())
	for _, s := range r.Workloads {
		b.WriteString(s.Markdown())
	}
	return []byte(b.String()), nil
}

// heading says where, when and how r came about.
func (r *results) heading() string {
	return fmt.Sprintf("%s, %s:\n\n```sh\n%s\n```\n\n", r.Machine, r.Began.UTC().Format(time.DateOnly), r.Command)
}

// brief returns a table with a line for each workload, and for each of our contenders
// that others are compared with. Ratios that are unsteady are counted and not named:
// the tables of markdown name them.
func (r *results) brief() ([]byte, error) {
	var b strings.Builder
	b.WriteString(r.heading())
	b.WriteString("| workload | CPU per item | others take, times that | limits |\n|---|---|---|---|\n")
	for _, s := range r.Workloads {
		what := s.About
		for i, name := range s.Order {
			ours, ok := s.Contenders[name]
			peers, limits := beside(s, name)
			if !ok || i > 0 && peers+limits == "" {
				continue
			}
			if how, ok := strings.CutPrefix(ours.About, "stoker, "); ok || i > 0 {
				what = strings.TrimPrefix(what+"; "+how, "; ")
			}
			cost := rounds.Seconds(ours.CPUSPerItem)
			if s.By == rounds.WallTime {
				cost = plot.SI(ours.ItemsPerS) + " items/s"
			}
			fmt.Fprintf(&b, "| `%s` %s | %s | %s | %s |\n", s.Name, what, cost, peers, limits)
			what = ""
		}
	}
	return []byte(b.String()), nil
}

// beside returns how peers and limits compare with a contender of ours.
func beside(s *rounds.Summary, ours string) (peers, limits string) {
	var steady [2][]string
	var unsteady [2]int
	for _, name := range s.Order {
		ratio := s.Ratio(ours, name)
		if ratio == "" || strings.HasPrefix(name, "ours") {
			continue
		}
		of := 0
		if strings.HasPrefix(s.Contenders[name].About, "limit: ") {
			of = 1
		}
		if ratio == rounds.Unsteady {
			unsteady[of]++
			continue
		}
		steady[of] = append(steady[of], fmt.Sprintf("`%s` %s", name, ratio))
	}
	for of, n := range unsteady {
		if n > 0 {
			steady[of] = append(steady[of], fmt.Sprintf("%d unsteady", n))
		}
	}
	return strings.Join(steady[0], ", "), strings.Join(steady[1], ", ")
}

// absent says which contenders and workloads were not measured, in groups that
// have one reason.
func (r *results) absent() string {
	names := map[string][]string{}
	for name, why := range r.Skipped {
		names[why] = append(names[why], name)
	}
	for _, s := range r.Workloads {
		for name, why := range s.Skipped {
			names[why] = append(names[why], s.Name+" "+name)
		}
	}
	var lines []string
	for why, of := range names {
		slices.Sort(of)
		lines = append(lines, fmt.Sprintf("  %s: %s\n", strings.Join(of, ", "), why))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// commandLine returns what this program was called with. Folders, files and
// programs of this machine are named and not told.
func commandLine(f *flag.FlagSet) string {
	words := append(append([]string{"go run -C benchmarks"}, tags()...), ".", f.Name())
	f.Visit(func(g *flag.Flag) {
		value := g.Value.String()
		switch kind, _ := flag.UnquoteUsage(g); kind {
		case "folder", "file", "interpreters":
			value = strings.ToUpper(kind)
		case "expression":
			value = "'" + value + "'" // for a shell
		}
		words = append(words, "-"+g.Name, value)
	})
	return strings.Join(words, " ")
}

// tags returns the flag for the tags that this program was built with.
func tags() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			return []string{"-tags", s.Value}
		}
	}
	return nil
}
