package cold

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Open opens a file for reads that go past the page cache.
func Open(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_DIRECT, 0)
	if errors.Is(err, unix.EINVAL) {
		err = fmt.Errorf("%s: its file system has no O_DIRECT: %w", name, errors.ErrUnsupported)
	}
	return f, err
}

// tries is how often Evict drops a file before it gives up: pages that are on
// their way in, as those that are read ahead, stay for a moment.
const tries = 10

// Evict writes a file to its drive and drops it from the page cache. An error
// says that part of it is still there.
func Evict(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return err
	}
	left := 0
	for try := range tries {
		time.Sleep(time.Duration(try) * 5 * time.Millisecond)
		if err = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
			break
		}
		if left, err = resident(f, info.Size()); err != nil || left == 0 {
			break
		}
	}
	if err == nil && left > 0 {
		err = fmt.Errorf("%d of its %d pages stay in memory", left, pages(info.Size()))
	}
	if err != nil {
		return fmt.Errorf("%s: cannot be made cold: %w", name, err)
	}
	return nil
}

func pages(size int64) int64 { return (size + int64(os.Getpagesize()) - 1) / int64(os.Getpagesize()) }

// resident returns how many pages of a file are in the page cache. It asks
// mincore: cachestat needs Linux 6.5.
func resident(f *os.File, size int64) (n int, err error) {
	if size == 0 {
		return 0, nil
	}
	m, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return 0, err
	}
	defer unix.Munmap(m)
	in := make([]byte, pages(size))
	if err := mincore(m, in); err != nil {
		return 0, err
	}
	for _, b := range in {
		n += int(b & 1)
	}
	return n, nil
}
