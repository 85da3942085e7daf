package rounds

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of times in /proc, the same on all platforms that Go knows.
const tick = 10 * time.Millisecond

// others returns the CPU time that went to other programs than this one and those
// below it, or that the hypervisor kept, since the machine was started.
func others() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := bytes.Cut(text, []byte("\n"))
	words := bytes.Fields(line)
	if len(words) < 9 {
		return 0
	}
	busy := 0
	for _, i := range []int{1, 2, 3, 8} { // user, nice, system, steal
		busy += number(words[i])
	}
	for pid := range tree(os.Getpid()) {
		busy -= cpuTicks(pid)
	}
	return time.Duration(busy) * tick
}

// cpuTicks returns the CPU time of a process and of its children that it has
// waited for.
func cpuTicks(pid int) (sum int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	words := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // the name before it may hold anything
	if len(words) < 15 {
		return 0
	}
	for _, w := range words[11:15] { // utime, stime, cutime, cstime
		sum += number(w)
	}
	return sum
}

func number(text []byte) int {
	n, _ := strconv.Atoi(string(text))
	return n
}
