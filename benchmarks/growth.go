package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/page"
	"github.com/stokerdata/stoker/benchmarks/internal/plot"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/internal/cputime"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/synth"
)

// growthBatch is the samples of a batch.
const growthBatch = 256

// A growth is what a loader of so many samples costs. The samples are their own
// numbers, so that all of it is the loader's.
type growth struct {
	Source  string    `json:"source"` // random: shuffled exactly; blocks: of 4,096 rows, mixed as they are opened
	Samples int64     `json:"samples"`
	Workers int       `json:"workers"`
	SetUpS  float64   `json:"set_up_s"`       // New
	FirstS  float64   `json:"first_batch_s"`  // from All on
	Bytes   int64     `json:"heap_bytes"`     // that it holds after its first batch
	RSS     int64     `json:"rss_bytes"`      // the most that the process held, what is not the loader's included; 0 if unknown
	CPUNs   float64   `json:"cpu_ns"`         // of a sample
	PerS    float64   `json:"samples_per_s"`  // on the wall
	ResumeS []float64 `json:"resume_batch_s"` // New and first batch at 1, 50 and 99 % of an epoch
}

// runGrowth measures how the loader's own costs grow with samples and workers.
func runGrowth(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("growth", flag.ContinueOnError)
	most := f.Int64("samples", 1e9, "the most `samples`; the least are 10,000")
	workers := f.Int("workers", 16, "the most `workers`")
	length := f.Duration("for", 300*time.Millisecond, "how `long` the cost of a sample is measured")
	path := f.String("json", "", "`file` for the results as JSON")
	report := f.String("report", "", "`file` for the results as a page with plots")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *most < 1e4 || *workers < 1 || *length <= 0 {
		return errors.New("growth needs at least 10,000 samples, one worker and some time")
	}
	r := &growths{Machine: thisMachine(), Command: commandLine(f)}
	fmt.Fprintf(out, "%v\n\n", r.Machine)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, strings.Join(growthHead, "\t")+"\t")
	add := func(kind string, n int64, workers int) error {
		g, err := grow(ctx, kind, n, workers, *length)
		if err == nil {
			r.Growth = append(r.Growth, g)
			fmt.Fprintln(w, strings.Join(g.row(), "\t")+"\t")
		}
		return err
	}
	for _, kind := range growthKinds {
		for n := int64(1e4); n <= *most; n *= 10 {
			if err := add(kind, n, growthWorkers); err != nil {
				return err
			}
		}
		for k := 1; k <= *workers; k *= 2 {
			if err := add(kind, min(*most, 1e6), k); err != nil {
				return err
			}
		}
	}
	return errors.Join(w.Flush(), writeOf(*path, r.json), writeOf(*report, r.page))
}

// growthKinds are the sources, and growthWorkers the workers of those that grow.
var growthKinds = []string{"random", "blocks"}

const growthWorkers = 2

// growths is all that was measured.
type growths struct {
	Machine machine  `json:"machine"`
	Command string   `json:"command"`
	Growth  []growth `json:"growth"`
}

func (r *growths) json() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	return append(text, '\n'), err
}

