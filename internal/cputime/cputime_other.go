//go:build !unix

package cputime

import "time"

var start = time.Now()

// Now returns the time since the process started, for want of its CPU time.
func Now() time.Duration { return time.Since(start) }
