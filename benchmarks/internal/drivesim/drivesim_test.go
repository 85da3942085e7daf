package drivesim

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stokerdata/stoker/shard"
)

// anywhere returns random places for reads of so many bytes.
func anywhere(size int64) func() int64 {
	r := rand.New(rand.NewPCG(1, 2))
	return func() int64 { return r.Int64N((Span-size)/smallBytes) * smallBytes }
}

// onward returns one place after another.
func onward(size int64) func() int64 {
	next := -size
	return func() int64 { next += size; return next }
}

func profile(t *testing.T, name string) Profile {
	t.Helper()
	p, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPublished compares the models with what is published of such drives.
func TestPublished(t *testing.T) {
	for _, c := range []struct {
		name                string
		mbps, iops1, iopsAt float64
		depth               int
	}{
		{"hdd", 215, 79, 185, 32}, // 170 to 200
		{"sata", 560, 13e3, 98e3, 32},
		{"nvme3", 3500, 19e3, 600e3, 32},
		{"nvme4", 7000, 22.2e3, 1e6, 64}, // its depth 1 is our assumption
		{"nvme5", 14700, 22.2e3, 1.85e6, 128},
	} {
		p := profile(t, c.name)
		near := func(what string, got, want float64) {
			if math.Abs(got-want) > 0.05*want {
				t.Errorf("%s: %s is %.0f, published %.0f", c.name, what, got, want)
			}
		}
		near("sequential MB/s", p.Expect(2000, 8, 1<<20, onward(1<<20)).MBps, c.mbps)
		near("IOPS at depth 1", p.Expect(5000, 1, 4096, anywhere(4096)).PerSecond, c.iops1)
		near("IOPS at depth", p.Expect(20000, c.depth, 4096, anywhere(4096)).PerSecond, c.iopsAt)
	}
}

// TestDisk looks at what makes a hard disk one: the spread of its access time,
// and what order does for it.
func TestDisk(t *testing.T) {
	p := profile(t, "hdd")
	one := p.Expect(5000, 1, 4096, anywhere(4096)).Latencies
	if lo, hi := one[0], one[len(one)-1]; lo < 800*time.Microsecond || hi > 26*time.Millisecond || hi < 20*time.Millisecond {
		t.Errorf("access takes %v to %v", lo, hi)
	}
	const image = 112 << 10
	random := p.Expect(2000, 1, image, anywhere(image))
	sequential := p.Expect(2000, 1, image, onward(image))
	if r := sequential.PerSecond / random.PerSecond; r < 20 || r > 30 {
		t.Errorf("images in order are read %.1f times as fast", r)
	}
	alone := p
	alone.Queue = 1
	if got, one := alone.Expect(2000, 32, 4096, anywhere(4096)).PerSecond, 79.0; math.Abs(got-one) > 0.05*one {
		t.Errorf("without a choice, depth 32 gives %.0f IOPS", got)
	}
}

// TestFlash looks at what limits a solid-state drive at each size and depth.
func TestFlash(t *testing.T) {
	p := profile(t, "sata")
	for _, c := range []struct {
		size, depth int
		want        float64
	}{
		{4096, 1, 1e6 / 77},
		{4096, 4, 4e6 / 77},
		{4096, 64, 98e3},
		{112 << 10, 1, 1e6 / (77 - 4096/560.0 + (112<<10)/560.0)},
		{112 << 10, 32, 560e6 / (112 << 10)},
	} {
		if got := p.Expect(20000, c.depth, c.size, anywhere(int64(c.size))).PerSecond; math.Abs(got-c.want) > 0.01*c.want {
			t.Errorf("%d bytes at depth %d: %.0f a second, want %.0f", c.size, c.depth, got, c.want)
		}
	}
}

// TestDrive reads in real time: never before the virtual clock says so, and all
// bytes of the right place.
func TestDrive(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for _, name := range []string{"a", "b", "c"} {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[len(paths)-1], bytes.Repeat([]byte(name), 9000), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"hdd", "sata"} {
		d := New(profile(t, name))
		f := d.FS(shard.OS(), paths[:2])
		if _, err := f.Open(paths[2]); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a file from elsewhere: %v", name, err)
		}
		var group sync.WaitGroup
		for i, p := range paths[:2] {
			h, err := f.Open(p)
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			for k := range 3 {
				group.Go(func() {
					b := make([]byte, 3000)
					if n, err := h.ReadAt(b, int64(3000*k)); n != len(b) || err != nil || !bytes.Equal(b, bytes.Repeat([]byte("ab"[i:i+1]), 3000)) {
						t.Errorf("%s: %s: %d, %v", name, p, n, err)
					}
				})
			}
		}
		start := time.Now()
		if n, err := d.Surface().ReadAt(make([]byte, 4096), Span/3); n != 4096 || err != nil {
			t.Errorf("%s: surface: %d, %v", name, n, err)
		}
		if least, took := d.device.(interface{ least() time.Duration }).least(), time.Since(start); took < least {
			t.Errorf("%s: a read took %v, less than %v", name, took, least)
		}
		group.Wait()
		if s := d.Stats(); s.Reads != 7 || s.Over < 0 || s.Late > s.Reads {
			t.Errorf("%s: %v", name, s)
		}
		if _, err := d.Surface().ReadAt(make([]byte, 2), Span-1); err == nil {
			t.Errorf("%s: read behind the end", name)
		}
	}
}

