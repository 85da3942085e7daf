package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"

	"github.com/stokerdata/stoker/benchmarks/internal/drive"
	"github.com/stokerdata/stoker/benchmarks/internal/page"
	"github.com/stokerdata/stoker/benchmarks/internal/plot"
)

// colours lists those of each mode. No two modes have one in common.
var colours = map[string][]string{
	"real":      {"#1b6ca8", "#2a9d8f", "#3a3f9e", "#56b4e9"},
	"throttled": {"#6b6b6b", "#a39a7d", "#4f5d4e"},
	"simulated": {"#d1495b", "#e08e28", "#7b2d8e", "#5a3e2b", "#ff8fa3"},
}

// look is how the points of a drive are drawn.
type look struct {
	name, colour string
	hollow       bool
}

// looks returns the look of each drive.
func (r Report) looks() (all []look) {
	seen := map[string]int{}
	for _, s := range r.Drives {
		m := s.Facts.Mode.String()
		of := colours[m]
		all = append(all, look{s.Facts.Name, of[seen[m]%len(of)], m != "real"})
		seen[m]++
	}
	return all
}

// find returns the point of a load, nil if there is none. One that is refused has
// no figures, and so no place in a plot.
func (s Section) find(bytes, depth int, random bool) *drive.Point {
	i := slices.IndexFunc(s.Points, func(p drive.Point) bool {
		return p.Bytes == bytes && p.Depth == depth && p.Random == random
	})
	if i < 0 {
		return nil
	}
	return &s.Points[i]
}

// sequential returns the point of throughput, and access that of seek time.
func (s Section) sequential() *drive.Point { return s.find(drive.ShardBytes, 8, false) }
func (s Section) access() *drive.Point     { return s.find(drive.SmallBytes, 1, true) }

// groups returns all plots.
func (r Report) groups() []page.Section {
	title := func(s string) string { return s + ": " + r.modes() }
	all := []page.Section{
		{Heading: "Throughput and seek time", About: "Sequential reads of 1 MiB, 8 at a time; the median time of a random read of 4 KiB, one at a time.",
			Plots: []template.HTML{r.bars(title("Throughput"), plot.Axis{Label: "MB/s", Log: true}, func(s Section) float64 {
				return value(s.sequential(), func(p *drive.Point) float64 { return p.MBps })
			}), r.bars(title("Seek time"), plot.Axis{Label: "time of a random read", Log: true, Format: plot.Seconds}, func(s Section) float64 {
				return value(s.access(), func(p *drive.Point) float64 { measured, _ := quickness(p); return 1 / measured })
			})}},
		{Heading: "Random reads", About: "How long one takes, one at a time; and how many a second there are, so many at a time. Dashed: what the model of a simulated drive means, without this machine's CPU.",
			Plots: []template.HTML{r.cdf(title("Access time, 4 KiB at depth 1")), r.depths(title("Random reads of 4 KiB"))}},
	}
	all = append(all, r.loaderGroups(title)...)
	return append(all, r.stalls(title))
}

// value applies f to a point that may be missing.
func value(p *drive.Point, f func(*drive.Point) float64) float64 {
	if p == nil {
		return 0
	}
	return f(p)
}

func (r Report) bars(title string, y plot.Axis, f func(Section) float64) template.HTML {
	b := plot.Bars{Title: title, Y: y}
	for i, l := range r.looks() {
		b.Bars = append(b.Bars, plot.Bar{Name: l.name, Colour: l.colour, Hollow: l.hollow, Value: f(r.Drives[i])})
	}
	return template.HTML(b.SVG())
}

// cdf draws which part of the reads takes no longer than a time.
func (r Report) cdf(title string) template.HTML {
	c := plot.Chart{Title: title, X: plot.Axis{Label: "time", Log: true, Format: plot.Seconds}, Y: plot.Axis{Label: "part of the reads", Format: plot.Percent}}
	for i, l := range r.looks() {
		p := r.Drives[i].access()
		if p == nil || p.Percentiles == nil {
			continue
		}
		line := plot.Line{Name: l.name, Colour: l.colour, Bare: true, X: p.Percentiles}
		for k := range p.Percentiles {
			line.Y = append(line.Y, float64(k)/float64(len(p.Percentiles)-1))
		}
		c.Lines = append(c.Lines, line)
	}
	return template.HTML(c.SVG())
}

// depths draws reads a second over the depth.
func (r Report) depths(title string) template.HTML {
	ticks := []float64{1, 2, 4, 8, 16, 32, 64}
	c := plot.Chart{Title: title, X: plot.Axis{Label: "reads at a time", Log: true, Ticks: ticks}, Y: plot.Axis{Label: "reads a second", Log: true}}
	for i, l := range r.looks() {
		line := plot.Line{Name: l.name, Colour: l.colour, Hollow: l.hollow}
		model := plot.Line{Colour: l.colour, Dashed: true, Light: true}
		for _, depth := range ticks {
			if p := r.Drives[i].find(drive.SmallBytes, int(depth), true); p != nil {
				line.X, line.Y = append(line.X, depth), append(line.Y, p.PerSecond)
				model.X, model.Y = append(model.X, depth), append(model.Y, p.Model)
			}
		}
		c.Lines = append(c.Lines, model, line)
	}
	return template.HTML(c.SVG())
}

