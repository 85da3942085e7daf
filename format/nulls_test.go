package format_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
)

// TestValidSuffix makes sure that package tabular, which must not import this
// one, knows masks by the same name.
func TestValidSuffix(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "augment", "tabular", "column.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(f, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && strings.Contains(l.Value, "valid") {
			found++
			if s, _ := strconv.Unquote(l.Value); s != format.ValidSuffix {
				t.Errorf("package tabular knows %q, not %q", s, format.ValidSuffix)
			}
		}
		return true
	})
	if found == 0 {
		t.Error("package tabular knows no suffix")
	}
}
