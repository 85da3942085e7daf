//go:build unix

package rounds

import (
	"syscall"
	"time"
)

// cpuOfTree returns the CPU time of this process and of those children that it
// has waited for.
func cpuOfTree() (sum time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if syscall.Getrusage(who, &r) == nil {
			sum += time.Duration(r.Utime.Nano() + r.Stime.Nano())
		}
	}
	return sum
}
