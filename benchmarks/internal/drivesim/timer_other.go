//go:build !linux

package drivesim

import "time"

// coarse is how much longer than asked for time.Sleep takes at most, more or less.
const coarse = 1500 * time.Microsecond

// nap sleeps for about so long, and not at all where that would be too long.
func nap(d time.Duration) {
	if d > 2*coarse {
		time.Sleep(d - coarse)
	}
}
