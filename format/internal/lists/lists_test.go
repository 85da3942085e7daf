package lists_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/format/internal/lists"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// spec returns the fields of a column of lists.
func spec(k kind.Kind, shape loader.Shape) loader.Spec {
	f := lists.Values("x", k)
	return loader.Spec{f, lists.Lengths(f, shape)}
}

func TestFind(t *testing.T) {
	change := func(change func(s loader.Spec)) loader.Spec {
		s := spec(kind.Texts, loader.Dims(-1))
		change(s)
		return s
	}
	for name, c := range map[string]struct {
		spec loader.Spec
		want int
	}{
		"texts":           {spec(kind.Texts, loader.Dims(-1)), 1},
		"bytes":           {spec(kind.Plain, loader.Dims(-1)), 1},
		"fixed":           {spec(kind.Texts, loader.Dims(5)), 1},
		"lists of fixed":  {spec(kind.Texts, loader.Dims(-1, 5)), 1},
		"one":             {spec(kind.Texts, loader.Dims()), -1},
		"vary twice":      {spec(kind.Texts, loader.Dims(-1, -1)), -1},
		"none":            {spec(kind.Texts, loader.Dims(0)), -1},
		"another name":    {change(func(s loader.Spec) { s[1].Name = "sizes" }), -1},
		"another canvas":  {change(func(s loader.Spec) { s[1].Canvas = "" }), -1},
		"another kind":    {change(func(s loader.Spec) { s[1].Kind = kind.Plain }), -1},
		"another type":    {change(func(s loader.Spec) { s[1].DType = dtype.Int64 }), -1},
		"removed":         {change(func(s loader.Spec) { s[1].Name = "" }), -1},
		"numbers":         {change(func(s loader.Spec) { s[0].DType = dtype.Int8 }), -1},
		"values of shape": {change(func(s loader.Spec) { s[0].Shape = loader.Dims(8) }), -1},
	} {
		if got := lists.Find(c.spec, 0); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// of makes a batch of one row and returns what Of says of it.
func of(t *testing.T, s loader.Spec, values string, lengths ...int32) (err error) {
	t.Helper()
	column, shape := mem.Of(lengths), s[1].Shape
	if !shape.Fixed() {
		column.Offsets = []int64{0, int64(len(lengths))}
		if shape.Rank() > 1 {
			column.Offsets[1] /= int64(shape.Dim(1))
		}
	}
	src, err := mem.Columns(s, mem.Strings([]string{values}), column)
	if err != nil {
		t.Fatal(err)
	}
	for b := range loadertest.All(t, src, loader.Config{BatchSize: 1}) {
		var r lists.Rows
		if r, err = lists.Of(b, 0, 1); err == nil {
			if got, sizes := r.Row(0); string(got) != values || !slices.Equal(sizes, lengths) {
				t.Errorf("row is %q, %d, want %q, %d", got, sizes, values, lengths)
			}
		}
	}
	return err
}

func TestOf(t *testing.T) {
	any, two, pairs := spec(kind.Texts, loader.Dims(-1)), spec(kind.Texts, loader.Dims(2)), spec(kind.Plain, loader.Dims(-1, 2))
	for _, err := range []error{of(t, any, ""), of(t, any, "", 0), of(t, any, "aöb", 1, 0, 2, 1), of(t, two, "ab", 2, 0), of(t, pairs, "\xff\xc3", 1, 0, 1, 0), of(t, pairs, "")} {
		if err != nil {
			t.Error(err)
		}
	}
	for name, err := range map[string]error{
		"more bytes": of(t, any, "abc", 2), "fewer bytes": of(t, any, "abc", 2, 2), "negative": of(t, any, "abc", 4, -1),
		"not UTF-8": of(t, any, "\xff", 1), "cut": of(t, any, "ö", 1, 1),
	} {
		if !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
