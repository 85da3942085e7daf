package describe_test

import (
	"strings"
	"testing"

	"github.com/stokerdata/stoker/internal/describe"
)

type inner struct {
	name  string
	scale float64
}

type config struct {
	Size  int
	parts []inner
	names map[string]int
	next  *config
	any   any
	f     func()
}

func text(x any) string {
	var b strings.Builder
	describe.Write(&b, x)
	return b.String()
}

func TestEveryDifferenceShows(t *testing.T) {
	all := map[string]config{
		"zero":            {},
		"number":          {Size: 1},
		"unexported":      {parts: []inner{{"a", 1}}},
		"deep string":     {parts: []inner{{"b", 1}}},
		"deep float":      {parts: []inner{{"a", 1.0000000000000002}}},
		"two":             {parts: []inner{{"a", 1}, {"a", 1}}},
		"map":             {names: map[string]int{"a": 1, "b": 2}},
		"map, swapped":    {names: map[string]int{"a": 2, "b": 1}},
		"pointer":         {next: &config{}},
		"deep pointer":    {next: &config{Size: 1}},
		"interface":       {any: 1},
		"interface, type": {any: int64(1)},
		"function":        {f: func() {}},
	}
	seen := map[string]string{}
	for name, c := range all {
		s := text(c)
		if other, ok := seen[s]; ok {
			t.Errorf("%s and %s are both %s", name, other, s)
		}
		seen[s] = name
		if again := text(c); again != s {
			t.Errorf("%s: %s, then %s", name, s, again)
		}
	}
}

func TestOpaque(t *testing.T) {
	var b strings.Builder
	for name, c := range map[string]struct {
		x    any
		want bool
	}{
		"nil":                {nil, false},
		"plain":              {config{Size: 3}, false},
		"function":           {config{f: func() {}}, true},
		"behind a pointer":   {&config{next: &config{f: func() {}}}, true},
		"in an interface":    {[]any{1, func() {}}, true},
		"in a map":           {map[string]func(){"a": func() {}}, true},
		"channel":            {make(chan int), true},
		"nil function":       {config{}, false},
		"map of nil":         {map[string]func(){"a": nil}, false},
		"function of nobody": {(func())(nil), false},
	} {
		if got := describe.Write(&b, c.x); got != c.want {
			t.Errorf("%s: opaque is %v", name, got)
		}
	}
}

// TestForm pins the form: what is hashed with it is written to disk.
func TestForm(t *testing.T) {
	x := config{Size: 3, parts: []inner{{"a", 0.5}}}
	want := `describe_test.config:int:3;[]describe_test.inner:1describe_test.inner:string:"a";float64:0x1p-01;;;` +
		`map[string]int:;*describe_test.config:nil;;interface {}:nil;;func():true;;`
	if got := text(x); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCycleEnds(t *testing.T) {
	c := &config{}
	c.next = c
	if n := len(text(c)); n > 1<<16 {
		t.Errorf("%d bytes for a cycle", n)
	}
}

func TestTaggedFieldsAreLeftOut(t *testing.T) {
	type hinted struct {
		Size int
		Hint *int `describe:"-"`
	}
	one := 1
	if a, b := text(hinted{Size: 3}), text(hinted{Size: 3, Hint: &one}); a != b {
		t.Errorf("%s differs from %s", a, b)
	}
}