// page returns r as a page.
func (r *growths) page() ([]byte, error) {
	p := page.Page{Title: "What samples and workers cost the loader", Facts: []page.Fact{
		{Name: "machine", Value: r.Machine.String()}, {Name: "command", Value: r.Command},
	}}
	bySamples := page.Section{Heading: "From 10,000 samples on", About: fmt.Sprintf("Samples are their own numbers, so that all cost is the loader's; %d workers.", growthWorkers)}
	samples := func(g growth) (float64, bool) { return float64(g.Samples), g.Workers == growthWorkers }
	for _, c := range []struct {
		title, label string
		value        func(growth) float64
	}{
		{"Time of New and to the first batch", "seconds", func(g growth) float64 { return g.SetUpS + g.FirstS }},
		{"Time to go on at half of an epoch", "seconds", func(g growth) float64 { return g.ResumeS[1] }},
		{"Memory held", "bytes", func(g growth) float64 { return float64(g.Bytes) }},
		{"CPU time of a sample", "nanoseconds", func(g growth) float64 { return g.CPUNs }},
	} {
		bySamples.Plots = append(bySamples.Plots, r.chart(c.title, plot.Axis{Label: "samples", Log: true}, plot.Axis{Label: c.label, Log: true}, samples, c.value))
	}
	byWorkers := page.Section{Heading: "From one worker on", Plots: []template.HTML{
		r.chart("Samples a second", plot.Axis{Label: "workers", Log: true}, plot.Axis{Label: "samples a second", Log: true},
			func(g growth) (float64, bool) { return float64(g.Workers), g.Samples == min(1e6, r.most()) },
			func(g growth) float64 { return g.PerS }),
	}}
	all := page.Table{Head: growthHead}
	for _, g := range r.Growth {
		all.Rows = append(all.Rows, g.row())
	}
	p.Sections = []page.Section{bySamples, byWorkers, {Heading: "All figures", Tables: []page.Table{all}}}
	return p.HTML()
}

// most returns the most samples there were.
func (r *growths) most() (n int64) {
	for _, g := range r.Growth {
		n = max(n, g.Samples)
	}
	return n
}

// chart draws a line for each source, through those for which at says where they are.
func (r *growths) chart(title string, x, y plot.Axis, at func(growth) (float64, bool), value func(growth) float64) template.HTML {
	c := plot.Chart{Title: title, X: x, Y: y}
	for i, kind := range growthKinds {
		l := plot.Line{Name: kind, Colour: []string{oursColour, peerColour}[i]}
		for _, g := range r.Growth {
			if v, ok := at(g); ok && g.Source == kind && !slices.Contains(l.X, v) {
				l.X, l.Y = append(l.X, v), append(l.Y, value(g))
			}
		}
		c.Lines = append(c.Lines, l)
	}
	return template.HTML(c.SVG())
}

// growthHead names what row has.
var growthHead = []string{"source", "samples", "workers", "set-up ms", "first batch ms", "heap MB", "RSS MB", "CPU ns/sample", "samples/s", "resume ms at 1, 50, 99 %"}

// row returns g as a line of a table.
func (g growth) row() []string {
	ms := func(s float64) string { return fmt.Sprintf("%.2f", 1e3*s) }
	return []string{
		g.Source, fmt.Sprint(g.Samples), fmt.Sprint(g.Workers), ms(g.SetUpS), ms(g.FirstS),
		fmt.Sprintf("%.1f", float64(g.Bytes)/1e6), fmt.Sprintf("%.0f", float64(g.RSS)/1e6), fmt.Sprintf("%.0f", g.CPUNs), fmt.Sprintf("%.0f", g.PerS),
		ms(g.ResumeS[0]) + ", " + ms(g.ResumeS[1]) + ", " + ms(g.ResumeS[2]),
	}
}

// grow measures one loader.
func grow(ctx context.Context, kind string, n int64, workers int, length time.Duration) (g growth, err error) {
	g = growth{Source: kind, Samples: n, Workers: workers}
	debug.FreeOSMemory() // what was before has no part in what is held
	before, peak := heap(), rounds.PeakOfSelf()
	config := loader.Config{BatchSize: growthBatch, Epochs: -1, Order: loader.Shuffle{}, Workers: workers}
	start := time.Now()
	ld, err := loader.New(numbers(kind, n), config)
	if err != nil {
		return g, err
	}
	defer ld.Close()
	g.SetUpS = time.Since(start).Seconds()
	state, err := g.run(ctx, ld, before, length)
	g.RSS = peak()
	if err != nil {
		return g, err
	}
	for _, percent := range []int64{1, 50, 99} {
		at := state
		at.Step = n * percent / 100 / growthBatch
		at.Position = at.Step * growthBatch
		took, err := resume(ctx, kind, n, config, at)
		if err != nil {
			return g, err
		}
		g.ResumeS = append(g.ResumeS, took.Seconds())
	}
	return g, nil
}

