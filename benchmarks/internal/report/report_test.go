package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/drive"
)

type here struct{}

func (here) String() string { return "a <machine>" }

// section returns figures of a simulated drive; only package drive can make such
// with a mode.
func section(t *testing.T, model string, mbps, iops float64) Section {
	t.Helper()
	d, err := drive.Simulated(model)
	if err != nil {
		t.Fatal(err)
	}
	s := Section{Facts: d.Facts()}
	for _, p := range []drive.Point{
		{Bytes: drive.ShardBytes, Depth: 8, PerSecond: mbps, MBps: mbps},
		{Bytes: drive.SmallBytes, Depth: 1, Random: true, PerSecond: iops, Percentiles: slices.Repeat([]float64{1 / iops}, 101)},
		{Bytes: drive.SmallBytes, Depth: 32, Random: true, PerSecond: 20 * iops, FIO: &drive.FIO{PerSecond: 5, MBps: 100, Ratio: 0.97, Low: 0.96, High: 0.98, Spread: 0.05, Steady: true}},
		{Bytes: drive.ImageBytes, Depth: 32, Random: true, Load: "the refused one", Refused: "too slow"},
	} {
		p.Mode, p.Drive = d.Mode(), d.Name()
		s.Points = append(s.Points, p)
	}
	for _, r := range []drive.Rate{
		{Task: "images", Layout: "files", Workers: 1, Unit: "images", PerSecond: iops, Ceiling: 2 * iops},
		{Task: "images", Layout: "files", Workers: 2, Unit: "images", PerSecond: 1.5 * iops, Ceiling: 2 * iops},
		{Task: "images", Layout: "files", Workers: 2, Unit: "images", PerSecond: 1e9, Cache: drive.Warm},
		{Task: "images", Layout: "files", Workers: 4, Unit: "images", PerSecond: 1e9, Refused: "too slow"},
	} {
		r.Mode, r.Drive = d.Mode(), d.Name()
		s.Rates = append(s.Rates, r)
	}
	return s
}

func sample(t *testing.T) Report {
	r := Report{Machine: here{}, Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	r.Drives = []Section{section(t, "sata", 560, 13e3), section(t, "hdd", 215, 79), section(t, "nvme3", 1720, 2200)}
	r.Drives = append(r.Drives, Section{Facts: r.Drives[2].Facts, Refused: "this machine is too slow"})
	r.Memory = []drive.Rate{{Task: "images", Layout: "files", Workers: 2, Unit: "images", PerSecond: 2500}}
	return r
}

// TestWrite looks for the mode in all that is written.
func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	files, err := sample(t).Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 3 || filepath.Base(files[0]) != "drive-simulated-20260102-030405.html" {
		t.Fatal(files)
	}
	text := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text[filepath.Ext(f)] = string(b)
	}
	page := text[".html"]
	for _, want := range []string{"<title>stoker: 4 drives, simulated</title>", "a &lt;machine&gt;", "Refused: this machine is too slow", "refused: too slow", "<svg"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for title := range strings.SplitSeq(page, `class="title">`) {
		if end := strings.Index(title, "</text>"); end > 0 && !strings.HasPrefix(title, "<!DOCTYPE") && !strings.Contains(title[:end], "simulated") {
			t.Errorf("the title %q has no mode", title[:end])
		}
	}
	if strings.Contains(page, "http://") && strings.Count(page, "http://") != strings.Count(page, `xmlns="http://www.w3.org/2000/svg"`) || strings.Contains(page, "https://") {
		t.Error("the page is not self-contained")
	}
	var back struct {
		Drives []struct {
			Points, Rates []struct{ Mode, Drive string }
		}
	}
	if err := json.Unmarshal([]byte(text[".json"]), &back); err != nil {
		t.Fatal(err)
	}
	for _, d := range back.Drives {
		for _, row := range append(d.Points, d.Rates...) {
			if row.Mode != "simulated" || !strings.Contains(row.Drive, "(simulated drive)") {
				t.Errorf("%+v", row)
			}
		}
	}
	if !strings.Contains(text[".md"], "| SATA hard disk, 7200 rpm (simulated drive) | 225 | 12.7 ms | 1580 | refused |") {
		t.Error(text[".md"])
	}
}