func (f *flash) least() time.Duration { return f.access }
func (d *disk) least() time.Duration  { return d.nearest }

// slow is a store that is slower than any drive.
type slow struct{}

func (slow) ReadAt(b []byte, off int64) (int, error) {
	time.Sleep(5 * time.Millisecond)
	return len(b), nil
}

func TestLate(t *testing.T) {
	d := New(profile(t, "sata"))
	for range 4 {
		d.read(slow{}, make([]byte, 4096), 0, 0)
	}
	if s := d.Stats(); s.Late != 4 || s.LateShare() != 1 || !strings.Contains(s.String(), "4 reads, 100.0 % of them late") {
		t.Errorf("a slow store gives %v", s)
	}
	if s := d.Stats().Minus(d.Stats()); s != (Stats{}) || s.LateShare() != 0 {
		t.Errorf("nothing since is %v", s)
	}
}

func TestFind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.json")
	for text, want := range map[string]string{
		`{"name": "mine", "mbps": 100, "access_us": 50, "iops": 1000}`:                                 "",
		`{"name": "mine", "mbps": 100, "rpm": 5400, "seek_ms": 9, "track_to_track_ms": 1, "queue": 1}`: "",
		`{"name": "mine", "mbps": 100, "acces_us": 50, "iops": 1000}`:                                  "unknown field",
		`{"name": " ", "mbps": 100, "access_us": 50, "iops": 1000}`:                                    "name",
		`{"name": "mine", "mbps": 0, "access_us": 50, "iops": 1000}`:                                   "mbps",
		`{"name": "mine", "mbps": 100, "access_us": 50}`:                                               "iops",
		`{"name": "mine", "mbps": 100, "access_us": 50, "iops": 9, "queue": 3}`:                        "nothing of a hard disk",
		`{"name": "mine", "mbps": 100, "rpm": 5400, "seek_ms": 1, "track_to_track_ms": 2, "queue": 1}`: "track_to_track_ms",
		`{"name": "mine", "mbps": 100, "rpm": 5400, "seek_ms": 9, "queue": 1, "iops": 5}`:              "nothing of a solid-state",
		`{`: "unexpected EOF",
	} {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		p, err := Find(file)
		if want == "" && (err != nil || p.Name != "mine") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s gives %v, %v", text, p, err)
		}
	}
	if _, err := Find("tape"); err == nil || !strings.Contains(err.Error(), "nvme5") {
		t.Errorf("an unknown name gives %v", err)
	}
	for _, name := range Names() {
		if err := profile(t, name).check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
