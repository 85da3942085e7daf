package drivesim

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Span is the size of every simulated drive. Only distances in relation to it
// matter.
const Span = 1 << 40

// A request is a read under way. Times are those of the virtual clock.
type request struct {
	off, n       int64
	arrive, done time.Duration
	settled      chan struct{} // gets one value when done is known
}

func newRequest() *request { return &request{settled: make(chan struct{}, 1)} }

func (r *request) settle(done time.Duration) {
	r.done = done
	r.settled <- struct{}{}
}

// earlier compares requests by when they are done; those of which it is not
// known yet come last.
func earlier(a, b *request) int {
	if a.done == 0 || b.done == 0 {
		return cmp.Compare(b.done, a.done)
	}
	return cmp.Compare(a.done, b.done)
}

// A device decides when requests are done. Its methods are called one at a time.
type device interface {
	// submit takes a request, at the time r.arrive.
	submit(r *request)
	// advance settles the requests that can be begun up to now. Whoever waits
	// for a request that is settled calls it when that one is done.
	advance(now time.Duration)
}

// flash is a solid-state drive.
type flash struct {
	perByte            float64 // ns on the bus
	access, perCommand time.Duration

	controller, bus time.Duration // when they are free
}

func (f *flash) submit(r *request) {
	start := max(r.arrive, f.controller)
	f.controller = start + f.perCommand
	f.bus = max(f.bus, start+f.access) + ns(float64(r.n)*f.perByte)
	r.settle(f.bus)
}

func (f *flash) advance(time.Duration) {}

// ahead is how far behind the last read a read may begin and still be one that
// the heads reach without leaving their track for long.
const ahead = 2 << 20

// disk is a hard disk.
type disk struct {
	perByte             float64 // ns under the heads
	turn, nearest, mean time.Duration
	queue               int

	waiting []*request // by arrival
	head    int64      // place behind the last read
	free    time.Duration
}

func (d *disk) submit(r *request) {
	d.waiting = append(d.waiting, r)
	d.advance(r.arrive)
}

func (d *disk) advance(now time.Duration) {
	for len(d.waiting) > 0 && d.free <= now {
		start := max(d.free, d.waiting[0].arrive)
		best, least := 0, time.Duration(math.MaxInt64)
		for i, r := range d.waiting[:min(len(d.waiting), d.queue)] {
			if a := d.reach(r.off, start); r.arrive <= start && a < least {
				best, least = i, a
			}
		}
		r := d.waiting[best]
		d.waiting = slices.Delete(d.waiting, best, best+1)
		d.free = start + least + ns(float64(r.n)*d.perByte)
		d.head = r.off + r.n
		r.settle(d.free)
	}
}

// reach returns how long the heads take to a place, from a time on.
func (d *disk) reach(off int64, from time.Duration) time.Duration {
	if gap := off - d.head; gap >= 0 && gap < ahead {
		return ns(float64(gap) * d.perByte) // it is read ahead
	}
	// The mean of the root of the distance of two random places is 8/15.
	distance := math.Abs(float64(off-d.head)) / Span
	seek := float64(d.nearest) + float64(d.mean-d.nearest)/(8.0/15)*math.Sqrt(distance)
	turn := float64(d.turn)
	track := turn / d.perByte // bytes
	is := math.Mod(float64(from)+seek, turn) / turn
	wanted := math.Mod(float64(off), track) / track
	wait := wanted - is
	if wait < 0 {
		wait++
	}
	return ns(seek + wait*turn)
}
