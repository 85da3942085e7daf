package disk

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Of returns the drive that a file or folder lies on.
func Of(name string) (Disk, error) {
	abs, err := filepath.Abs(name)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return Disk{}, err
	}
	var st unix.Stat_t
	if err := unix.Stat(abs, &st); err != nil {
		return Disk{}, &os.PathError{Op: "stat", Path: abs, Err: err}
	}
	d, err := find(os.DirFS("/sys"), unix.Major(st.Dev), unix.Minor(st.Dev))
	if err != nil {
		return Disk{}, err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	d.FileSystem = fileSystem(string(mounts), abs)
	return d, err
}
