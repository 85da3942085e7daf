package throttle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// hierarchy is a mounted tree of control groups that can limit reads.
type hierarchy struct {
	root string // where it is mounted
	own  string // the group of this process, below root
	v2   bool
}

// Reads limits what this process reads from the disk with a device number
// (major:minor, of the whole disk), until undo is called.
func Reads(device string, bytesPerSecond int64) (undo func() error, err error) {
	if device == "" || bytesPerSecond < 1 {
		return nil, fmt.Errorf("throttle: no limit of %d bytes a second for the disk %q", bytesPerSecond, device)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("throttle: needs the control groups of Linux: %w", err)
	}
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("throttle: needs the control groups of Linux: %w", err)
	}
	h, err := find(string(mounts), string(groups))
	if err != nil {
		return nil, fmt.Errorf("throttle: %w", err)
	}
	group, err := h.enter(device, bytesPerSecond)
	if err != nil {
		return nil, fmt.Errorf("throttle: %w", errors.Join(err, h.leave(group)))
	}
	return func() error { return h.leave(group) }, nil
}

// find looks for the hierarchy that limits reads, given the text of mountinfo
// and of the cgroup file of this process.
func find(mounts, groups string) (h hierarchy, err error) {
	for line := range strings.Lines(mounts) {
		before, after, _ := strings.Cut(line, " - ")
		b, a := strings.Fields(before), strings.Fields(after)
		if len(b) < 5 || len(a) < 3 {
			continue
		}
		switch {
		case a[0] == "cgroup" && slices.Contains(strings.Split(a[2], ","), "blkio"):
			h = hierarchy{root: b[4]}
		case a[0] == "cgroup2" && has(b[4]+"/cgroup.controllers", "io"):
			h = hierarchy{root: b[4], v2: true}
		}
	}
	if h.root == "" {
		return h, errors.New("no control groups for I/O are mounted")
	}
	for line := range strings.Lines(groups) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) == 3 && (h.v2 && part[1] == "" || !h.v2 && slices.Contains(strings.Split(part[1], ","), "blkio")) {
			h.own = part[2]
		}
	}
	if h.own == "" {
		return h, errors.New("the group of this process is not known")
	}
	return h, nil
}

// has reports whether a word stands in a file.
func has(file, word string) bool {
	text, _ := os.ReadFile(file)
	return slices.Contains(strings.Fields(string(text)), word)
}

// enter makes a group beside that of this process, sets its limit and moves in.
// It returns the group even with an error, if there is one to be left.
func (h hierarchy) enter(device string, bytesPerSecond int64) (group string, err error) {
	parent := filepath.Join(h.root, filepath.Dir(h.own)) // groups of version 2 have processes or groups in them
	if h.v2 && !has(parent+"/cgroup.subtree_control", "io") {
		if err := set(parent+"/cgroup.subtree_control", "+io"); err != nil {
			return "", err
		}
	}
	group = filepath.Join(parent, fmt.Sprintf("stoker-benchmarks-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		return "", err
	}
	limit, value := "blkio.throttle.read_bps_device", fmt.Sprintf("%s %d", device, bytesPerSecond)
	if h.v2 {
		limit, value = "io.max", fmt.Sprintf("%s rbps=%d", device, bytesPerSecond)
	}
	if err := set(filepath.Join(group, limit), value); err != nil {
		return group, err
	}
	return group, set(filepath.Join(group, "cgroup.procs"), fmt.Sprint(os.Getpid()))
}

// leave moves this process back and removes a group.
func (h hierarchy) leave(group string) error {
	if group == "" {
		return nil
	}
	back := set(filepath.Join(h.root, h.own, "cgroup.procs"), fmt.Sprint(os.Getpid()))
	var err error
	for range 50 {
		if err = os.Remove(group); !errors.Is(err, syscall.EBUSY) {
			break
		}
		time.Sleep(10 * time.Millisecond) // a child is still on its way out
	}
	return errors.Join(back, err)
}

// set writes a value to a file of the kernel's, which must be there.
func set(file, value string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}
