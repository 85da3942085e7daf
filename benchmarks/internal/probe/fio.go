package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/cold"
)

// FIO is the fio of this machine.
type FIO struct {
	path    string
	Version string
	Engine  string // that fio reads with
}

// engines lists fio's ways to read, the best first.
var engines = []string{"io_uring", "libaio", "psync"}

// FindFIO looks for fio and for an engine of it that reads a file here, past the
// page cache.
func FindFIO(ctx context.Context, file string) (*FIO, error) {
	path, err := exec.LookPath("fio")
	if err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("fio: %w", err)
	}
	f := &FIO{path: path, Version: strings.TrimSpace(string(version))}
	for _, f.Engine = range engines {
		if _, err = f.Run(ctx, file, Load{Size: 1 << 20, Bytes: 4096, Depth: 1, For: 10 * time.Millisecond}); err == nil {
			return f, nil
		}
	}
	return nil, err
}

// Run has fio do a load on a file. It gives the rate, the share of a core and the
// median latency.
func (f *FIO) Run(ctx context.Context, file string, l Load) (Result, error) {
	pattern, start := "read", l.Start-l.Start%int64(l.Bytes)
	if l.Random {
		pattern, start = "randread", 0
	}
	args := []string{"--name=load", "--filename=" + file, "--readonly", "--direct=1", "--ioengine=" + f.Engine, "--rw=" + pattern,
		fmt.Sprintf("--bs=%d", l.Bytes), fmt.Sprintf("--blockalign=%d", cold.Align), fmt.Sprintf("--offset=%d", start), fmt.Sprintf("--size=%d", l.Size-start), fmt.Sprintf("--iodepth=%d", l.Depth),
		fmt.Sprintf("--runtime=%dms", max(1, l.For.Milliseconds())), "--time_based", fmt.Sprintf("--randseed=%d", l.Seed+1), "--output-format=json"}
	if f.Engine == "psync" && l.Depth > 1 {
		args = append(args, fmt.Sprintf("--numjobs=%d", l.Depth), "--thread", "--group_reporting")
	}
	var stderr bytes.Buffer
	c := exec.CommandContext(ctx, f.path, args...)
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return Result{}, fmt.Errorf("fio with %s: %w: %s", f.Engine, err, strings.TrimSpace(stderr.String()))
	}
	return parseFIO(out)
}

// parseFIO reads the report of a run.
func parseFIO(report []byte) (Result, error) {
	var r struct {
		Jobs []struct {
			Error int
			Read  struct {
				IOPS    float64
				BWBytes float64 `json:"bw_bytes"`
				CLat    struct {
					Percentile map[string]float64
				} `json:"clat_ns"`
			}
			User float64 `json:"usr_cpu"`
			Sys  float64 `json:"sys_cpu"`
		}
	}
	start := bytes.IndexByte(report, '{') // behind notes
	if start < 0 {
		return Result{}, errors.New("fio: no report")
	}
	if err := json.Unmarshal(report[start:], &r); err != nil {
		return Result{}, fmt.Errorf("fio: %w", err)
	}
	if len(r.Jobs) != 1 || r.Jobs[0].Error != 0 || r.Jobs[0].Read.IOPS <= 0 {
		return Result{}, fmt.Errorf("fio: nothing was read: %d jobs", len(r.Jobs))
	}
	j := r.Jobs[0]
	median := time.Duration(j.Read.CLat.Percentile["50.000000"])
	return Result{PerSecond: j.Read.IOPS, MBps: j.Read.BWBytes / 1e6, Least: j.Read.IOPS, Most: j.Read.IOPS,
		Cores: (j.User + j.Sys) / 100, Latencies: []time.Duration{median}}, nil
}
