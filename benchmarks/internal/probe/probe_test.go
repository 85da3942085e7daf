package probe

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
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

func TestRun(t *testing.T) {
	procs := runtime.GOMAXPROCS(0)
	for _, l := range []Load{
		{Size: 10<<12 + 1, Bytes: 4096, Depth: 1, For: 60 * time.Millisecond},
		{Size: 10<<12 + 1, Bytes: 4096, Depth: 2, For: 10 * time.Millisecond, Reads: 30},
		{Size: 64 << 12, Bytes: 4 << 12, Depth: 7, Random: true, For: 60 * time.Millisecond, Blocking: true},
	} {
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
		if n < l.Reads || float64(n) > 1000*float64(l.Depth)*longest*l.For.Seconds()+float64(l.Depth) {
			t.Errorf("%v: %d reads", l, n)
		}
		if len(r.Latencies) != n || r.Percentile(0) < time.Millisecond || r.Percentile(0) > r.Percentile(1) || r.Least > r.PerSecond || r.Most < r.PerSecond/2 {
			t.Errorf("%v: %d reads, %d to %v, %.0f between %.0f and %.0f", l, n, r.Percentile(0), r.Percentile(1), r.PerSecond, r.Least, r.Most)
		}
		if mb := r.PerSecond * float64(l.Bytes) / 1e6; r.MBps != mb {
			t.Errorf("%v: %v MB/s, not %v", l, r.MBps, mb)
		}
		if l.Random && len(w.offs) < 10 || !l.Random && w.offs[0] == 0 {
			t.Errorf("%v: places %v", l, w.offs)
		}
	}
	if n := runtime.GOMAXPROCS(0); n != procs {
		t.Errorf("GOMAXPROCS is %d, not %d", n, procs)
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
