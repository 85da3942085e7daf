package shard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// A Series writes the shards of a dataset, one after the other, whose number is
// known only at the end. They appear under their names together, when all are
// complete. Until then they lie in a hidden folder beside them, which [Find]
// skips. It is for one goroutine at a time.
//
//	s := shard.Series{Path: "out/train.tar"}
//	defer s.Abort() // does nothing after Commit
//	...
//	w, err := s.Next()
//	... // writes the first shard
//	err = w.Commit() // it is complete, and has no name yet
//	...
//	paths, err := s.Commit() // out/train-00000-of-00016.tar, ...
type Series struct {
	// Path is that of the dataset, from which [Names] makes those of the shards.
	Path string
	// Single says that there is one shard, called Path.
	Single bool

	temp string // hidden folder, empty when there is none
	open *Writer
	n    int   // shards begun
	err  error // what Next and Commit return from now on
}

var (
	errAborted    = errors.New("a shard was aborted")
	errIncomplete = errors.New("a shard is not complete")
)

// Next begins another shard; the one before must be committed.
func (s *Series) Next() (*Writer, error) {
	f, err := s.next()
	if err != nil {
		return nil, fmt.Errorf("shard: create %s: %w", s.Path, err)
	}
	s.n++
	s.open = &Writer{f: f, path: s.Path, series: s}
	return s.open, nil
}

func (s *Series) next() (f *os.File, err error) {
	switch {
	case s.err != nil:
		return nil, s.err
	case s.open != nil:
		return nil, errIncomplete
	case s.Single && s.n > 0:
		return nil, errors.New("a second shard of a single one")
	}
	if s.temp == "" {
		if s.temp, err = hide(s.Path); err != nil {
			return nil, err
		}
	}
	return createIn(s.temp, s.n)
}

// ended notes that the shard at hand is complete, or why it is not.
func (s *Series) ended(err error) error {
	s.open = nil
	if err != nil {
		s.err = fmt.Errorf("shard: commit %s: %w", s.Path, err)
	}
	return s.err
}

// Commit gives the shards their names, brings those to the disk and returns
// them. Files that have the names already are replaced. When it returns an error,
// none of the shards is left, and of the files that they were to replace some
// may be missing.
func (s *Series) Commit() ([]string, error) {
	names, err := s.publish()
	if err = errors.Join(err, s.Abort()); err != nil {
		return nil, fmt.Errorf("shard: commit %s: %w", s.Path, err)
	}
	return names, nil
}

func (s *Series) publish() (names []string, err error) {
	switch {
	case s.err != nil:
		return nil, s.err
	case s.open != nil:
		return nil, errIncomplete
	}
	names = Names(s.Path, s.n)
	if s.Single {
		names = []string{s.Path}[:s.n]
	}
	for i, name := range names {
		if err = os.Rename(filepath.Join(s.temp, strconv.Itoa(i)), name); err != nil {
			return nil, errors.Join(err, removeAll(names[:i]))
		}
	}
	if err := SyncDir(filepath.Dir(s.Path)); err != nil {
		return nil, errors.Join(err, removeAll(names))
	}
	return names, nil
}

func removeAll(names []string) (err error) {
	for _, name := range names {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// Abort removes what has no name yet. After Commit or Abort it does nothing.
func (s *Series) Abort() (err error) {
	if s.open != nil {
		err = s.open.Abort()
	}
	if s.temp != "" {
		err = errors.Join(err, os.RemoveAll(s.temp))
		s.temp = ""
	}
	s.err = fs.ErrClosed
	return err
}
