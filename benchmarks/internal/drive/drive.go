package drive

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/disk"
	"github.com/stokerdata/stoker/benchmarks/internal/drivesim"
	"github.com/stokerdata/stoker/benchmarks/internal/throttle"
	"github.com/stokerdata/stoker/shard"
)

// A Mode says how a figure came about. The zero Mode is of nothing measured.
type Mode struct{ name string }

var (
	modeReal      = Mode{"real"}
	modeThrottled = Mode{"throttled"}
	modeSimulated = Mode{"simulated"}
	modeMemory    = Mode{"memory"}
)

// String returns the word for m.
func (m Mode) String() string {
	if m.name == "" {
		return "not measured"
	}
	return m.name
}

// MarshalText implements encoding.TextMarshaler.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// A Drive is what files lie on, or seem to.
type Drive struct {
	mode     Mode
	name     string // without the mode
	disk     disk.Disk
	claimed  string
	profile  drivesim.Profile
	limit    float64 // bytes a second of a throttled drive
	sim      *drivesim.Drive
	dir      string // a folder of our own on the drive, removed by Close
	undo     func() error
	warnings []string
}

// A Place is a folder on a real drive, and what its owner says that drive is.
type Place struct {
	Dir  string
	Kind string // "" if nobody says anything
}

// Real returns the drive that a folder lies on.
func Real(p Place) (*Drive, error) {
	on, err := disk.Of(p.Dir)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(p.Dir)
	if err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, ".stoker-benchmarks-"); err != nil {
		return nil, err
	}
	d := &Drive{mode: modeReal, disk: on, claimed: p.Kind, dir: dir}
	d.name = fmt.Sprintf("%s, %s", strings.TrimSpace(on.Model+" "+on.Name), on.Kind)
	if p.Kind != "" {
		d.name += fmt.Sprintf(", claimed: %s", p.Kind)
	}
	return d, nil
}

// limits lists the rates of drives that a faster one can be held to.
var limits = map[string]string{"hdd": "hdd", "sata-ssd": "sata"}

// Limit returns the bytes a second that a name of -throttle means: hdd,
// sata-ssd, or a number.
func Limit(name string) (float64, error) {
	if model, ok := limits[name]; ok {
		p, err := drivesim.Find(model)
		return p.MBps * 1e6, err
	}
	bps, err := strconv.ParseFloat(name, 64)
	if err != nil || bps < 1e5 || bps > 1e12 {
		return 0, fmt.Errorf("a throttle is hdd, sata-ssd, or bytes a second (1e5 to 1e12), not %q", name)
	}
	return bps, nil
}

// Throttled returns the drive that a folder lies on, from which this process
// reads no more than so many bytes a second until Close.
func Throttled(p Place, bytesPerSecond float64) (*Drive, error) {
	d, err := Real(p)
	if err != nil {
		return nil, err
	}
	d.mode, d.limit = modeThrottled, bytesPerSecond
	d.name = fmt.Sprintf("%s, held to %.0f MB/s", d.name, bytesPerSecond/1e6)
	if d.undo, err = throttle.Reads(d.disk.Number, int64(bytesPerSecond)); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Simulated returns a drive that this machine does not have: a name or file of
// [drivesim.Find].
func Simulated(model string) (*Drive, error) {
	p, err := drivesim.Find(model)
	if err != nil {
		return nil, err
	}
	return &Drive{mode: modeSimulated, name: p.Name, profile: p, sim: drivesim.New(p)}, nil
}

// Memory returns what no drive is faster than: files in memory.
func Memory() *Drive { return &Drive{mode: modeMemory, name: "files in memory"} }

// Close removes what was written to the drive, and takes its limit away.
func (d *Drive) Close() (err error) {
	if d.undo != nil {
		err = d.undo()
		d.undo = nil
	}
	if d.dir != "" {
		err = errors.Join(err, os.RemoveAll(d.dir))
	}
	return err
}

// Mode returns how the figures of d come about.
func (d *Drive) Mode() Mode { return d.mode }

// Name returns the name of d, in which its mode stands.
func (d *Drive) Name() string {
	if d.mode == modeSimulated {
		return d.name + " (simulated drive)"
	}
	return d.name + " (" + d.mode.String() + ")"
}

// Shares reports whether two drives are one, or parts of one.
func (d *Drive) Shares(e *Drive) bool { return d.disk.Shares(e.disk) }

// Facts is what is known of a drive.
type Facts struct {
	Mode     Mode              `json:"mode"`
	Name     string            `json:"name"`
	Disk     *disk.Disk        `json:"disk,omitempty"`
	Claimed  string            `json:"claimed,omitempty"` // by the owner
	Profile  *drivesim.Profile `json:"profile,omitempty"`
	LimitBps float64           `json:"limit_bytes_per_second,omitempty"`
	Reads    *drivesim.Stats   `json:"reads,omitempty"` // from a simulated drive, so far
	Warnings []string          `json:"warnings,omitempty"`
}

// Facts returns what is known of d by now.
func (d *Drive) Facts() Facts {
	f := Facts{Mode: d.mode, Name: d.Name(), Claimed: d.claimed, LimitBps: d.limit, Warnings: d.warnings}
	switch d.mode {
	case modeReal, modeThrottled:
		f.Disk = &d.disk
	case modeSimulated:
		f.Profile = &d.profile
		s := d.sim.Stats()
		f.Reads = &s
	}
	return f
}

// mostLate is the part of late reads above which a figure of a simulated drive
// is one of this machine, and refused.
const mostLate = 0.05

// Refused returns why no figure of d may be shown, "" if they may.
func (d *Drive) Refused() string {
	if d.sim != nil && d.sim.Stats().LateShare() > mostLate {
		return tooSlow(d.sim.Stats())
	}
	return ""
}

// tooSlow says why a figure is refused.
func tooSlow(s drivesim.Stats) string {
	return fmt.Sprintf("this machine is too slow to simulate it: %v", s)
}

// simStats returns the counters of a simulated drive, zero for others.
func (d *Drive) simStats() drivesim.Stats {
	if d.sim == nil {
		return drivesim.Stats{}
	}
	return d.sim.Stats()
}

// memoryFS is files that were read to memory.
type memoryFS map[string]*memoryFile

type memoryFile struct {
	data    []byte
	modTime time.Time
}

// newMemoryFS reads files to memory.
func newMemoryFS(paths []string) (memoryFS, error) {
	all := memoryFS{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		all[p] = &memoryFile{data, info.ModTime()}
	}
	return all, nil
}

// Open implements shard.FS.
func (m memoryFS) Open(name string) (shard.Handle, error) {
	if f := m[name]; f != nil {
		return f, nil
	}
	return nil, os.ErrNotExist
}

func (f *memoryFile) ReadAt(b []byte, off int64) (int, error) {
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	return copy(b, f.data[off:]), nil
}

func (f *memoryFile) Stat() (int64, time.Time, error) { return int64(len(f.data)), f.modTime, nil }
func (f *memoryFile) Close() error                    { return nil }