// TestBeside looks for the backend and the bounds of a ratio to fio.
func TestBeside(t *testing.T) {
	r := sample(t)
	r.Drives = r.Drives[:1]
	p := &r.Drives[0].Points[2]
	p.Backend, p.Load, p.MBps = "DirectRing", "a load", 97
	rows := r.beside().Rows
	const ratio = "0.97 (0.96 to 0.98), steady: pairs are 5 % apart"
	if len(rows) != 1 || rows[0][2] != "DirectRing" || rows[0][7] != ratio {
		t.Errorf("%q", rows)
	}
	if got, want := r.Closing(), rows[0][0]+", a load: 97.0 MB/s by DirectRing, 100 by fio, ours / fio "+ratio+"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRatios(t *testing.T) {
	got := sample(t).ratios().Rows
	want := [][]string{
		{"SATA SSD (simulated drive)", "SATA hard disk, 7200 rpm (simulated drive)", "2.60x, not as claimed", "165x, not as claimed", "165x"},
		{"NVMe SSD, PCIe 3 (simulated drive)", "SATA hard disk, 7200 rpm (simulated drive)", "8.00x, as claimed", "27.8x, as claimed", "27.8x"},
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q", got)
	}
	// A drive of another mode is beside nothing.
	r := sample(t)
	r.Drives[1].Facts.Mode = drive.Memory().Mode()
	if got := r.ratios().Rows; len(got) != 1 || got[0][1] != "SATA SSD (simulated drive)" {
		t.Errorf("%q", got)
	}
}

// TestHeldBack looks for the figures of models that a machine held back.
func TestHeldBack(t *testing.T) {
	r := sample(t)
	r.Drives[0].Points[0].Model, r.Drives[1].Points[0].Model = 700, 217
	if got := r.ratios().Rows[0][2]; got != "2.60x (models: 3.23x), not as claimed" {
		t.Error(got)
	}
	if got := r.raw().Rows; got[0][1] != "587 (model: 734)" || got[1][1] != "225" {
		t.Errorf("%q", got)
	}
	r.Drives[0].Points[1].ModelMedian = 50e-6 // measured: 77
	if got := r.raw().Rows[0][2]; got != "76.9 µs (model: 50 µs)" {
		t.Error(got)
	}
	for _, c := range []struct {
		ratio
		want string
	}{{ratio{}, "-"}, {ratio{8, 0}, "8.00x, as claimed"}, {ratio{0, 16}, "- (models: 16.0x), not as claimed"}, {ratio{0, 7}, "- (models: 7.00x), as claimed"}} {
		if got := c.beside(claims.throughput); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	refused := drive.Point{Refused: "late", Model: 7000}
	if got := figure(&refused, rate, whole); got != "refused (model: 7000)" {
		t.Error(got)
	}
	if got := (ratio{8, 16}).beside(claims.throughput); got != "8.00x (models: 16.0x), not as claimed" {
		t.Error(got)
	}
}

// TestLoader looks at which rates count: neither warm nor refused ones.
func TestLoader(t *testing.T) {
	rows := sample(t).loader().Rows
	if rows[1][1] != "118" || rows[3][1] != "-" || rows[4][1] != "2.5 k" {
		t.Errorf("%q", rows)
	}
}

func TestColours(t *testing.T) {
	seen := map[string]string{}
	for mode, all := range colours {
		for _, c := range all {
			if other, ok := seen[c]; ok {
				t.Errorf("%s has the colour %s of %s", mode, c, other)
			}
			seen[c] = mode
		}
	}
	for _, m := range []string{"real", "throttled", "simulated"} {
		if len(colours[m]) == 0 {
			t.Errorf("no colours for %s", m)
		}
	}
	for _, l := range sample(t).looks() {
		if !l.hollow || !slices.Contains(colours["simulated"], l.colour) || !strings.Contains(l.name, "simulated") {
			t.Errorf("%+v", l)
		}
	}
}

func TestStall(t *testing.T) {
	for _, c := range []struct{ demand, rate, want float64 }{{100, 50, 0.5}, {100, 100, 0}, {100, 200, 0}, {1000, 100, 0.9}} {
		if got := stall(c.demand, c.rate); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if whole(0) != "-" || whole(1234567) != "1234567" || whole(0.5) != "0.500" || whole(12.345) != "12.3" {
		t.Error(whole(1234567), whole(0.5), whole(12.345))
	}
}

// TestEmpty draws a report of nothing but a refused drive.
func TestEmpty(t *testing.T) {
	r := sample(t)
	r.Drives, r.Memory = r.Drives[3:], nil
	page, err := r.html()
	if err != nil || bytes.Contains(page, []byte("NaN")) || bytes.Contains(page, []byte("Inf")) {
		t.Errorf("%v\n%s", err, page)
	}
}
