package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/stokerdata/stoker/benchmarks/internal/drive"
	"github.com/stokerdata/stoker/benchmarks/internal/page"
	"github.com/stokerdata/stoker/benchmarks/internal/plot"
)

// Markdown returns the report's tables as text for a README.
func (r Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%v. %s.\n", r.Title(), r.Machine, r.Began.UTC().Format("2006-01-02"))
	for _, s := range r.Drives {
		for _, w := range append(s.Facts.Warnings, s.Refused) {
			if w != "" {
				fmt.Fprintf(&b, "\n%s: %s\n", s.Facts.Name, w)
			}
		}
	}
	for _, t := range r.summary() {
		if text := t.Markdown(); text != "" {
			b.WriteString("\n" + text)
		}
	}
	return b.String()
}

// summary returns the tables that tell the most.
func (r Report) summary() []page.Table {
	return []page.Table{r.raw(), r.beside(), r.ratios(), r.loader()}
}

// raw is the drives by themselves.
func (r Report) raw() page.Table {
	g := page.Table{Title: "The drives by themselves: " + r.modes(), Head: []string{"drive", "sequential MB/s", "random 4 KiB, one at a time, median", "4 KiB reads/s, 32 at a time", "112 KiB reads/s, 32 at a time"}}
	for _, s := range r.Drives {
		row := []string{s.Facts.Name, figure(s.sequential(), rate, func(perSecond float64) string { return whole(perSecond * drive.ShardBytes / 1e6) }),
			figure(s.access(), quickness, func(perSecond float64) string { return plot.Seconds(1 / perSecond) })}
		for _, bytes := range []int{drive.SmallBytes, drive.ImageBytes} {
			row = append(row, figure(s.find(bytes, 32, true), rate, whole))
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

// beside is the library's own reader beside fio.
func (r Report) beside() page.Table {
	t := page.Table{Title: "The library's reader beside fio, by turns: " + r.modes(), Head: []string{"drive", "load", "backend", "MB/s", "cores", "fio MB/s", "fio cores", "ours / fio, and where it lies 19 times of 20"}}
	for _, s := range r.Drives {
		for _, p := range s.Points {
			if p.FIO != nil {
				t.Rows = append(t.Rows, []string{p.Drive, p.Load, p.Backend, whole(p.MBps), fmt.Sprintf("%.2f", p.Cores), whole(p.FIO.MBps), fmt.Sprintf("%.2f", p.FIO.Cores), p.FIO.String()})
			}
		}
	}
	return t
}

// Closing returns the lines that a run ends with: what the library's reader makes of a
// drive, beside fio.
func (r Report) Closing() string {
	var b strings.Builder
	for _, s := range r.Drives {
		for _, p := range s.Points {
			if p.FIO != nil {
				fmt.Fprintf(&b, "%s, %s: %s MB/s by %s, %s by fio, ours / fio %v\n", p.Drive, p.Load, whole(p.MBps), p.Backend, whole(p.FIO.MBps), p.FIO)
			}
		}
	}
	return b.String()
}

// A measure is one number of a point, the higher the better, as it was measured
// and as the model of a simulated drive means it. Each is 0 if there is none.
type measure func(p *drive.Point) (measured, model float64)

// rate is reads a second.
func rate(p *drive.Point) (measured, model float64) { return p.PerSecond, p.Model }

// quickness is the inverse of the median time of a read. The mean would be that
// of the moments at which the machine does something else.
func quickness(p *drive.Point) (measured, model float64) {
	if p.Percentiles != nil && p.Percentiles[50] > 0 {
		measured = 1 / p.Percentiles[50]
	}
	if p.ModelMedian > 0 {
		model = 1 / p.ModelMedian
	}
	return measured, model
}

// heldBack reports whether a machine kept a simulated drive from what its model
// means, so far perhaps that the figure is refused.
func heldBack(measured, model float64) bool { return measured < 0.95*model }

// figure returns what f makes of a measure of a point; where this machine held a
// simulated drive back, with what its model means.
func figure(p *drive.Point, of measure, f func(float64) string) string {
	if p == nil {
		return "-"
	}
	measured, model := of(p)
	text := "refused"
	if p.Refused == "" && measured > 0 {
		text = f(measured)
	}
	if heldBack(measured, model) {
		text += fmt.Sprintf(" (model: %s)", f(model))
	}
	return text
}

// claims are what is often said of an NVMe drive in place of a hard disk.
var claims = struct{ throughput, seek [2]float64 }{[2]float64{6, 10}, [2]float64{25, 30}}

// ratio is how many times as good one drive is as another.
type ratio struct {
	measured, models float64 // models is 0 but where a machine held a model back
}

// divide returns the ratio of a measure of two points, which may be missing.
func divide(a, b *drive.Point, of measure) (r ratio) {
	if a == nil || b == nil {
		return r
	}
	am, aModel := of(a)
	bm, bModel := of(b)
	if am > 0 && bm > 0 {
		r.measured = am / bm
	}
	if bModel > 0 && (heldBack(am, aModel) || heldBack(bm, bModel)) {
		r.models = aModel / bModel
	}
	return r
}

// String returns the ratio, and that of the models.
func (r ratio) String() string {
	text := "-"
	if r.measured > 0 {
		text = whole(r.measured) + "x"
	}
	if r.models > 0 {
		text += fmt.Sprintf(" (models: %sx)", whole(r.models))
	}
	return text
}

// beside says whether r is within what is claimed.
func (r ratio) beside(claim [2]float64) string {
	known := false
	for _, x := range []float64{r.measured, r.models} {
		if known = known || x > 0; x > 0 && (x < claim[0] || x > claim[1]) {
			return r.String() + ", not as claimed"
		}
	}
	if !known {
		return r.String()
	}
	return r.String() + ", as claimed"
}

// ratios compares each drive with the slowest one of its mode.
func (r Report) ratios() page.Table {
	g := page.Table{Title: fmt.Sprintf("Beside the slowest drive of the same mode, and the claim that NVMe has %g to %g times the throughput and a %g to %g times shorter seek time: %s",
		claims.throughput[0], claims.throughput[1], claims.seek[0], claims.seek[1], r.modes()),
		Head: []string{"drive", "beside", "throughput", "seek time", "4 KiB reads/s, 32 at a time"}}
	for i, s := range r.Drives {
		slowest := r.slowest(s.Facts.Mode)
		if slowest == nil || slowest == &r.Drives[i] || s.sequential() == nil {
			continue
		}
		g.Rows = append(g.Rows, []string{s.Facts.Name, slowest.Facts.Name, divide(s.sequential(), slowest.sequential(), rate).beside(claims.throughput),
			divide(s.access(), slowest.access(), quickness).beside(claims.seek), divide(s.find(drive.SmallBytes, 32, true), slowest.find(drive.SmallBytes, 32, true), rate).String()})
	}
	return g
}

// slowest returns the drive of a mode with the least throughput.
func (r Report) slowest(m drive.Mode) (least *Section) {
	speed := func(s *Section) float64 {
		return value(s.sequential(), func(p *drive.Point) float64 { return max(p.PerSecond, p.Model) })
	}
	for i := range r.Drives {
		s := &r.Drives[i]
		if s.Facts.Mode == m && speed(s) > 0 && (least == nil || speed(s) < speed(least)) {
			least = s
		}
	}
	return least
}

// loader is what the loader delivers with the best number of workers.
func (r Report) loader() page.Table {
	g := page.Table{Title: "The loader, a second, with the best number of workers, cold: " + r.modes(), Head: []string{"drive"}}
	for _, p := range r.pairs() {
		g.Head = append(g.Head, p.task+", "+p.layout)
	}
	add := func(name string, rates []drive.Rate) {
		row := []string{name}
		for _, p := range r.pairs() {
			if best := p.best(rates); best > 0 {
				row = append(row, plot.SI(best))
			} else {
				row = append(row, "-")
			}
		}
		g.Rows = append(g.Rows, row)
	}
	for _, s := range r.Drives {
		add(s.Facts.Name, s.Rates)
	}
	if r.Memory != nil {
		add("in memory: the CPU's ceiling", r.Memory)
	}
	return g
}

// details returns everything.
func (r Report) details() (all []page.Table) {
	points := page.Table{Title: "All reads: " + r.modes(), Head: []string{"drive", "mode", "load", "cache", "read by", "reads/s", "least to most", "MB/s", "median", "99 %", "cores", "late", "of the model", "fio reads/s", "ours / fio"}}
	rates := page.Table{Title: "All rates of the loader: " + r.modes(), Head: []string{"drive", "mode", "task", "layout", "order", "workers", "cache", "a second", "least to most", "MB/s", "drive's ceiling", "late"}}
	for _, s := range r.Drives {
		for _, p := range s.Points {
			points.Rows = append(points.Rows, pointRow(p))
		}
		for _, x := range s.Rates {
			rates.Rows = append(rates.Rows, rateRow(x))
		}
	}
	for _, x := range r.Memory {
		rates.Rows = append(rates.Rows, rateRow(x))
	}
	return []page.Table{points, rates}
}

func pointRow(p drive.Point) []string {
	row := []string{p.Drive, p.Mode.String(), p.Load, p.Cache, cmp.Or(p.Backend, "plain reads")}
	if p.Refused != "" {
		return append(row, "refused: "+p.Refused)
	}
	median, most := "-", "-"
	if p.Percentiles != nil {
		median, most = plot.Seconds(p.Percentiles[50]), plot.Seconds(p.Percentiles[99])
	}
	row = append(row, whole(p.PerSecond), whole(p.Least)+" to "+whole(p.Most), whole(p.MBps), median, most, fmt.Sprintf("%.2f", p.Cores))
	if p.Model > 0 {
		row = append(row, plot.Percent(p.Late), plot.Percent(p.PerSecond/p.Model))
	} else {
		row = append(row, "-", "-")
	}
	if p.FIO != nil {
		return append(row, whole(p.FIO.PerSecond), p.FIO.String())
	}
	return append(row, "-", "-")
}

func rateRow(x drive.Rate) []string {
	row := []string{x.Drive, x.Mode.String(), x.Task, x.Layout, x.Order, fmt.Sprint(x.Workers), x.Cache}
	if x.Refused != "" {
		return append(row, "refused: "+x.Refused)
	}
	late := "-"
	if x.Mode.String() == "simulated" {
		late = plot.Percent(x.Late)
	}
	return append(row, whole(x.PerSecond)+" "+x.Unit, whole(x.Least)+" to "+whole(x.Most), whole(x.MBps), whole(x.Ceiling), late)
}
