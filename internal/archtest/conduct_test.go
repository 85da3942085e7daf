package archtest

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
)

// starters lists the packages that may start goroutines. Whoever starts one
// waits for it; few places make that easy to see.
var starters = []string{"loader", "shard", "format/internal/ahead", "examples/serve"}

// reproducible lists the packages whose results follow from data and seed alone.
var reproducible = []string{"loader", "augment", "synth", "format"}

// sources lists what code of reproducible packages may take from math/rand/v2:
// what makes generators from a seed, and types. The rest draws from the global
// generator.
var sources = []string{"New", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "PCG", "ChaCha8", "Zipf", "Source"}

// goroutines finds what starts goroutines outside starters: go statements and
// calls of methods or functions that are known to: WaitGroup.Go, errgroup's
// Group.Go and TryGo, time.AfterFunc and context.AfterFunc.
func goroutines(t *tree) (found []string) {
	for p, f := range t.code {
		if withinAny(p.path, starters) {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				found = append(found, t.find(n, "%s may not start goroutines", p.path))
			case *ast.CallExpr:
				if _, name := selector(n.Fun); slices.Contains([]string{"Go", "TryGo", "AfterFunc"}, name) {
					found = append(found, t.find(n, "%s may not start goroutines, as %s does", p.path, name))
				}
			}
			return true
		})
	}
	return found
}

// randomness finds random numbers that no seed decides.
func randomness(t *tree) (found []string) {
	for p, f := range t.code {
		if !withinAny(p.path, reproducible) {
			continue
		}
		name := ""
		for _, spec := range f.Imports {
			switch p, _ := strconv.Unquote(spec.Path.Value); p {
			case "math/rand", "crypto/rand", "hash/maphash":
				found = append(found, t.find(spec, "what %s gives differs from run to run", p))
			case "math/rand/v2":
				name = path.Base(path.Dir(p))
				if spec.Name != nil {
					name = spec.Name.Name
				}
			}
		}
		if name != "" {
			found = append(found, t.drawn(f, name)...)
		}
	}
	return found
}

// drawn finds uses of the global generator in a file that knows math/rand/v2 by
// the given name.
func (t *tree) drawn(f *file, rand string) (found []string) {
	ast.Inspect(f.File, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if from, name := selector(s); from == rand && !slices.Contains(sources, name) {
				found = append(found, t.find(s, "%s.%s draws from the global generator", from, name))
			}
		}
		return true
	})
	return found
}