// pair is a task in a layout.
type pair struct{ task, layout, unit string }

// pairs returns those that were measured, in order.
func (r Report) pairs() (all []pair) {
	rates := r.Memory
	for _, s := range r.Drives {
		rates = append(slices.Clip(rates), s.Rates...)
	}
	for _, x := range rates {
		if p := (pair{x.Task, x.Layout, x.Unit}); !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// of returns the rates of p that may be shown, from a cold cache or none.
func (p pair) of(rates []drive.Rate) (some []drive.Rate) {
	for _, x := range rates {
		if x.Task == p.task && x.Layout == p.layout && x.Refused == "" && x.Cache != drive.Warm {
			some = append(some, x)
		}
	}
	return some
}

// best returns the highest rate over the numbers of workers, 0 if there is none.
func (p pair) best(rates []drive.Rate) (most float64) {
	for _, x := range p.of(rates) {
		most = max(most, x.PerSecond)
	}
	return most
}

// loaderGroups returns a group for each task.
func (r Report) loaderGroups(title func(string) string) (all []page.Section) {
	for _, p := range r.pairs() {
		heading := "The loader: " + p.task
		if len(all) == 0 || all[len(all)-1].Heading != heading {
			all = append(all, page.Section{Heading: heading, About: "Black and dashed: the same files in memory, which is what the CPU allows. Coloured and dashed: what the drive reads by itself, in sequence or at random, as the layout is read; reads that are sorted and lie near each other may be faster."})
		}
		g := &all[len(all)-1]
		g.Plots = append(g.Plots, r.workers(title(fmt.Sprintf("%s from %s", p.task, p.layout)), p))
	}
	return all
}

// workers draws a rate over the number of workers, and its bounds.
func (r Report) workers(title string, p pair) template.HTML {
	c := plot.Chart{Title: title, X: plot.Axis{Label: "workers", Log: true}, Y: plot.Axis{Label: p.unit + " a second", Log: true}}
	for _, x := range p.of(r.Memory) {
		c.X.Ticks = append(c.X.Ticks, float64(x.Workers))
	}
	for i, l := range r.looks() {
		line := plot.Line{Name: l.name, Colour: l.colour, Hollow: l.hollow}
		bound := plot.Line{Colour: l.colour, Dashed: true, Light: true}
		for _, x := range p.of(r.Drives[i].Rates) {
			line.X, line.Y = append(line.X, float64(x.Workers)), append(line.Y, x.PerSecond)
			bound.X, bound.Y = append(bound.X, float64(x.Workers)), append(bound.Y, x.Ceiling)
		}
		if line.X == nil {
			line.Name += ": no figures"
		}
		c.Lines = append(c.Lines, bound, line)
	}
	cpu := plot.Line{Name: "in memory: the CPU's ceiling", Colour: "#000", Dashed: true}
	for _, x := range p.of(r.Memory) {
		cpu.X, cpu.Y = append(cpu.X, float64(x.Workers)), append(cpu.Y, x.PerSecond)
	}
	c.Lines = append(c.Lines, cpu)
	return template.HTML(c.SVG())
}

// stall returns the part of the time that a trainer waits which could take so
// many samples a second, of a loader that delivers so many.
func stall(demand, rate float64) float64 { return max(0, 1-rate/demand) }

// stalls draws for how much of its time a trainer waits, over the rate at which
// it could go.
func (r Report) stalls(title func(string) string) page.Section {
	g := page.Section{Heading: "How long a trainer waits", About: "The part of its time that a trainer waits for images, from the rates above with the best number of workers: a trainer that could take twice what comes waits half of the time."}
	for _, p := range r.pairs() {
		if p.task != "images" {
			continue
		}
		c := plot.Chart{Title: title("waiting for images from " + p.layout), X: plot.Axis{Label: "images a second that the trainer could take", Log: true}, Y: plot.Axis{Label: "part of its time that it waits", Format: plot.Percent}}
		add := func(l plot.Line, rates []drive.Rate) {
			rate := p.best(rates)
			if rate == 0 {
				return
			}
			for e := 1.0; e <= 4; e += 0.05 {
				l.X, l.Y = append(l.X, math.Pow(10, e)), append(l.Y, stall(math.Pow(10, e), rate))
			}
			c.Lines = append(c.Lines, l)
		}
		for i, l := range r.looks() {
			add(plot.Line{Name: l.name, Colour: l.colour, Bare: true}, r.Drives[i].Rates)
		}
		add(plot.Line{Name: "in memory: the CPU's ceiling", Colour: "#000", Dashed: true}, r.Memory)
		g.Plots = append(g.Plots, template.HTML(c.SVG()))
	}
	return g
}

// whole formats a number of more than three digits without a fraction.
func whole(v float64) string {
	if v == 0 {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', max(0, 2-int(math.Floor(math.Log10(v)))), 64)
}
