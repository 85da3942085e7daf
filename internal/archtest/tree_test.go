package archtest

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A tree is the Go code of one module: all its files, whatever their build
// tags, except those that the go command never sees.
type tree struct {
	fset *token.FileSet
	pkgs []*pkg // by path
	mod  string // text of go.mod
	long string // text of longList
}

// A pkg is the code of one directory, its tests included.
type pkg struct {
	path  string // below the root, "." for the root
	files []*file
}

type file struct {
	*ast.File
	path      string
	test      bool
	generated bool
	lines     int
}

// load parses the module at the root of fsys.
func load(fsys fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return enter(fsys, p)
		case path.Ext(p) != ".go" || ignored(path.Base(p)):
			return nil
		}
		return t.add(fsys, p)
	})
	if err != nil {
		return nil, err
	}
	t.mod, err = text(fsys, "go.mod")
	if err != nil {
		return nil, err
	}
	t.long, err = text(fsys, longList)
	return t, err
}

// enter returns fs.SkipDir for directories that are not part of the module.
func enter(fsys fs.FS, dir string) error {
	if dir == "." {
		return nil
	}
	base := path.Base(dir)
	if ignored(base) || base == "testdata" || base == "vendor" {
		return fs.SkipDir
	}
	if _, err := fs.Stat(fsys, path.Join(dir, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func ignored(base string) bool {
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
}

// add parses a file and puts it into its package. The walk is in lexical order
// of paths, in which the files of a directory may surround a sub-directory.
func (t *tree) add(fsys fs.FS, p string) error {
	src, err := fs.ReadFile(fsys, p)
	if err != nil {
		return err
	}
	f, err := parser.ParseFile(t.fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if standsAlone(f) {
		return nil
	}
	dir := path.Dir(p)
	i := slices.IndexFunc(t.pkgs, func(k *pkg) bool { return k.path == dir })
	if i < 0 {
		i = len(t.pkgs)
		t.pkgs = append(t.pkgs, &pkg{path: dir})
	}
	t.pkgs[i].files = append(t.pkgs[i].files, &file{
		File:      f,
		path:      p,
		test:      strings.HasSuffix(p, "_test.go"),
		generated: ast.IsGenerated(f),
		lines:     bytes.Count(src, []byte("\n")),
	})
	return nil
}

// standsAlone reports whether f is a program for `go run file.go`, marked by
// the build tag ignore.
func standsAlone(f *ast.File) bool {
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			break
		}
		for _, c := range group.List {
			if x, err := constraint.Parse(c.Text); err == nil && x.String() == "ignore" {
				return true
			}
		}
	}
	return false
}

// text returns what a file holds, and nothing for one that is not there.
func text(fsys fs.FS, name string) (string, error) {
	b, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return string(b), err
}

// code iterates over the files that programs are built from, with their package.
func (t *tree) code(yield func(*pkg, *file) bool) {
	for _, p := range t.pkgs {
		for _, f := range p.files {
			if !f.test && !yield(p, f) {
				return
			}
		}
	}
}

// find formats a finding at a place in the tree.
func (t *tree) find(at ast.Node, format string, args ...any) string {
	p := t.fset.Position(at.Pos())
	return fmt.Sprintf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...))
}

// within reports whether the package lies in dir or below it.
func within(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }

// withinAny reports whether the package lies in one of dirs.
func withinAny(pkg string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool { return within(pkg, d) })
}
