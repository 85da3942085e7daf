package shard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stokerdata/stoker/shard/internal/sysio"
)

// maxFiles bounds a listing: 16 Mi paths take about 2 GiB.
const maxFiles = 16 << 20

// A File is one shard: a regular file, as it was when it was listed.
type File struct {
	Path    string    // opens the file; in the form of the operating system
	Size    int64     // bytes; negative when not known yet
	ModTime time.Time // zero when not known yet
}

// A Set is a list of shards. Its order is the order of the dataset: two runs
// agree on shard i only if they agree on the set.
type Set []File

// Bytes returns the sum of all known sizes.
func (s Set) Bytes() int64 {
	var n int64
	for i := range s {
		n += max(0, s[i].Size)
	}
	return n
}

// Find lists the files that patterns name; it is Finder{}.Find.
func Find(ctx context.Context, patterns ...string) (Set, error) {
	return Finder{}.Find(ctx, patterns...)
}

// A Finder lists files. The zero Finder is ready to use.
type Finder struct {
	// Root, if set, is the directory that no file may lie outside of: relative
	// patterns start there, and a path or a symbolic link that leads out is an
	// error. Empty means that files may lie anywhere.
	Root string

	// Ext lists the extensions, as in ".parquet" or ".csv.gz", of files to take from
	// a directory; case does not matter. None means all files.
	Ext []string
}

// Find lists the regular files that patterns name. A pattern is
//
//   - a file;
//   - a directory: all files below it, symbolic links followed, but for hidden
//     ones (".x"), temporary ones ("x.tmp", "x~") and the markers that cluster
//     jobs leave ("_SUCCESS", "_metadata", "_temporary", ...);
//   - a glob: [path/filepath.Match] for each path element, and an element "**"
//     for any number of directories. Hidden names match only elements that
//     start with a dot;
//   - "@list": a text file of paths, one a line, also compressed (.gz, .zst).
//     Empty lines and lines that start with '#' are skipped; relative paths
//     start at the list's directory.
//
// A pattern that exists as it stands is a path even if it has the look of a
// glob; "./@x" is a file named "@x".
//
// Files are in the order of the patterns. Those of one directory or glob are in
// the byte order of their slash-separated paths, those of a list in its order.
// A file that is named twice is listed once, at its first place. No match, and
// anything that is neither a file nor a directory, is an error. Errors begin with
// "find" and the pattern, as those of [os.Open] with "open", for the caller to
// say who looked for it.
func (f Finder) Find(ctx context.Context, patterns ...string) (Set, error) {
	t, err := openTree(f.Root)
	if err != nil {
		return nil, fmt.Errorf("find: %w", err)
	}
	defer t.close()
	if len(patterns) == 0 {
		return nil, errors.New("find: no pattern")
	}
	l := &lister{ctx: ctx, tree: t, ext: f.Ext}
	var set Set
	for _, p := range patterns {
		found, err := l.pattern(p)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", p, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("find %s: no file matches: %w", p, fs.ErrNotExist)
		}
		set = append(set, found...)
	}
	if len(patterns) > 1 || strings.HasPrefix(patterns[0], "@") {
		set = unique(set)
	}
	return set, nil
}

// unique removes all but the first of files with equal paths, in place.
func unique(set Set) Set {
	seen := make(map[string]struct{}, len(set))
	return slices.DeleteFunc(set, func(f File) bool {
		_, again := seen[f.Path]
		seen[f.Path] = struct{}{}
		return again
	})
}

// A lister expands patterns in one tree.
type lister struct {
	ctx  context.Context
	tree tree
	ext  []string
}

func (l *lister) pattern(p string) (Set, error) {
	if p == "" {
		return nil, errors.New("empty pattern")
	}
	if list, ok := strings.CutPrefix(p, "@"); ok {
		return l.list(list)
	}
	info, err := l.tree.stat(filepath.Clean(p))
	switch {
	case err == nil && info.IsDir():
		return l.walk(filepath.Clean(p), []string{"**", "*"}, skipInDir, l.ext)
	case err == nil:
		f, err := l.file(filepath.Clean(p), info)
		return Set{f}, err
	case hasMeta(p):
		return l.glob(p)
	}
	return nil, err
}

// file makes a File of a path of the tree.
func (l *lister) file(name string, info fs.FileInfo) (File, error) {
	if err := sysio.CheckRegular(info.Mode()); err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	return File{Path: l.tree.path(name), Size: info.Size(), ModTime: info.ModTime()}, nil
}

func hasMeta(p string) bool { return strings.ContainsAny(p, `*?[`) }

// glob splits p into the directory before the first element with a special
// character, and the elements from there on.
func (l *lister) glob(p string) (Set, error) {
	elems := strings.Split(filepath.ToSlash(p), "/")
	i := slices.IndexFunc(elems, hasMeta)
	dir := strings.Join(elems[:i], "/")
	if i > 0 && dir == "" {
		dir = "/"
	}
	elems = slices.DeleteFunc(elems[i:], func(e string) bool { return e == "" || e == "." })
	elems = slices.CompactFunc(elems, func(a, b string) bool { return a == "**" && b == "**" })
	if len(elems) > maxElems {
		return nil, fmt.Errorf("pattern has more than %d elements", maxElems)
	}
	for _, e := range elems {
		if e == ".." {
			return nil, errors.New("a glob must not have .. after a special character")
		}
		if _, err := filepath.Match(e, ""); err != nil {
			return nil, err
		}
	}
	return l.walk(filepath.Clean(dir), elems, skipHidden, nil)
}
