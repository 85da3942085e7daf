package throttle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/cold"
	"github.com/stokerdata/stoker/benchmarks/internal/disk"
	"github.com/stokerdata/stoker/benchmarks/internal/probe"
)

// TestReads limits this process where it may, and looks how fast it reads.
func TestReads(t *testing.T) {
	dir := t.TempDir()
	d, err := disk.Of(dir)
	if err != nil || d.Number == "" {
		t.Skipf("on no disk: %v", err)
	}
	const size, limit = 64 << 20, 20e6
	name := filepath.Join(dir, "file")
	if err := os.WriteFile(name, make([]byte, size), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := cold.Evict(name); err != nil {
		t.Skip(err)
	}
	f, err := cold.Open(name)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	rate := func() float64 {
		r, err := probe.Run(t.Context(), f, probe.Load{Size: size, Bytes: 256 << 10, Depth: 2, For: 400 * time.Millisecond, Blocking: true})
		if err != nil {
			t.Fatal(err)
		}
		return r.MBps
	}
	groups := func() string {
		text, err := os.ReadFile("/proc/self/cgroup")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before, was := rate(), groups()
	undo, err := Reads(d.Number, limit)
	if err != nil {
		t.Skip(err)
	}
	if !strings.Contains(groups(), "stoker-benchmarks-") {
		t.Error("this process is in no group of its own")
	}
	limited := rate()
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	if before > 2*limit/1e6 && limited > 2*limit/1e6 {
		t.Errorf("%.0f MB/s without a limit, %.0f with one of %.0f", before, limited, limit/1e6)
	}
	if is := groups(); is != was {
		t.Errorf("groups are %q, were %q", is, was)
	}
}

func TestFind(t *testing.T) {
	v2 := t.TempDir()
	if err := os.WriteFile(v2+"/cgroup.controllers", []byte("cpuset cpu io memory\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	const v1 = "32 29 0:28 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
	for _, c := range []struct {
		mounts, groups string
		want           hierarchy
		err            string
	}{
		{"30 29 0:26 / " + v2 + " rw - cgroup2 cgroup2 rw\n", "0::/user/shell\n", hierarchy{v2, "/user/shell", true}, ""},
		{v1 + "33 29 0:29 / /none rw - cgroup2 cgroup2 rw\n", "7:cpu,blkio:/job\n0::/\n", hierarchy{"/sys/fs/cgroup/blkio", "/job", false}, ""},
		{"33 29 0:29 / /none rw - cgroup2 cgroup2 rw\nshort\n", "0::/\n", hierarchy{}, "no control groups"},
		{v1, "0::/\n", hierarchy{}, "not known"},
	} {
		got, err := find(c.mounts, c.groups)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q, %q: %+v, %v", c.mounts, c.groups, got, err)
		}
	}
	if _, err := Reads("", 5); err == nil {
		t.Error("no disk can be limited")
	}
}
