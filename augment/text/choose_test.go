package text_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// captionFields are a number and lists of texts.
var captionFields = loader.Spec{
	{Name: "id", DType: dtype.Int32},
	{Name: "captions", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Texts},
	{Name: "captions.lengths", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Lengths, Canvas: "captions"},
}

// captions returns a source of lists of texts, whose lengths are those of lists
// unless others are given.
func captions(t testing.TB, lists [][]string, lengths ...[]int32) *mem.Source {
	t.Helper()
	var ids []int32
	var joined []string
	for i, list := range lists {
		ids, joined = append(ids, int32(i)), append(joined, strings.Join(list, ""))
		if len(lengths) == i {
			lengths = append(lengths, nil)
			for _, s := range list {
				lengths[i] = append(lengths[i], int32(len(s)))
			}
		}
	}
	src, err := mem.Columns(captionFields, mem.Of(ids), mem.Strings(joined), mem.Varying(lengths))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestChoose(t *testing.T) {
	lists := [][]string{{"a cat", "", "ein Kätzchen"}, {}, {"one"}}
	src := captions(t, lists)
	loadertest.Transform(t, text.Choose{}, src)
	loadertest.Allocs(t, captions(t, slices.Repeat(lists, 100)), loader.Config{BatchSize: 10, Transforms: []loader.Transform{text.Choose{}}}, 0)
	counts := map[string]float64{}
	const epochs = 3000
	ld, err := loader.New(src, loader.Config{BatchSize: 3, Epochs: epochs, Transforms: []loader.Transform{text.Choose{Field: "captions"}, text.Tokenize{Into: "tokens"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	if got, want := ld.Spec().String(), "[id int32 (); captions uint8 (?) text; tokens int32 (?) tokens; tokens.length int32 ()]"; got != want {
		t.Errorf("spec is %s, want %s", got, want)
	}
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			s := string(b.Row("captions", i).Data)
			counts[fmt.Sprint(loader.View[int32](b.Row("id", i))[0], s)]++
			if n := loader.View[int32](b.Row("tokens.length", i))[0]; int(n) != len(s) {
				t.Fatalf("%d tokens of %q", n, s)
			}
		}
	}
	for i, list := range lists {
		for _, s := range list {
			want := epochs / float64(len(list))
			if got := counts[fmt.Sprint(i, s)]; math.Abs(got-want) > 4*math.Sqrt(want) {
				t.Errorf("%q of row %d was chosen %v times, want about %v", s, i, got, want)
			}
		}
	}
	if got := counts["1"]; got != epochs || len(counts) != 5 {
		t.Errorf("an empty list gave an empty text %v times of %d; chosen were %v", got, epochs, counts)
	}
}

// TestChooseDamaged has lengths that are not those of the texts, whichever is drawn.
func TestChooseDamaged(t *testing.T) {
	for name, lengths := range map[string][]int32{"negative": {-1, 3}, "beyond": {1, 2}, "short": {1}, "none": {}} {
		for seed := range uint64(4) {
			ld, err := loader.New(captions(t, [][]string{{"ab"}}, lengths), loader.Config{BatchSize: 1, Seed: seed, Transforms: []loader.Transform{text.Choose{}}})
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range ld.All(t.Context()) {
				if !errors.Is(err, loader.ErrCorrupt) {
					t.Errorf("%s: %v", name, err)
				}
			}
			ld.Close()
		}
	}
}

func TestChooseSpec(t *testing.T) {
	change := func(f int, change func(f *loader.Field)) loader.Spec {
		s := captionFields.Clone()
		change(&s[f])
		return s
	}
	for name, in := range map[string]loader.Spec{
		"no texts":   change(1, func(f *loader.Field) { f.Kind = kind.Text }),
		"numbers":    change(1, func(f *loader.Field) { f.DType = dtype.Int8 }),
		"fixed":      change(1, func(f *loader.Field) { f.Shape = loader.Dims(9) }),
		"no lengths": change(2, func(f *loader.Field) { f.Canvas = "id" }),
		"long":       change(2, func(f *loader.Field) { f.DType = dtype.Int64 }),
		"spans": append(captionFields.Clone(),
			loader.Field{Name: "words", DType: dtype.Int32, Shape: loader.Dims(-1, 2), Kind: kind.Spans, Canvas: "captions"}),
	} {
		if _, err := (text.Choose{}).Bind(in); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, tr := range []loader.Transform{text.SwapWords{Field: "captions"}, text.Tokenize{Field: "captions"}} {
		if _, err := tr.Bind(captionFields); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%T takes several texts for one: %v", tr, err)
		}
	}
	views := change(1, func(f *loader.Field) { f.Kind = kind.EncodedImage })
	if stage, err := (text.Choose{Field: "captions"}).Bind(views); err != nil || stage.Out[1].Kind != kind.EncodedImage {
		t.Errorf("image files: %v, %v", stage.Out, err)
	}
}
