package feather

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
)

// TestOtherWriters reads what Polars and PyArrow have written (testdata/make.py):
// views, large types, dictionaries of both kinds in streams, tensors.
func TestOtherWriters(t *testing.T) {
	list := func(x ...int) string { return fmt.Sprint(x) }
	for _, name := range []string{"polars.arrow", "polars-zstd.arrow", "polars.arrows", "pyarrow-lz4.feather", "pyarrow.arrows"} {
		src := mustOpen(t, filepath.Join("testdata", name), Options{Nulls: format.NullZero})
		equal(t, texts(t, src, "s"), "a", "a text that is too long for a view", "")
		equal(t, texts(t, src, "b"), "(1) [120]", "(0) []", "(16) [48 49 50 51 52 53 54 55 56 57 97 98 99 100 101 102]")
		equal(t, texts(t, src, "c"), "x", "y", "x")
		equal(t, texts(t, src, "a"), "(2) [1 2]", "(2) [3 4]", "(2) [5 6]")
		for column, want := range map[string][]string{
			"i":    {"() " + list(1, 0, 0, 0, 0, 0, 0, 0), "() " + list(2, 0, 0, 0, 0, 0, 0, 0), "() " + list(0, 0, 0, 0, 0, 0, 0, 0)},
			"st.x": {"() " + list(1, 0, 0, 0, 0, 0, 0, 0), "() " + list(2, 0, 0, 0, 0, 0, 0, 0), "() " + list(3, 0, 0, 0, 0, 0, 0, 0)},
			"l":    {"(2) " + list(1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0), "(0) []", "(1) " + list(3, 0, 0, 0, 0, 0, 0, 0)},
		} {
			equal(t, texts(t, src, column), want...)
		}
		if src.Spec().Index("t") >= 0 {
			equal(t, texts(t, src, "t"), "(2, 2) [0 1 2 3]", "(2, 2) [4 5 6 7]", "(2, 2) [8 9 10 11]")
		}
	}
	src := mustOpen(t, "testdata/pyarrow-replaced.arrows", Options{})
	equal(t, texts(t, src, "c"), "b", "a", "a", "x", "b")
	src = mustOpen(t, "testdata/pyarrow-deltas.arrows", Options{})
	equal(t, texts(t, src, "c"), "b", "a", "c", "b", "a", "e", "d", "c", "b", "a")
	equal(t, src.Spec()[0].Names, "a", "b", "c", "d", "e")
	src = mustOpen(t, "testdata/polars-wide.arrow", Options{Columns: []string{"n"}}) // beside an Int128
	equal(t, texts(t, src, "n"), "() [3 0 0 0 0 0 0 0]", "() [4 0 0 0 0 0 0 0]")
	if _, err := Open("testdata/polars-wide.arrow", Options{}); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `"wide", int(128)`) {
		t.Errorf("error %v", err)
	}
	for _, name := range []string{"pyarrow-v4.arrow", "pyarrow-v4.arrows"} { // the footer of the file says V5
		src = mustOpen(t, filepath.Join("testdata", name), Options{Columns: []string{"s"}, Nulls: format.NullZero})
		equal(t, texts(t, src, "s"), "a", "", "c")
	}
}
