package archtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// module is the path that all our packages begin with.
const module = "github.com/stokerdata/stoker"

// layers says who may import whom: "a < b" that b may import a, and whatever a
// may import. A name stands for a package and all below it, unless those stand
// here themselves; packages of one name may import each other.
const layers = `
	# One idea each; words for element types, for what numbers mean and what is left.
	NONE < internal, loader/dtype, loader/kind, loader/remainder;

	# The centre: types, interfaces and the one engine. It knows no file, no
	# format and no transform. Its conformance kit is for the tests of others.
	internal, loader/dtype, loader/kind, loader/remainder < loader < loader/loadertest;

	# Bytes, without samples.
	internal < shard;

	# The rim: what implements the interfaces of the centre.
	loader < augment, synth;
	loader, shard < format;

	# Programs.
	augment, synth, format < examples;
`

// testLayers says what tests, examples among them, may import beyond that.
const testLayers = `
	# The kit, and the smallest source there is, for driving a whole loader.
	loader/loadertest < format/mem < loader, augment, synth, format;

	# A cache is shown and measured with the transforms before and behind it.
	augment < format/cache;
`

// refused lists imports that no rule may let in, with the reason.
var refused = map[string]string{
	"C":                                      "everything builds with CGO_ENABLED=0",
	"github.com/apache/arrow/go/v15/parquet": "it adds 30 MB to a binary; format/parquet stands on parquet-go",
}

// imports finds imports that layers, testLayers and dependencies do not allow.
func imports(t *tree) (found []string) {
	base, tests := mustParse(layers), mustParse(testLayers)
	for _, p := range t.pkgs {
		if base.layer(p.path) == "" {
			found = append(found, fmt.Sprintf("%s: stands in no layer", p.path))
			continue
		}
		for _, f := range p.files {
			for _, spec := range f.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					continue // the parser has checked it
				}
				if why := forbid(base, tests, p.path, f.test, path); why != "" {
					found = append(found, t.find(spec, "%s", why))
				}
			}
		}
	}
	return found
}

// forbid says why package from may not import path, "" if it may.
func forbid(base, tests order, from string, test bool, path string) string {
	for bad, why := range refused {
		if within(path, bad) {
			return fmt.Sprintf("imports %s: %s", path, why)
		}
	}
	if to, ours := strings.CutPrefix(path, module+"/"); ours {
		if base.allows(from, to) || test && tests.allows(from, to) {
			return ""
		}
		return fmt.Sprintf("%s may not import %s", from, to)
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return "" // the standard library
	}
	return forbidModule(from, path)
}

// forbidModule says why package from may not import path of another module.
func forbidModule(from, path string) string {
	for _, d := range dependencies {
		if !within(path, d.module) {
			continue
		}
		if withinAny(from, d.importers) {
			return ""
		}
		return fmt.Sprintf("%s may not import %s, which is for %s", from, path, strings.Join(d.importers, ", "))
	}
	return fmt.Sprintf("%s is of no module among the dependencies", path)
}

// An order is a parsed set of rules: what each layer may import, all told.
type order map[string][]string

// layer returns the layer that a package belongs to: the longest name of the
// rules that it lies within, "" if there is none.
func (o order) layer(pkg string) (name string) {
	for l := range o {
		if within(pkg, l) && len(l) > len(name) {
			name = l
		}
	}
	return name
}

// allows reports whether package from may import package to.
func (o order) allows(from, to string) bool {
	a, b := o.layer(from), o.layer(to)
	return a != "" && (a == b || slices.Contains(o[a], b))
}

// mustParse is parse for rules of this package, which TestParse reads.
func mustParse(rules string) order {
	o, err := parse(rules)
	if err != nil {
		panic(err)
	}
	return o
}

// parse reads rules like "NONE < a < b, c;" with comments from # to the end of
// the line. NONE is the empty layer.
func parse(rules string) (order, error) {
	var clean strings.Builder
	for line := range strings.Lines(rules) {
		line, _, _ = strings.Cut(line, "#")
		clean.WriteString(strings.TrimSpace(line) + " ")
	}
	o := order{}
	for rule := range strings.SplitSeq(clean.String(), ";") {
		if strings.TrimSpace(rule) == "" {
			continue
		}
		if err := o.rule(rule); err != nil {
			return nil, err
		}
	}
	return o, o.close()
}

// rule adds one chain of "<".
func (o order) rule(rule string) error {
	var below []string
	for i, part := range strings.Split(rule, "<") {
		names := strings.Split(part, ",")
		for k := range names {
			names[k] = strings.TrimSpace(names[k])
			if names[k] == "" || strings.ContainsAny(names[k], " \t") {
				return fmt.Errorf("rule %q: %q is not a name", rule, names[k])
			}
		}
		if i == 0 && slices.Equal(names, []string{"NONE"}) {
			continue
		}
		for _, n := range names {
			o[n] = append(o[n], below...)
		}
		below = names
	}
	return nil
}

// close makes o hold what follows from it, and refuses a layer below itself.
func (o order) close() error {
	for grown := true; grown; {
		grown = false
		for name, below := range o {
			for _, b := range below {
				for _, c := range o[b] {
					if !slices.Contains(o[name], c) {
						o[name] = append(o[name], c)
						grown = true
					}
				}
			}
		}
	}
	for name, below := range o {
		if slices.Contains(below, name) {
			return fmt.Errorf("%s is below itself", name)
		}
	}
	return nil
}
