package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/disk"
	"github.com/stokerdata/stoker/benchmarks/internal/drivesim"
	"github.com/stokerdata/stoker/benchmarks/internal/probe"
)

// tiny makes a small set of data.
func tiny(t *testing.T) Set {
	t.Helper()
	images, r := t.TempDir(), rand.New(rand.NewPCG(1, 1))
	for i := range 8 {
		m := image.NewGray(image.Rect(0, 0, 64, 48))
		for k := range m.Pix {
			m.Pix[k] = uint8(r.Uint32())
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(images, fmt.Sprintf("%d.jpg", i)), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Build(t.Context(), t.TempDir(), images, Sizes{Copies: 8, Rows: 40_000, Tokens: 512})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fast is a simulated drive on which tests do not wait for long.
func fast(t *testing.T) *Drive {
	t.Helper()
	file := filepath.Join(t.TempDir(), "fast.json")
	if err := os.WriteFile(file, []byte(`{"name": "fast", "mbps": 2000, "access_us": 100, "iops": 100000}`), 0o666); err != nil {
		t.Fatal(err)
	}
	d, err := Simulated(file)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// onDisk returns the drive of the temporary folder, which tests of real drives
// need to be on one.
func onDisk(t *testing.T) *Drive {
	t.Helper()
	d, err := Real(Place{Dir: t.TempDir(), Kind: "a claim"})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { d.Close() })
	if d.disk.Number == "" {
		t.Skip("the temporary folder is on no disk")
	}
	return d
}

// TestRates runs all tasks in all layouts over memory, a simulated and a real
// drive. Their modes are in everything that comes out.
func TestRates(t *testing.T) {
	t.Setenv("PATH", "") // fio takes its time
	drives := []*Drive{Memory(), fast(t), onDisk(t)}
	o := Options{For: 20 * time.Millisecond, Workers: []int{1, 2}, FileBytes: 1 << 20}
	points := make([][]Point, len(drives))
	for i, d := range drives[1:] {
		p, err := d.Points(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if points[i+1] = p; len(p) != 11 {
			t.Errorf("%s: %d points", d.Name(), len(p))
		}
		for _, x := range p {
			if x.Mode != d.mode || !strings.Contains(x.Drive, d.mode.String()) || x.Cache == "" || x.Refused == "" && (x.PerSecond <= 0 || (len(x.Percentiles) == 101) != (x.Backend == "")) {
				t.Errorf("%+v", x)
			}
			if (x.Backend != "") != (d.mode == modeReal && byReader(probe.Load{Bytes: x.Bytes, Depth: x.Depth})) {
				t.Errorf("%s, %s: read by %q", x.Drive, x.Load, x.Backend)
			}
			if (x.Model > 0) != (d.mode == modeSimulated) {
				t.Errorf("%s, %s: the model is %v", x.Drive, x.Load, x.Model)
			}
		}
	}
	rates, err := Rates(t.Context(), tiny(t), drives, points, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range drives {
		want := 8 * 2
		if d.mode == modeReal {
			want = 8 * 3 // warm, too
		}
		if len(rates[i]) != want {
			t.Errorf("%s: %d rates", d.Name(), len(rates[i]))
		}
		for _, r := range rates[i] {
			if r.Mode != d.mode || !strings.Contains(r.Drive, d.mode.String()) || (r.Cache == NoCache) != (d.mode != modeReal) || r.Refused == "" && (r.PerSecond <= 0 || r.MBps <= 0 || r.Least > r.PerSecond || r.Most < r.PerSecond) {
				t.Errorf("%+v", r)
			}
		}
	}
	if w := drives[2].Facts().Warnings; len(w) == 0 || !strings.Contains(w[0], "fio") {
		t.Errorf("nothing says why fio is missing: %q", w)
	}
	text, err := json.Marshal(rates)
	if err != nil || strings.Count(string(text), `"mode":"simulated"`) != len(rates[1]) {
		t.Errorf("the mode is not in each row: %v", err)
	}
}

func TestModes(t *testing.T) {
	if m := (Mode{}); m.String() != "not measured" {
		t.Errorf("the zero Mode is %v", m)
	}
	sim, real := fast(t), onDisk(t)
	if f := sim.Facts(); f.Profile == nil || f.Disk != nil || f.Reads == nil || sim.Name() != "fast (simulated drive)" {
		t.Errorf("%+v", f)
	}
	f := real.Facts()
	if f.Disk == nil || f.Profile != nil || f.Claimed != "a claim" || !strings.Contains(f.Name, "claimed: a claim (real)") {
		t.Errorf("%+v", f)
	}
	if !real.Shares(real) {
		t.Error("a drive is not itself")
	}
	dir := real.dir
	if err := real.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("files are left behind")
	}
}

// TestThrottled holds a drive back where that is allowed: no latency is told, and
// nothing is read at random.
func TestThrottled(t *testing.T) {
	onDisk(t)
	d, err := Throttled(Place{Dir: t.TempDir()}, 50e6)
	if err != nil {
		t.Skip(err)
	}
	defer d.Close()
	points, err := d.Points(t.Context(), Options{For: 300 * time.Millisecond, FileBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		if p.Random || p.Percentiles != nil || p.Mode != modeThrottled || p.MBps > 100 || !strings.Contains(p.Drive, "held to 50 MB/s (throttled)") {
			t.Errorf("%+v", p)
		}
	}
	if len(points) != 2 {
		t.Errorf("%d points", len(points))
	}
}

func TestLimit(t *testing.T) {
	for name, want := range map[string]float64{"hdd": 215e6, "sata-ssd": 560e6, "1e8": 1e8, "fast": 0, "5": 0, "": 0} {
		if got, err := Limit(name); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %v, %v", name, got, err)
		}
	}
}

// sleepy is a store that is too slow for any drive.
type sleepy struct{}

func (sleepy) ReadAt(b []byte, off int64) (int, error) {
	time.Sleep(2 * time.Millisecond)
	return len(b), nil
}

// TestRefused looks for figures of what a machine was too slow for.
func TestRefused(t *testing.T) {
	d := fast(t)
	slow := &target{ReaderAt: d.sim.Over(sleepy{}), size: drivesim.Span, cache: "none", close: func() {}}
	p, err := d.point(t.Context(), slow, probe.Load{Size: 1 << 30, Bytes: 4096, Depth: 1, Random: true, For: 30 * time.Millisecond})
	if err != nil || p.Refused == "" || p.PerSecond != 0 || p.Percentiles != nil || p.Late < 0.5 {
		t.Errorf("%+v, %v", p, err)
	}
	if !strings.Contains(d.Refused(), "too slow") || fast(t).Refused() != "" {
		t.Errorf("%q", d.Refused())
	}
}

func TestSuspect(t *testing.T) {
	point := Point{Bytes: SmallBytes, Depth: 1, Random: true, Percentiles: make([]float64, 101)}
	for _, c := range []struct {
		mode   Mode
		kind   disk.Kind
		median float64
		warned bool
	}{
		{modeReal, disk.Unknown, 27e-6, true}, {modeReal, disk.SATASSD, 27e-6, true}, {modeReal, disk.NVMe, 27e-6, false}, {modeReal, disk.SATASSD, 77e-6, false}, {modeSimulated, disk.Unknown, 1e-6, false},
	} {
		d := &Drive{mode: c.mode, disk: disk.Disk{Kind: c.kind}}
		point.Percentiles[50] = c.median
		d.suspect(point)
		if (len(d.warnings) == 1) != c.warned {
			t.Errorf("%v, %v, %v: %v", c.mode, c.kind, c.median, d.warnings)
		}
	}
}

func TestCount(t *testing.T) {
	var c count
	c.add(10, time.Second)
	c.add(30, time.Second)
	c.add(80, 4*time.Second)
	if c != (count{120, 6 * time.Second, 10, 30}) {
		t.Errorf("%+v", c)
	}
}

func TestCompare(t *testing.T) {
	result := func(rates ...float64) (all []probe.Result) {
		for _, r := range rates {
			all = append(all, probe.Result{PerSecond: r})
		}
		return all
	}
	f := compare(&probe.FIO{}, result(90, 110, 100), result(100, 100, 200))
	if f.PerSecond != 100 || f.Ratio != 0.9 || f.Low != 0.5 || f.High != 1.1 || f.Steady || f.String() != "0.90 (0.50 to 1.10), unsteady: pairs are 67 % apart" {
		t.Errorf("%+v, %v", f, f)
	}
	f = compare(&probe.FIO{}, result(95, 100, 109), result(100, 100, 100))
	if !f.Steady || f.String() != "1.00 (0.95 to 1.09), steady: pairs are 14 % apart" {
		t.Errorf("%+v, %v", f, f)
	}
}

func TestWinner(t *testing.T) {
	for _, c := range []struct {
		rates [][]float64
		want  int
	}{
		{[][]float64{{1, 2}}, 0}, {[][]float64{{1, 2}, {9, 2}}, 0}, {[][]float64{{1, 2}, {2, 3}}, 1},
		{[][]float64{{1, 2}, {2, 3}, {3, 3}}, 1}, {[][]float64{{5, 5}, {1, 9}, {6, 6}}, 2},
	} {
		if got := winner(c.rates); got != c.want {
			t.Errorf("%v: %d, want %d", c.rates, got, c.want)
		}
	}
}

// TestStartOf has turns begin far from the four before them, and in the first half.
func TestStartOf(t *testing.T) {
	const size = 2000
	for turn := range 2 * pairs {
		at := startOf(turn, size)
		if at < 0 || at >= size/2 {
			t.Errorf("turn %d begins at %d of %d", turn, at, size)
		}
		for before := max(0, turn-4); before < turn; before++ {
			if d := at - startOf(before, size); max(d, -d) < size/2/8 {
				t.Errorf("turns %d and %d begin %d apart", before, turn, d)
			}
		}
	}
}

// TestInterval has the ranks of tables of the sign test.
func TestInterval(t *testing.T) {
	for n, rank := range map[int]int{1: 1, 5: 1, 6: 1, 8: 1, 9: 2, 15: 4, 20: 6, 21: 6, 25: 8, 100: 40} {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(n - i)
		}
		if low, high := interval(x); low != float64(rank) || high != float64(n+1-rank) {
			t.Errorf("of %d values: %v to %v, want %d to %d", n, low, high, rank, n+1-rank)
		}
	}
}

// TestReader reads a file with each backend, what is asked for and for as long.
func TestReader(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := writeRandom(t.Context(), file, 8<<20); err != nil {
		t.Fatal(err)
	}
	for b, name := range backendNames {
		for _, l := range []probe.Load{{Bytes: 1 << 20, Depth: 8}, {Bytes: 16 << 10, Depth: 32, Random: true}} {
			l.Size, l.Start, l.For = 8<<20, 3<<20, 300*time.Millisecond
			r, err := openReader(t.Context(), file, b, l)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.run(t.Context(), l)
			if err != nil || got.PerSecond <= 0 || got.MBps != got.PerSecond*float64(l.Bytes)/1e6 {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			l.Size, l.For = 16<<20, time.Minute // the file ends before
			if _, err := r.run(t.Context(), l); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: %v behind the end", name, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := r.run(ctx, l); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v when cancelled", name, err)
			}
			if err := r.close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestCeiling(t *testing.T) {
	points := []Point{
		{Bytes: ShardBytes, Depth: 8, MBps: 200},
		{Bytes: SmallBytes, Depth: 16, Random: true, PerSecond: 150},
		{Bytes: ImageBytes, Depth: 32, Random: true, MBps: 20},
	}
	for _, c := range []struct {
		perRow float64
		random bool
		want   float64
	}{{100e3, false, 2000}, {100e3, true, 200}, {164, true, 150}} {
		if got := ceiling(points, c.perRow, c.random); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if got := ceiling(nil, 1, true); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}
