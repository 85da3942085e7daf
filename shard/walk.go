package shard

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxElems = 63  // elements of a glob: the positions of one walk fit a word
	maxDepth = 255 // directories below each other
)

// A walker matches the files below a directory against the elements of a glob.
// It goes once through every directory that can hold a match: the positions in
// elems that the path so far may have reached are one set of bits.
type walker struct {
	*lister
	elems []string
	skip  func(elem, name string) bool
	ext   []string
	found Set
}

func (l *lister) walk(dir string, elems []string, skip func(elem, name string) bool, ext []string) (Set, error) {
	w := &walker{lister: l, elems: elems, skip: skip, ext: ext}
	if err := w.dir(dir, w.closure(1), nil); err != nil {
		return nil, err
	}
	slices.SortFunc(w.found, func(a, b File) int {
		return cmp.Compare(filepath.ToSlash(a.Path), filepath.ToSlash(b.Path))
	})
	return w.found, nil
}

// dir lists one directory whose path has reached the positions at.
func (w *walker) dir(dir string, at uint64, above []fs.FileInfo) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	entries, err := w.tree.readDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		to := w.step(at, e.Name())
		if to == 0 {
			continue
		}
		if err := w.entry(filepath.Join(dir, e.Name()), e, to, above); err != nil {
			return err
		}
	}
	return nil
}

// entry takes a file, or goes down a directory, that has reached positions at.
func (w *walker) entry(name string, e fs.DirEntry, at uint64, above []fs.FileInfo) error {
	whole := at&(1<<len(w.elems)) != 0
	if !e.IsDir() && e.Type()&fs.ModeSymlink == 0 && !(whole && w.wanted(name)) {
		return nil
	}
	info, err := w.tree.stat(name)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return w.descend(name, info, at, above)
	case !whole || !w.wanted(name):
		return nil
	}
	f, err := w.file(name, info)
	if err != nil {
		return err
	}
	if len(w.found) == maxFiles {
		return fmt.Errorf("more than %d files", maxFiles)
	}
	w.found = append(w.found, f)
	return nil
}

func (w *walker) descend(name string, info fs.FileInfo, at uint64, above []fs.FileInfo) error {
	if len(above) == maxDepth {
		return fmt.Errorf("%s: more than %d directories deep", name, maxDepth)
	}
	for _, a := range above {
		if os.SameFile(a, info) {
			return fmt.Errorf("%s: symbolic link to a directory above it", name)
		}
	}
	return w.dir(name, at, append(above, info))
}

// closure adds the positions reached by letting "**" stand for no directory.
func (w *walker) closure(at uint64) uint64 {
	for i, e := range w.elems {
		if e == "**" && at&(1<<i) != 0 {
			at |= 1 << (i + 1)
		}
	}
	return at
}

// step returns the positions reached from at by one more path element. A final
// "**" stands for files too.
func (w *walker) step(at uint64, name string) uint64 {
	var to uint64
	for i, e := range w.elems {
		if at&(1<<i) == 0 || w.skip(e, name) {
			continue
		}
		if e == "**" {
			to |= 1 << i
			continue
		}
		if ok, _ := filepath.Match(e, name); ok {
			to |= 1 << (i + 1)
		}
	}
	return w.closure(to)
}

func (w *walker) wanted(name string) bool {
	return len(w.ext) == 0 || slices.ContainsFunc(w.ext, func(e string) bool {
		return len(name) >= len(e) && strings.EqualFold(name[len(name)-len(e):], e)
	})
}

// skipHidden is the rule of a shell.
func skipHidden(elem, name string) bool {
	return name[0] == '.' && elem[0] != '.'
}

// skipInDir leaves out what is no data: hidden and temporary files, and what
// Spark, Hive, Delta and Parquet writers leave beside their parts. Other names
// that start with an underscore are data: cameras write "_DSC0001.JPG".
func skipInDir(_, name string) bool {
	switch name {
	case "_SUCCESS", "_metadata", "_common_metadata", "_temporary", "_delta_log":
		return true
	}
	return name[0] == '.' || strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, "~") ||
		strings.HasPrefix(name, "_committed_") || strings.HasPrefix(name, "_started_")
}

// A tree is where a lister looks: all files, or those below a root.
type tree struct {
	root *os.Root // nil: all files
	dir  string
}

func openTree(dir string) (tree, error) {
	if dir == "" {
		return tree{}, nil
	}
	root, err := os.OpenRoot(dir)
	return tree{root, dir}, err
}

func (t tree) close() {
	if t.root != nil {
		t.root.Close()
	}
}

// path returns the path that opens name.
func (t tree) path(name string) string {
	if t.root == nil || t.absolute(name) {
		return name
	}
	return filepath.Join(t.dir, name)
}

func (t tree) absolute(name string) bool { return filepath.IsAbs(name) && filepath.IsAbs(t.dir) }

// rel returns the path of name below the root.
func (t tree) rel(name string) (string, error) {
	if t.absolute(name) {
		rel, err := filepath.Rel(t.dir, name)
		if err != nil {
			return "", err
		}
		name = rel
	}
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("%s: not below root %s", name, t.dir)
	}
	return name, nil
}

func (t tree) stat(name string) (fs.FileInfo, error) {
	if t.root == nil {
		return os.Stat(name)
	}
	rel, err := t.rel(name)
	if err != nil {
		return nil, err
	}
	return t.root.Stat(rel)
}

func (t tree) readDir(name string) ([]fs.DirEntry, error) {
	if t.root == nil {
		return os.ReadDir(name)
	}
	rel, err := t.rel(name)
	if err != nil {
		return nil, err
	}
	d, err := t.root.Open(rel)
	if err != nil {
		return nil, err
	}
	entries, err := d.ReadDir(-1)
	return entries, errors.Join(err, d.Close())
}

func (t tree) open(name string) (*os.File, error) {
	if t.root == nil {
		return os.Open(name)
	}
	rel, err := t.rel(name)
	if err != nil {
		return nil, err
	}
	return t.root.Open(rel)
}
