//go:build !linux

package cold

import (
	"errors"
	"fmt"
	"os"
)

// Open opens a file for reads that go past the page cache: here, an error.
func Open(name string) (*os.File, error) {
	return nil, fmt.Errorf("%s: direct reads are for Linux alone: %w", name, errors.ErrUnsupported)
}

// Evict writes a file to its drive and drops it from the page cache: here, an
// error.
func Evict(name string) error {
	return fmt.Errorf("%s: cannot be made cold on this system: %w", name, errors.ErrUnsupported)
}
