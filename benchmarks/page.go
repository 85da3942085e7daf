package main

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/benchmarks/internal/page"
	"github.com/stokerdata/stoker/benchmarks/internal/plot"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// The colours of contenders.
const (
	oursColour  = "#1b6ca8"
	peerColour  = "#d1495b"
	limitColour = "#6b6b6b"
)

// page returns all results as a page.
func (r *results) page() ([]byte, error) {
	p := page.Page{Title: "stoker beside its peers and limits", Facts: []page.Fact{
		{Name: "machine", Value: r.Machine.String()},
		{Name: "date", Value: r.Began.UTC().Format("2006-01-02 15:04 MST")},
		{Name: "library", Value: cmp.Or(r.Commit, "unknown")},
		{Name: "command", Value: r.Command},
	}}
	for _, s := range r.Workloads {
		p.Sections = append(p.Sections, section(s))
	}
	left := page.Section{Heading: "Not measured"}
	for line := range strings.Lines(r.absent()) {
		left.Warnings = append(left.Warnings, line)
	}
	if left.Warnings != nil {
		p.Sections = append(p.Sections, left)
	}
	return p.HTML()
}

// section returns what is shown of one workload.
func section(s *rounds.Summary) page.Section {
	what, axis := "CPU time", plot.Axis{Label: "CPU time of an item, divided by ours", Log: true}
	if s.By == rounds.WallTime {
		what, axis.Label = "time on the wall", "time of an item, divided by ours"
	}
	p := page.Section{Heading: s.Name, About: fmt.Sprintf("Work: %s. %d rounds%s. Ratios are of the %s, and above 1 where ours takes less. Lines span all rounds.", s.About, s.Rounds, s.Turns, what)}
	dots := plot.Dots{Title: s.Name + ": others beside " + s.Order[0], X: axis, Mark: 1}
	table := page.Table{Head: []string{"contender", "what", "CPU per item", "items/s", "spread", "RSS MB", "output", "ratio"}}
	for _, name := range s.Order {
		f, ok := s.Contenders[name]
		if !ok {
			continue
		}
		if each := s.Each[s.Order[0]+"_vs_"+name]; len(each) > 0 {
			dots.Dots = append(dots.Dots, dot(s, name, each))
		}
		memory := "?"
		if f.RSSBytes > 0 {
			memory = fmt.Sprintf("%.0f", float64(f.RSSBytes)/1e6)
		}
		about := f.About
		if f.Version != "" {
			about += ", " + f.Version
		}
		table.Rows = append(table.Rows, []string{name, about, rounds.Seconds(f.CPUSPerItem), plot.SI(f.ItemsPerS), plot.Percent(f.Spread), memory, f.Output, s.Ratio(s.Order[0], name)})
		if f.Doubt != "" {
			p.Warnings = append(p.Warnings, name+" is doubtful: "+f.Doubt)
		}
	}
	if dots.Dots != nil {
		p.Plots = []template.HTML{template.HTML(dots.SVG())}
	}
	p.Tables = []page.Table{table}
	return p
}

// dot returns the ratio of a contender as it is drawn. One that is unsteady has no
// value, and shows where its rounds lie.
func dot(s *rounds.Summary, name string, each []float64) plot.Dot {
	d := plot.Dot{Name: name, Colour: peerColour, Low: slices.Min(each), High: slices.Max(each)}
	switch {
	case strings.HasPrefix(name, "ours"):
		d.Colour = oursColour
	case strings.HasPrefix(s.Contenders[name].About, "limit: "):
		d.Colour = limitColour
	}
	v, ok := s.Ratios[s.Order[0]+"_vs_"+name]
	if d.Value, d.Hollow = v, !ok; !ok {
		d.Value = (d.Low + d.High) / 2
	}
	return d
}
