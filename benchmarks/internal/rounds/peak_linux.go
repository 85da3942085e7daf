package rounds

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// peakOfSelf watches the most memory that this process holds.
func peakOfSelf() func() int64 {
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // sets VmHWM back to VmRSS
	return func() int64 { return field("/proc/self/status", "VmHWM:") }
}

// peakOf watches the memory of a process and of all below it. A page that
// several of them share counts once.
func peakOf(pid int) func() int64 {
	stop, result := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		most := treeBytes(pid)
		for {
			select {
			case <-tick.C:
				most = max(most, treeBytes(pid))
			case <-stop:
				result <- max(most, treeBytes(pid))
				return
			}
		}
	}()
	return func() int64 { close(stop); return <-result }
}

// treeBytes returns the proportional set size of a process and all below it.
func treeBytes(pid int) int64 {
	dir := fmt.Sprintf("/proc/%d/", pid)
	sum := field(dir+"smaps_rollup", "Pss:")
	tasks, _ := os.ReadDir(dir + "task")
	for _, t := range tasks {
		list, _ := os.ReadFile(dir + "task/" + t.Name() + "/children")
		for id := range bytes.FieldsSeq(list) {
			if n, err := strconv.Atoi(string(id)); err == nil {
				sum += treeBytes(n)
			}
		}
	}
	return sum
}

// field returns a number of kB from a file of /proc, in bytes, or 0.
func field(file, name string) int64 {
	text, _ := os.ReadFile(file)
	for line := range bytes.Lines(text) {
		words := bytes.Fields(line)
		if len(words) >= 2 && string(words[0]) == name {
			n, _ := strconv.ParseInt(string(words[1]), 10, 64)
			return n << 10
		}
	}
	return 0
}
