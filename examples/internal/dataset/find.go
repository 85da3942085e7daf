package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxDepth = 4   // folders below the one that is named
	glance   = 200 // entries of a folder that tell what it holds
)

// Find returns the data sets in the folder or file at path, in the order of
// their names. Two or more folders of images beside each other are the classes
// of one data set, and so with sounds and texts; table files of one folder are
// the shards of one. It looks into folders no further than it must.
func Find(path string) ([]Set, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		f, ok := formatOf(path)
		if !ok || f.files() {
			return nil, fmt.Errorf("%s: not a table, manifest or folder that can be read (%s)", path, known())
		}
		return []Set{{Path: path, Format: f}}, nil
	}
	sets, err := findBelow(path, maxDepth)
	if err == nil && len(sets) == 0 {
		err = fmt.Errorf("%s: no data set found; looked for %s", path, known())
	}
	return sets, err
}

// known lists the extensions that are understood.
func known() string {
	var all []string
	for _, f := range formats {
		all = append(all, f.extensions...)
	}
	return strings.Join(all, " ")
}

// findBelow is Find for a folder. Text files count last, as any folder may hold
// some that are not the data.
func findBelow(dir string, depth int) (sets []Set, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	here := held(entries)
	for _, f := range here {
		if f != Texts {
			sets = append(sets, Set{Path: dir, Format: f})
		}
	}
	folders, classes := glanceInto(dir, entries)
	for _, f := range []Format{Images, Sounds} {
		if len(sets) == 0 && classes[f] > 1 {
			sets = []Set{{Path: dir, Format: f, Classes: true}}
		}
	}
	if len(sets) > 0 {
		return sets, nil
	}
	for _, sub := range folders {
		if depth == 0 {
			break
		}
		below, err := findBelow(filepath.Join(dir, sub), depth-1)
		if err != nil {
			return nil, err
		}
		sets = append(sets, below...)
	}
	switch onlyTexts := !slices.ContainsFunc(sets, func(s Set) bool { return s.Format != Texts }); {
	case onlyTexts && classes[Texts] > 1:
		sets = []Set{{Path: dir, Format: Texts, Classes: true}}
	case len(sets) == 0 && slices.Contains(here, Texts):
		sets = []Set{{Path: dir, Format: Texts}}
	}
	return sets, nil
}

// held returns the formats of the files among entries. Manifests do not count:
// a folder may hold any CSV file.
func held(entries []os.DirEntry) (found []Format) {
	for _, e := range entries {
		f, ok := formatOf(e.Name())
		if ok && !e.IsDir() && f != Manifest && !hidden(e) && !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	return found
}

// glanceInto returns the folders among entries, and how many of them hold files
// of each format that is a sample a file.
func glanceInto(dir string, entries []os.DirEntry) (folders []string, classes [len(formats)]int) {
	for _, e := range entries {
		if hidden(e) || !folder(dir, e) {
			continue
		}
		folders = append(folders, e.Name())
		inside, err := some(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // who reads the data set is told
		}
		for _, f := range held(inside) {
			if f.files() {
				classes[f]++
			}
		}
	}
	return folders, classes
}

// some returns the first entries of a folder, in no order.
func some(dir string) ([]os.DirEntry, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(glance)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return entries, err
}

// folder reports whether e is a folder or a link to one.
func folder(dir string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

func hidden(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") }
