package drivesim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// A Profile is the figures of a drive, as data sheets and reviews publish them.
type Profile struct {
	Name   string  `json:"name"`
	Source string  `json:"source"` // of the figures
	MBps   float64 `json:"mbps"`   // sequential, 1e6 bytes a second

	// Of a solid-state drive.
	AccessUs float64 `json:"access_us,omitempty"` // of one read of 4 KiB alone
	IOPS     float64 `json:"iops,omitempty"`      // commands a second at any depth

	// Of a hard disk, which has an RPM.
	RPM            float64 `json:"rpm,omitempty"`
	SeekMs         float64 `json:"seek_ms,omitempty"`           // mean over random places
	TrackToTrackMs float64 `json:"track_to_track_ms,omitempty"` // the shortest one
	Queue          int     `json:"queue,omitempty"`             // commands that it chooses from
}

// builtin lists the profiles that have a short name.
var builtin = []struct {
	name string
	Profile
}{
	{"hdd", Profile{Name: "SATA hard disk, 7200 rpm", Source: "HGST 7K4000 and Seagate Exos manuals: 8.5 ms seek, 4.17 ms rotation; a mean of 215 MB/s between the outer and the inner tracks",
		MBps: 215, RPM: 7200, SeekMs: 8.5, TrackToTrackMs: 0.8, Queue: 32}},
	{"sata", Profile{Name: "SATA SSD", Source: "Samsung 870 EVO: 560 MB/s, 13,000 and 98,000 IOPS at depths of 1 and 32",
		MBps: 560, AccessUs: 77, IOPS: 98e3}},
	{"nvme3", Profile{Name: "NVMe SSD, PCIe 3", Source: "Samsung 970 EVO Plus: 3,500 MB/s, 19,000 IOPS at a depth of 1, 600,000 at most",
		MBps: 3500, AccessUs: 53, IOPS: 600e3}},
	{"nvme4", Profile{Name: "NVMe SSD, PCIe 4", Source: "Samsung 980 PRO: 7,000 MB/s, 1,000,000 IOPS; its access time is an assumption",
		MBps: 7000, AccessUs: 45, IOPS: 1e6}},
	{"nvme5", Profile{Name: "NVMe SSD, PCIe 5", Source: "Samsung 9100 PRO: 14,700 MB/s, 1,850,000 IOPS; its access time is an assumption",
		MBps: 14700, AccessUs: 45, IOPS: 1.85e6}},
}

// Names returns the names of the profiles that come with the package.
func Names() (names []string) {
	for _, b := range builtin {
		names = append(names, b.name)
	}
	return names
}

// Find returns the profile with a name of [Names], or the one in a file whose
// name ends in .json: an object with the fields of Profile.
func Find(name string) (Profile, error) {
	for _, b := range builtin {
		if b.name == name {
			return b.Profile, nil
		}
	}
	if !strings.HasSuffix(name, ".json") {
		return Profile{}, fmt.Errorf("no model %q: there are %s, and files that end in .json", name, strings.Join(Names(), ", "))
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return Profile{}, err
	}
	p, err := parse(text)
	if err != nil {
		return Profile{}, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

func parse(text []byte) (p Profile, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields() // a misspelt field would be a figure that is not simulated
	if err := d.Decode(&p); err != nil {
		return p, err
	}
	return p, p.check()
}

// check returns an error for figures that no drive has. The bounds keep all
// times within what a Duration holds.
func (p Profile) check() error {
	within := func(x, lo, hi float64) bool { return x >= lo && x <= hi }
	ssd := within(p.AccessUs, 1, 1e6) && within(p.IOPS, 1, 1e8) && p.SeekMs == 0 && p.TrackToTrackMs == 0 && p.Queue == 0
	hdd := within(p.RPM, 100, 1e5) && within(p.SeekMs, p.TrackToTrackMs, 1e3) && within(p.TrackToTrackMs, 0, 1e3) &&
		p.Queue >= 1 && p.Queue <= 1024 && p.AccessUs == 0 && p.IOPS == 0
	switch {
	case strings.TrimSpace(p.Name) == "":
		return fmt.Errorf("a profile needs a name")
	case !within(p.MBps, 1, 1e6):
		return fmt.Errorf("%q: mbps is %v, not 1 to 1e6", p.Name, p.MBps)
	case p.RPM == 0 && !ssd:
		return fmt.Errorf("%q: without rpm it needs access_us (1 to 1e6) and iops (1 to 1e8), and nothing of a hard disk", p.Name)
	case p.RPM != 0 && !hdd:
		return fmt.Errorf("%q: with rpm (100 to 1e5) it needs seek_ms, track_to_track_ms (0 to seek_ms) and queue (1 to 1024), and nothing of a solid-state drive", p.Name)
	}
	return nil
}

// device returns the hardware of p.
func (p Profile) device() device {
	perByte := 1e9 / (p.MBps * 1e6)
	if p.RPM == 0 {
		access := p.AccessUs*1e3 - smallBytes*perByte
		return &flash{perByte: perByte, access: ns(max(0, access)), perCommand: ns(1e9 / p.IOPS)}
	}
	return &disk{perByte: perByte, turn: ns(60e9 / p.RPM), nearest: ns(p.TrackToTrackMs * 1e6), mean: ns(p.SeekMs * 1e6), queue: p.Queue}
}

// smallBytes is the size of the reads that access times are given for.
const smallBytes = 4096

// ns returns a number of nanoseconds as a Duration.
func ns(x float64) time.Duration { return time.Duration(x) }

// An Expectation is what a profile gives without a machine around it.
type Expectation struct {
	PerSecond float64 // reads
	MBps      float64
	Latencies []time.Duration // sorted
}

// Expect runs n reads in virtual time: depth of them are under way at any time,
// each of so many bytes at the place that next returns.
func (p Profile) Expect(n, depth, size int, next func() int64) Expectation {
	d := p.device()
	under := make([]*request, depth)
	for i := range under {
		under[i] = newRequest()
		under[i].off, under[i].n = next(), int64(size)
		d.submit(under[i])
	}
	var e Expectation
	now := time.Duration(0)
	for range n {
		d.advance(now)
		r := slices.MinFunc(under, earlier)
		<-r.settled
		now = r.done
		e.Latencies = append(e.Latencies, now-r.arrive)
		d.advance(now)
		r.off, r.arrive, r.done = next(), now, 0
		d.submit(r)
	}
	e.PerSecond = float64(n) / now.Seconds()
	e.MBps = e.PerSecond * float64(size) / 1e6
	slices.Sort(e.Latencies)
	return e
}
