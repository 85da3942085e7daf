//go:build !linux

package disk

import (
	"errors"
	"fmt"
)

// Of returns the drive that a file or folder lies on: here, an error.
func Of(name string) (Disk, error) {
	return Disk{}, fmt.Errorf("disk: what %s lies on is told by Linux alone: %w", name, errors.ErrUnsupported)
}
