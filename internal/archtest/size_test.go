package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

const (
	maxFileLines     = 600
	maxFuncLines     = 100
	longFuncLines    = 60 // a function above it must be in longList
	maxLoaderExports = 45
)

// longList names the functions above longFuncLines, with their lines. A line
// may go or become smaller; none may be added.
const longList = "internal/archtest/testdata/long.txt"

// files finds files that are too long to find one's way in.
func files(t *tree) (found []string) {
	for _, f := range t.code {
		if !f.generated && f.lines > maxFileLines {
			found = append(found, fmt.Sprintf("%s: %d lines, the most is %d", f.path, f.lines, maxFileLines))
		}
	}
	return found
}

// functions finds functions that are too long, and what is wrong with longList.
func functions(t *tree) (found []string) {
	listed, err := parseLong(t.long)
	if err != nil {
		return []string{err.Error()}
	}
	for p, f := range t.code {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || f.generated {
				continue
			}
			name, n := p.path+"."+funcName(fn), t.length(fn)
			allowed := max(longFuncLines, listed[name])
			switch {
			case n > maxFuncLines:
				found = append(found, t.find(fn, "%s has %d lines, the most is %d", name, n, maxFuncLines))
			case n > allowed:
				found = append(found, t.find(fn, "%s has %d lines and may have %d", name, n, allowed))
			case n < listed[name]:
				found = append(found, t.find(fn, "%s has become shorter: note its %d lines in %s, or drop it from there below %d", name, n, longList, longFuncLines+1))
			}
			delete(listed, name)
		}
	}
	for name := range listed {
		found = append(found, fmt.Sprintf("%s: %s is gone and should be here too", longList, name))
	}
	slices.Sort(found)
	return found
}

// parseLong reads lines like "loader.(*Loader).All 72".
func parseLong(text string) (map[string]int, error) {
	listed := map[string]int{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != 2 {
			return nil, fmt.Errorf("%s: %q is not a name and a number", longList, line)
		}
		n, err := strconv.Atoi(words[1])
		if err != nil || n <= longFuncLines || listed[words[0]] != 0 {
			return nil, fmt.Errorf("%s: %q: no number above %d, or listed twice", longList, line, longFuncLines)
		}
		listed[words[0]] = n
	}
	return listed, nil
}

// length returns the lines from func to the closing brace.
func (t *tree) length(fn *ast.FuncDecl) int {
	return t.fset.Position(fn.End()).Line - t.fset.Position(fn.Pos()).Line + 1
}

// funcName returns the name as in Open or (*Loader).All.
func funcName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	if _, pointer := fn.Recv.List[0].Type.(*ast.StarExpr); pointer {
		return "(*" + receiver(fn) + ")." + fn.Name.Name
	}
	return receiver(fn) + "." + fn.Name.Name
}

// api finds that package loader has grown too large to be known by heart.
func api(t *tree) []string {
	if names := exports(t, "loader"); len(names) > maxLoaderExports {
		return []string{fmt.Sprintf("loader: %d exported names, the most is %d: %s", len(names), maxLoaderExports, strings.Join(names, " "))}
	}
	return nil
}

// exports lists the exported names of a package, without methods and fields.
func exports(t *tree, dir string) (names []string) {
	for p, f := range t.code {
		if p.path != dir {
			continue
		}
		for _, d := range f.Decls {
			names = append(names, declared(d)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names) // twins behind build tags declare one name
}

// declared lists the exported names of a declaration.
func declared(d ast.Decl) (names []string) {
	add := func(ids ...*ast.Ident) {
		for _, id := range ids {
			if id.IsExported() {
				names = append(names, id.Name)
			}
		}
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			add(d.Name)
		}
	case *ast.GenDecl:
		if d.Tok == token.IMPORT {
			return nil
		}
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				add(s.Name)
			case *ast.ValueSpec:
				add(s.Names...)
			}
		}
	}
	return names
}
