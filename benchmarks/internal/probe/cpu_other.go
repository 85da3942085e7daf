//go:build !unix

package probe

import "time"

// cpuTime returns 0, as there is no CPU time to be had here.
func cpuTime() time.Duration { return 0 }
