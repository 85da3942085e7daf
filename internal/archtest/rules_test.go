package archtest

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// source is the files of a small tree.
type source map[string]string

func (s source) load(t *testing.T) *tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range s {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	house, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return house
}

// TestRules runs each rule on trees that keep and break it.
func TestRules(t *testing.T) {
	for _, test := range []struct {
		name  string
		check func(*tree) []string
		files source
		want  []string // beginnings of the findings
	}{
		{"a layer below", imports, source{
			"loader/a.go": `package loader; import ("fmt"; "` + module + `/internal/prng"; "golang.org/x/sync/errgroup")`,
		}, nil},
		{"two layers below", imports, source{
			"augment/vision/a.go": `package vision; import "` + module + `/loader/dtype"`,
		}, nil},
		{"the same layer", imports, source{
			"format/mem/a.go": `package mem; import "` + module + `/format"`,
		}, nil},
		{"a layer above", imports, source{
			"loader/a.go": "package loader\nimport _ \"" + module + "/format/raw\"",
		}, []string{"loader/a.go:2: loader may not import format/raw"}},
		{"a layer beside", imports, source{
			"shard/a.go": `package shard; import "` + module + `/loader"`,
		}, []string{"shard/a.go:1: shard may not import loader"}},
		{"a name that only begins alike", imports, source{
			"formatter/a.go": `package formatter`,
		}, []string{"formatter: stands in no layer"}},
		{"another platform's file", imports, source{
			"loader/a_plan9.go": "//go:build plan9\npackage loader; import _ \"" + module + "/synth\"",
		}, []string{"loader/a_plan9.go:2: loader may not import synth"}},
		{"a test's own means", imports, source{
			"loader/a_test.go": `package loader_test; import ("` + module + `/loader"; "` + module + `/format/mem"; "` + module + `/loader/loadertest")`,
		}, nil},
		{"a test's means in code", imports, source{
			"augment/a.go": `package augment; import "` + module + `/loader/loadertest"`,
		}, []string{"augment/a.go:1: augment may not import loader/loadertest"}},
		{"a test too is bound", imports, source{
			"loader/a_test.go": `package loader_test; import "` + module + `/format/parquet"`,
		}, []string{"loader/a_test.go:1: loader may not import format/parquet"}},
		{"a module in its place", imports, source{
			"format/feather/a.go": `package feather; import "github.com/apache/arrow/go/v15/arrow/ipc"`,
		}, nil},
		{"a module out of its place", imports, source{
			"loader/a.go": `package loader; import "github.com/apache/arrow/go/v15/arrow/ipc"`,
		}, []string{"loader/a.go:1: loader may not import github.com/apache/arrow/go/v15/arrow/ipc, which is for format/feather"}},
		{"an unknown module", imports, source{
			"synth/a.go": `package synth; import "example.com/x"`,
		}, []string{"synth/a.go:1: example.com/x is of no module"}},
		{"arrow's parquet", imports, source{
			"format/feather/a.go": `package feather; import "github.com/apache/arrow/go/v15/parquet/file"`,
		}, []string{"format/feather/a.go:1: imports github.com/apache/arrow/go/v15/parquet/file: it adds"}},
		{"cgo", imports, source{
			"internal/a/a.go": `package a; import "C"`,
		}, []string{"internal/a/a.go:1: imports C"}},
		{"what the go command does not see", imports, source{
			"synth/testdata/a.go":  `package broken; import "example.com/x"`,
			"synth/_old/a.go":      `package broken; import "example.com/x"`,
			"synth/gen.go":         "//go:build ignore\n\npackage main; import \"example.com/x\"",
			"examples/n/go.mod":    "module n",
			"examples/n/m/main.go": `package main; import "example.com/x"`,
		}, nil},

		{"all modules known", modules, source{"go.mod": completeMod()}, nil},
		{"a module too many", modules, source{
			"go.mod": completeMod() + "require example.com/x v1.0.0\n",
		}, []string{"go.mod: example.com/x is not among the dependencies"}},
		{"a module that others need", modules, source{
			"go.mod": completeMod() + "require example.com/x v1.0.0 // indirect\n",
		}, nil},
		{"a module too few", modules, source{
			"go.mod": strings.Replace(completeMod(), "golang.org/x/sync v9.0.0", "", 1),
		}, []string{"go.mod: golang.org/x/sync is among the dependencies and not required"}},
		{"an old toolchain", modules, source{
			"go.mod": strings.Replace(completeMod(), "go 9.0.0", "go 1.26.4", 1),
		}, []string{"go.mod: go 1.26.4 is older than 1.26.5"}},
		{"an old module", modules, source{
			"go.mod": strings.Replace(completeMod(), "compress v9.0.0", "compress v1.18.6", 1),
		}, []string{"go.mod: github.com/klauspost/compress 1.18.6 is older than 1.18.7"}},
		{"a replaced module", modules, source{
			"go.mod": completeMod() + "replace golang.org/x/sync => ../sync\n",
		}, []string{"go.mod: a replace line"}},

		{"a package comment", packages, source{
			"synth/a.go": "// Package synth makes samples.\npackage synth",
			"synth/b.go": "package synth",
		}, nil},
		{"a command's comment", packages, source{
			"examples/serve/a.go": "// Command serve serves.\npackage main",
		}, nil},
		{"tests alone", packages, source{"synth/a_test.go": "package synth"}, nil},
		{"no package comment", packages, source{
			"synth/a.go": "// Copyright somebody.\n\npackage synth",
		}, []string{"synth/a.go:3: package synth has 0 package comments"}},
		{"two package comments", packages, source{
			"synth/a.go": "// Package synth makes samples.\npackage synth",
			"synth/b.go": "// Package synth also makes tables.\npackage synth",
		}, []string{"synth/a.go:2: package synth has 2 package comments"}},
		{"a comment about something else", packages, source{
			"synth/a.go": "// This package is nice.\npackage synth",
		}, []string{`synth/a.go:1: the comment of package synth should begin "Package synth "`}},
		{"a vague name", packages, source{
			"internal/util/a.go": "// Package util has it all.\npackage util",
		}, []string{"internal/util: the name says nothing"}},

		{"comments on what is exported", documented, source{
			"synth/a.go": "package synth\n// F is.\nfunc F() {}\n// T is.\ntype T int\n// M is.\nfunc (T) M() {}\n// All of these.\nconst (\nA = 1\n)\nvar B = 1 // B is.\ntype u int\nfunc (u) M() {}",
		}, nil},
		{"exported without a comment", documented, source{
			"synth/a.go": "package synth\nfunc F() {}\ntype T[E any] int\nfunc (*T[E]) M() {}\nconst A = 1",
		}, []string{"synth/a.go:2: F has", "synth/a.go:3: T has", "synth/a.go:4: M has", "synth/a.go:5: A has"}},

		{"variables that are errors", globals, source{
			"synth/a.go": `package synth; var ErrA, ErrB error; var Drop = errors.New("x"); var ErrC = fmt.Errorf("y"); var own = map[string]int{}`,
		}, nil},
		{"a method may be called init", globals, source{
			"synth/a.go": "package synth\nfunc (t T) init() {}",
		}, nil},
		{"variables for everybody", globals, source{
			"synth/a.go": "package synth\nvar Default = New()\nvar x, Y = 1, 2\nvar Z int",
		}, []string{"synth/a.go:2: the exported variable Default", "synth/a.go:3: the exported variable Y", "synth/a.go:4: the exported variable Z"}},
		{"init", globals, source{
			"synth/a.go": "package synth\nfunc init() {}",
		}, []string{"synth/a.go:2: an init function"}},

		{"goroutines where they may start", goroutines, source{
			"loader/a.go":         `package loader; func f() { go f() }`,
			"examples/serve/a.go": `package main; func f() { go f() }`,
			"synth/a_test.go":     `package synth; func f() { go f() }`,
		}, nil},
		{"goroutines elsewhere", goroutines, source{
			"synth/a.go": "package synth\nfunc f() {\ngo f()\nvar wg sync.WaitGroup\nwg.Go(f)\ng.TryGo(f)\ntime.AfterFunc(1, f)\n}",
		}, []string{"synth/a.go:3: synth may", "synth/a.go:5: synth may", "synth/a.go:6: synth may", "synth/a.go:7: synth may"}},

		{"seeded numbers", randomness, source{
			"synth/a.go": `package synth; import "math/rand/v2"; func f(r *rand.Rand) *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }`,
			"shard/a.go": `package shard; import "math/rand/v2"; var jitter = rand.Int64N(9)`,
		}, nil},
		{"numbers without a seed", randomness, source{
			"synth/a.go": "package synth\nimport r \"math/rand/v2\"\nvar x = r.IntN(3)",
			"synth/b.go": "package synth\nimport _ \"math/rand\"",
		}, []string{"synth/a.go:3: r.IntN draws", "synth/b.go:2: what math/rand gives"}},

		{"a file of the greatest length", files, source{
			"synth/a.go": "package synth\n" + strings.Repeat("\n", maxFileLines-1),
		}, nil},
		{"a file too long", files, source{
			"synth/a.go": "package synth\n" + strings.Repeat("\n", maxFileLines),
			"synth/b.go": "// Code generated by x. DO NOT EDIT.\npackage synth\n" + strings.Repeat("\n", maxFileLines),
		}, []string{"synth/a.go: 601 lines"}},

		{"a function that fits", functions, source{"synth/a.go": function(longFuncLines)}, nil},
		{"a long function that is known", functions, source{
			"synth/a.go": function(longFuncLines + 1), longList: "synth.(*T).F 61 # why\n",
		}, nil},
		{"a new long function", functions, source{
			"synth/a.go": function(longFuncLines + 1),
		}, []string{"synth/a.go:2: synth.(*T).F has 61 lines and may have 60"}},
		{"a long function that grew", functions, source{
			"synth/a.go": function(70), longList: "synth.(*T).F 69\n",
		}, []string{"synth/a.go:2: synth.(*T).F has 70 lines and may have 69"}},
		{"a long function that shrank", functions, source{
			"synth/a.go": function(65), longList: "synth.(*T).F 69\n",
		}, []string{"synth/a.go:2: synth.(*T).F has become shorter"}},
		{"a long function that went", functions, source{
			"synth/a.go": function(9), longList: "synth.G 69\n",
		}, []string{longList + ": synth.G is gone"}},
		{"no list makes this right", functions, source{
			"synth/a.go": function(maxFuncLines + 1), longList: "synth.(*T).F 101\n",
		}, []string{"synth/a.go:2: synth.(*T).F has 101 lines, the most is 100"}},
		{"a list that cannot be read", functions, source{longList: "synth.F many\n"}, []string{longList}},

		{"a small API", api, source{
			"loader/a.go": "package loader\ntype T int\nfunc (T) M() {}\nvar x int\nfunc F() {}",
		}, nil},
		{"a large API", api, source{
			"loader/a.go": "package loader\nconst (\n" + names(maxLoaderExports) + ")\nfunc F() {}",
		}, []string{"loader: 46 exported names"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.check(test.files.load(t))
			same := func(got, want string) bool { return strings.HasPrefix(got, want) }
			if !slices.EqualFunc(got, test.want, same) {
				t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// completeMod returns a go.mod that names what must be named, in both forms.
func completeMod() string {
	var b strings.Builder
	b.WriteString("module " + module + "\n\ngo 9.0.0\n\nrequire (\n")
	for _, d := range dependencies {
		b.WriteString("\t" + d.module + " v9.0.0\n")
	}
	return b.String() + ")\n"
}

// function returns a file with a method of n lines, which begins on line 2.
func function(n int) string {
	return "package synth\nfunc (t *T) F() {\n" + strings.Repeat("\n", n-2) + "}"
}

// names returns n constants, one a line.
func names(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("A" + strings.Repeat("a", i) + " = 1\n")
	}
	return b.String()
}

func TestParse(t *testing.T) {
	for _, rules := range []string{layers, testLayers} {
		if _, err := parse(rules); err != nil {
			t.Error(err)
		}
	}
	for rules, want := range map[string]string{
		"a < b; b < c; c < a;": "is below itself",
		"a < a;":               "a is below itself",
		"a < ;":                "is not a name",
		"a b < c;":             "is not a name",
	} {
		if _, err := parse(rules); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parse(%q) = %v, want an error with %q", rules, err, want)
		}
	}
}

func TestOlder(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"1.2.3", "1.2.3", false},
		{"1.2.3", "1.2.4", true},
		{"1.10.0", "1.9.9", false},
		{"1.9.9", "1.10.0", true},
		{"2.0.0", "1.26.5", false},
		{"1.26", "1.26.5", true},
		{"1.26", "1.26.0", false},
		{"1.2.3-0.20260101000000-abcdefabcdef", "1.2.3", true},
		{"1.2.4-rc.1", "1.2.3", false},
		{"1.x.3", "1.2.3", true},
	} {
		if got := older(test.a, test.b); got != test.want {
			t.Errorf("older(%q, %q) = %v", test.a, test.b, got)
		}
	}
}

func TestLoadRefusesBrokenCode(t *testing.T) {
	if _, err := load(fstest.MapFS{"a/a.go": {Data: []byte("package a; func {")}}); err == nil {
		t.Error("code that does not parse was loaded")
	}
}