// run takes batches for some time. It returns the state behind the first one.
func (g *growth) run(ctx context.Context, ld *loader.Loader, before int64, length time.Duration) (state loader.State, err error) {
	rows := 0
	var cpu time.Duration
	start := time.Now()
	for b, err := range ld.All(ctx) {
		if err != nil {
			return state, err
		}
		if g.FirstS == 0 {
			g.FirstS, state = time.Since(start).Seconds(), b.State()
			g.Bytes = max(0, heap()-before)
			start, cpu = time.Now(), cputime.Now()
			continue
		}
		if rows += b.Len(); time.Since(start) >= length {
			break
		}
	}
	g.CPUNs = float64(cputime.Now()-cpu) / float64(rows)
	g.PerS = float64(rows) / time.Since(start).Seconds()
	return state, nil
}

// resume returns how long it takes to the first batch behind a state.
func resume(ctx context.Context, kind string, n int64, config loader.Config, at loader.State) (took time.Duration, err error) {
	src := numbers(kind, n)
	config.Resume = &at
	start := time.Now()
	ld, err := loader.New(src, config)
	if err != nil {
		return 0, err
	}
	defer ld.Close()
	for _, err := range ld.All(ctx) {
		return time.Since(start), err
	}
	return 0, errors.New("no batch behind the state")
}

// heap returns the bytes of live objects. What lies in pools goes with the second
// collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}

// numbers returns a source of n samples that are their own numbers.
func numbers(kind string, n int64) loader.Source {
	if kind == "random" {
		return synth.New(identity{}, int(n), 1)
	}
	return newBlockNumbers(n)
}

// numberSpec is the field of a number.
func numberSpec() loader.Spec { return loader.Spec{{Name: "id", DType: dtype.Int64}} }

// identity generates numbers.
type identity struct{}

func (identity) Spec() loader.Spec { return numberSpec() }

func (identity) Row(_ *rand.Rand, i int64, w *loader.Worker, s *loader.Sample) error {
	w.Out(s, 0, dtype.Int64, loader.Shape{})
	loader.View[int64](s.Fields[0])[0] = i
	return nil
}

func (identity) Gather(_ func(int64) *rand.Rand, ids []int64, at []int, b *loader.Batch) error {
	column := loader.View[int64](b.Column(0))
	for k, id := range ids {
		column[at[k]] = id
	}
	return nil
}

// numberBlock is the rows of a block.
const numberBlock = 4096

// blockNumbers is numbers in blocks.
type blockNumbers []loader.Block

func newBlockNumbers(n int64) (s blockNumbers) {
	for first := int64(0); first < n; first += numberBlock {
		s = append(s, loader.Block{Rows: int(min(numberBlock, n-first)), Shard: "numbers", FirstRow: first})
	}
	return s
}

func (s blockNumbers) Spec() loader.Spec      { return numberSpec() }
func (s blockNumbers) Blocks() []loader.Block { return s }

func (s blockNumbers) Open(_ context.Context, i int) (loader.Rows, error) {
	return numberRows(s[i].FirstRow), nil
}

// numberRows is the rows of a block, from a number on.
type numberRows int64

func (r numberRows) Close() error { return nil }

func (r numberRows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	w.Out(s, 0, dtype.Int64, loader.Shape{})
	loader.View[int64](s.Fields[0])[0] = int64(r) + int64(i)
	return nil
}

func (r numberRows) Gather(_ *loader.Worker, p loader.Pick, b *loader.Batch) error {
	column := loader.View[int64](b.Column(0))
	for k, i := range p.Rows {
		column[p.At[k]] = int64(r) + int64(i)
	}
	return nil
}
