//go:build !unix

package rounds

import (
	"time"

	"github.com/stokerdata/stoker/internal/cputime"
)

// cpuOfTree returns the CPU time of this process.
func cpuOfTree() time.Duration { return cputime.Now() }
