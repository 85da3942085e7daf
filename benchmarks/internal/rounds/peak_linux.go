package rounds

import (
	"bytes"
	"fmt"
	"iter"
	"os"
	"strconv"
	"time"
)

// PeakOfSelf begins to watch the memory of this process. What it returns tells the most
// bytes that it held since, 0 if that cannot be known here.
func PeakOfSelf() func() int64 {
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
func treeBytes(pid int) (sum int64) {
	for id := range tree(pid) {
		sum += field(fmt.Sprintf("/proc/%d/smaps_rollup", id), "Pss:")
	}
	return sum
}

// tree returns a process and all below it.
func tree(pid int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for list := []int{pid}; len(list) > 0; {
			pid, list = list[0], list[1:]
			if !yield(pid) {
				return
			}
			dir := fmt.Sprintf("/proc/%d/task", pid)
			tasks, _ := os.ReadDir(dir)
			for _, t := range tasks {
				children, _ := os.ReadFile(fmt.Sprintf("%s/%s/children", dir, t.Name()))
				for id := range bytes.FieldsSeq(children) {
					list = append(list, number(id))
				}
			}
		}
	}
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
