package shard

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/stokerdata/stoker/shard/internal/sysio"
)

const (
	maxLineBytes = 64 << 10 // of a list: 16 times the longest path of Linux
	maxListBytes = 4 << 30  // of a list, unpacked
)

// list returns the files that a list file names.
func (l *lister) list(name string) (set Set, err error) {
	info, err := l.tree.stat(name)
	if err == nil {
		err = sysio.CheckRegular(info.Mode()) // before the open: a FIFO blocks there
	}
	if err != nil {
		return nil, err
	}
	f, err := l.tree.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, r, err := Unpack(name, f, maxListBytes)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	err = parseList(r, func(path string) error {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(name), path)
		}
		info, err := l.tree.stat(filepath.Clean(path))
		if err != nil {
			return err
		}
		file, err := l.file(filepath.Clean(path), info)
		set = append(set, file)
		return err
	})
	return set, err
}

// parseList calls add with each path of a list. Errors name the line.
func parseList(r io.Reader, add func(path string) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLineBytes)
	line, n := 0, 0
	for s.Scan() {
		line++
		text := s.Text()
		if line == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		if n++; n > maxFiles {
			return fmt.Errorf("line %d: more than %d files", line, maxFiles)
		}
		if strings.ContainsRune(text, 0) {
			return fmt.Errorf("line %d: path holds a zero byte", line)
		}
		if err := add(text); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("line %d: %w", line+1, err)
	}
	return nil
}
