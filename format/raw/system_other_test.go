//go:build !unix

package raw_test

import (
	"errors"
	"os"
)

func mkfifo(string) error { return errors.ErrUnsupported }

// readIdeal fills buf from a file.
func readIdeal(path string, buf []byte) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.ReadAt(buf, 0)
	return err
}
