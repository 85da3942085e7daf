package probe

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// watched counts who reads what.
type watched struct {
	mu          sync.Mutex
	now, most   int
	offs        map[int64]int
	pause       time.Duration
	size, bytes int64
	bad         bool
}

func (w *watched) ReadAt(b []byte, off int64) (int, error) {
	w.mu.Lock()
	w.now++
	w.most = max(w.most, w.now)
	w.offs[off]++
	w.bad = w.bad || off < 0 || off%4096 != 0 || off+int64(len(b)) > w.size || int64(len(b)) != w.bytes
	w.mu.Unlock()
	time.Sleep(w.pause)
	w.mu.Lock()
	w.now--
	w.mu.Unlock()
	return len(b), nil
}

// TestRun reads in a bubble, where a read takes exactly as long as it says.
func TestRun(t *testing.T) {
	procs := runtime.GOMAXPROCS(0)
	for _, c := range []struct {
		load  Load
		reads int
	}{
		{Load{Size: 10<<12 + 1, Bytes: 4096, Depth: 2, For: 60 * time.Millisecond}, 120},
		{Load{Size: 10<<12 + 1, Bytes: 4096, Depth: 1, For: 10 * time.Millisecond, Reads: 30}, 30},
		{Load{Size: 10<<12 + 1, Bytes: 4096, Depth: 2, For: 10 * time.Millisecond, Reads: 300}, 100},
		{Load{Size: 64 << 12, Bytes: 4 << 12, Depth: 7, Random: true, For: 60 * time.Millisecond, Blocking: true}, 420},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := c.load
			w := &watched{offs: map[int64]int{}, pause: time.Millisecond, size: l.Size, bytes: int64(l.Bytes)}
			r, err := Run(t.Context(), w, l)
			if err != nil {
				t.Fatal(err)
			}
			if w.bad || w.most != l.Depth {
				t.Errorf("%v: places or sizes are wrong (%v), or the depth was %d", l, w.bad, w.most)
			}
			n := 0
			for _, c := range w.offs {
				n += c
			}
			if n != c.reads || len(r.Latencies) != n || r.Percentile(0) != time.Millisecond || r.Percentile(1) != time.Millisecond {
				t.Errorf("%v: %d reads, %d latencies from %v to %v; want %d of 1 ms", l, n, len(r.Latencies), r.Percentile(0), r.Percentile(1), c.reads)
			}
			if want := 1000 * float64(l.Depth); math.Abs(r.PerSecond-want) > 1e-6 || r.MBps != r.PerSecond*float64(l.Bytes)/1e6 {
				t.Errorf("%v: %v reads a second, %v MB/s; want %v", l, r.PerSecond, r.MBps, want)
			}
			if l.Random && len(w.offs) < 10 || !l.Random && w.offs[0] == 0 {
				t.Errorf("%v: places %v", l, w.offs)
			}
		})
	}
	if n := runtime.GOMAXPROCS(0); n != procs {
		t.Errorf("GOMAXPROCS is %d, not %d", n, procs)
	}
}

// TestSum puts the counts of two readers together, whose rates differ between
// the fifths of the time, and one of which waits for a last read after the other
// has stopped.
func TestSum(t *testing.T) {
	l := Load{Bytes: 1e6, For: 5 * time.Second}
	a := reader{latencies: []time.Duration{5, 1, 4}, counts: [fifths * longest]int{1, 0, 2, 0, 0, 9}, last: 8 * time.Second, stopped: 8 * time.Second}
	b := reader{latencies: []time.Duration{3, 2}, counts: [fifths * longest]int{1, 1, 0, 3, 1}, last: 5 * time.Second, stopped: 5 * time.Second}
	r, err := sum([]reader{a, b}, l, 8*time.Second, 2*time.Second)
	want := Result{PerSecond: 0.8, MBps: 0.8, Least: 1, Most: 3, Cores: 0.25, Latencies: []time.Duration{1, 2, 3, 4, 5}}
	if err != nil || !reflect.DeepEqual(r, want) {
		t.Errorf("%+v, %v; want %+v", r, err, want)
	}
}

// short is a file that ends.
type short struct{}

func (short) ReadAt(b []byte, off int64) (int, error) { return 1, io.EOF }

func TestRunErrors(t *testing.T) {
	good := Load{Size: 1 << 20, Bytes: 4096, Depth: 2, For: time.Second}
	if _, err := Run(t.Context(), short{}, good); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file that ends: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, short{}, good); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, change := range []func(*Load){
		func(l *Load) { l.Bytes = 100 }, func(l *Load) { l.Depth = 0 }, func(l *Load) { l.Size = 5 }, func(l *Load) { l.For = 0 },
	} {
		l := good
		change(&l)
		if _, err := Run(t.Context(), short{}, l); err == nil || !strings.Contains(err.Error(), "impossible") {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if (Result{}).Percentile(0.5) != 0 {
		t.Error("nothing has a median")
	}
}

func TestParseFIO(t *testing.T) {
	const report = `fio: a note
{"jobs": [{"error": 0, "usr_cpu": 5.5, "sys_cpu": 20, "read": {"iops": 18300.5, "bw_bytes": 74958848, "clat_ns": {"percentile": {"50.000000": 27000}}}}]}`
	r, err := parseFIO([]byte(report))
	if err != nil || r.PerSecond != 18300.5 || r.MBps != 74.958848 || r.Cores != 0.255 || r.Percentile(0.5) != 27*time.Microsecond {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range []string{"", "fio: no", `{"jobs": []}`, `{"jobs": [{"error": 5, "read": {"iops": 3}}]}`, `{"jobs": [{"read": {"iops": 0}}]}`, `{"jobs": 3}`} {
		if _, err := parseFIO([]byte(bad)); err == nil {
			t.Errorf("%q is no report", bad)
		}
	}
}

// TestFIO has the fio of this machine read a file, if there is one.
func TestFIO(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, make([]byte, 4<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := FindFIO(t.Context(), file)
	if err != nil {
		t.Skip(err)
	}
	r, err := f.Run(t.Context(), file, Load{Size: 4 << 20, Bytes: 16 << 10, Depth: 4, Random: true, For: 50 * time.Millisecond})
	if err != nil || r.PerSecond <= 0 || r.Percentile(0.5) <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
