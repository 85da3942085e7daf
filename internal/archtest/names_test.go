package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// vague lists names of packages that hold whatever nobody found a place for.
var vague = []string{"base", "common", "core", "helper", "helpers", "lib", "misc", "shared", "tools", "util", "utils"}

// variables lists the exported variables that are not errors, each with its reason.
var variables = map[string]string{}

// packages finds packages with a vague name or without one comment that says
// what they are.
func packages(t *tree) (found []string) {
	for _, p := range t.pkgs {
		comments, first := 0, (*file)(nil)
		for _, f := range p.files {
			if f.test {
				continue
			}
			if first == nil {
				first = f
			}
			if f.Doc == nil {
				continue
			}
			if comments++; !introduces(f) {
				found = append(found, t.find(f.Doc, "the comment of package %s should begin %q", f.Name.Name, "Package "+f.Name.Name+" "))
			}
		}
		if slices.Contains(vague, path.Base(p.path)) {
			found = append(found, fmt.Sprintf("%s: the name says nothing", p.path))
		}
		if first != nil && comments != 1 {
			found = append(found, t.find(first.Name, "package %s has %d package comments", p.path, comments))
		}
	}
	return found
}

// introduces reports whether a package comment begins with what it is about.
func introduces(f *file) bool {
	name := "Package " + f.Name.Name
	if f.Name.Name == "main" {
		name = "Command"
	}
	return strings.HasPrefix(f.Doc.Text(), name+" ")
}

// documented finds exported names without a comment.
func documented(t *tree) (found []string) {
	for _, f := range t.code {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && ast.IsExported(receiver(d)) {
					found = append(found, t.find(d, "%s has no comment", d.Name.Name))
				}
			case *ast.GenDecl:
				found = append(found, undocumented(t, d)...)
			}
		}
	}
	return found
}

// undocumented finds exported names of a declaration without a comment of their
// own or, for constants and variables, of the group.
func undocumented(t *tree, d *ast.GenDecl) (found []string) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
				found = append(found, t.find(s, "%s has no comment", s.Name.Name))
			}
		case *ast.ValueSpec:
			if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				found = append(found, t.find(s, "%s has no comment", s.Names[0].Name))
			}
		}
	}
	return found
}

// receiver returns the name of the type that a method belongs to, and for a
// function an exported name.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return "Exported"
	}
	x := d.Recv.List[0].Type
	for {
		switch y := x.(type) {
		case *ast.StarExpr:
			x = y.X
		case *ast.IndexExpr:
			x = y.X
		case *ast.IndexListExpr:
			x = y.X
		case *ast.Ident:
			return y.Name
		default:
			return ""
		}
	}
}

// globals finds init functions and exported variables that are not errors.
func globals(t *tree) (found []string) {
	for p, f := range t.code {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					found = append(found, t.find(d, "an init function runs before anybody has asked for it"))
				}
			case *ast.GenDecl:
				if d.Tok != token.VAR {
					continue
				}
				for _, s := range d.Specs {
					found = append(found, exposed(t, p, s.(*ast.ValueSpec))...)
				}
			}
		}
	}
	return found
}

// exposed finds the exported variables of a declaration that are not errors.
func exposed(t *tree, p *pkg, s *ast.ValueSpec) (found []string) {
	for i, name := range s.Names {
		listed := variables[p.path+"."+name.Name] != ""
		if name.IsExported() && !listed && !isError(s, i) {
			found = append(found, t.find(name, "the exported variable %s can be changed by anybody", name.Name))
		}
	}
	return found
}

// isError reports whether variable i of s is an error by its type or its value.
func isError(s *ast.ValueSpec, i int) bool {
	if id, ok := s.Type.(*ast.Ident); ok {
		return id.Name == "error"
	}
	if i >= len(s.Values) {
		return false
	}
	call, ok := s.Values[i].(*ast.CallExpr)
	if !ok {
		return false
	}
	from, name := selector(call.Fun)
	return from == "errors" && name == "New" || from == "fmt" && name == "Errorf"
}

// selector returns the two names of an expression like errors.New; the first is
// empty if what stands before the dot is not a name.
func selector(x ast.Expr) (from, name string) {
	s, ok := x.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	if id, ok := s.X.(*ast.Ident); ok {
		from = id.Name
	}
	return from, s.Sel.Name
}
