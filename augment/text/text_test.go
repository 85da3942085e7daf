package text_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

var textField = loader.Field{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text}

// texts returns a source of texts alone.
func texts(t testing.TB, s ...string) *mem.Source {
	t.Helper()
	src, err := mem.Columns(loader.Spec{textField}, mem.Strings(s))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// each runs an epoch and calls do with every row.
func each(t testing.TB, src loader.Source, cfg loader.Config, do func(b *loader.Batch, i int)) {
	t.Helper()
	cfg.BatchSize = max(cfg.BatchSize, 1)
	ld, err := loader.New(src, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			do(b, i)
		}
	}
}

// transformed returns the texts behind a transform.
func transformed(t testing.TB, transform loader.Transform, s ...string) []string {
	t.Helper()
	var got []string
	each(t, texts(t, s...), loader.Config{BatchSize: 4, Seed: 1, Transforms: []loader.Transform{transform}}, func(b *loader.Batch, i int) {
		got = append(got, string(b.Row("text", i).Data))
	})
	return got
}

func thesaurus(t testing.TB, s string) *text.Thesaurus {
	t.Helper()
	th, err := text.ReadThesaurus(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	return th
}

func TestSynonyms(t *testing.T) {
	th := thesaurus(t, "# adjectives\nbig, large\n\nhappy, over the moon\n")
	tests := []struct{ in, want string }{
		{"A big dog.", "A large dog."},
		{"Big, BIG: big!", "Large, LARGE: large!"},
		{"bigger", "bigger"},
		{"\xffbig\xfe", "\xfflarge\xfe"},
		{"(happy)", "(over the moon)"},
		{"large—big", "big—large"},
		{"", ""},
		{"nothing to do", "nothing to do"},
	}
	for _, test := range tests {
		if got := transformed(t, text.Synonyms{Thesaurus: th, P: 1}, test.in); got[0] != test.want {
			t.Errorf("%q became %q, want %q", test.in, got[0], test.want)
		}
	}
}

func TestSynonymsRate(t *testing.T) {
	th := thesaurus(t, "a, b")
	const n, p = 20000, 0.2
	got := transformed(t, text.Synonyms{Thesaurus: th, P: p}, strings.Repeat("a ", n))
	replaced := strings.Count(got[0], "b")
	if sigma := math.Sqrt(n * p * (1 - p)); math.Abs(float64(replaced)-n*p) > 4*sigma {
		t.Errorf("%d of %d words replaced at P %v", replaced, n, p)
	}
}

// Exactly N words change, and all places are equally likely.
func TestSynonymsMost(t *testing.T) {
	th := thesaurus(t, "a, b")
	const rows, words, most = 3000, 10, 3
	got := transformed(t, text.Synonyms{Thesaurus: th, P: 1, N: most}, slices.Repeat([]string{strings.Repeat("a", 1) + strings.Repeat(" a", words-1)}, rows)...)
	var at [words]int
	for _, s := range got {
		if n := strings.Count(s, "b"); n != most {
			t.Fatalf("%q: %d words replaced", s, n)
		}
		for i, w := range strings.Fields(s) {
			if w == "b" {
				at[i]++
			}
		}
	}
	const p = float64(most) / words
	for i, n := range at {
		if sigma := math.Sqrt(rows * p * (1 - p)); math.Abs(float64(n)-rows*p) > 4*sigma {
			t.Errorf("word %d replaced in %d of %d texts", i, n, rows)
		}
	}
}

// Every synonym of every set is drawn, and no other.
func TestSynonymsUniform(t *testing.T) {
	th := thesaurus(t, "a, b, c\na, d\n")
	counts := map[string]int{}
	for _, s := range transformed(t, text.Synonyms{Thesaurus: th, P: 1}, slices.Repeat([]string{"a"}, 3000)...) {
		counts[s]++
	}
	for _, s := range []string{"b", "c", "d"} {
		if math.Abs(float64(counts[s])-1000) > 4*math.Sqrt(3000*2./9) {
			t.Errorf("%q drawn %d times of 3000", s, counts[s])
		}
	}
	if len(counts) != 3 {
		t.Errorf("drawn: %v", counts)
	}
}

func TestEnglish(t *testing.T) {
	th := text.English()
	if got, want := th.Synonyms("Big"), []string{"large"}; !slices.Equal(got, want) {
		t.Errorf("big: %q", got)
	}
	if got, want := th.Synonyms("start"), []string{"begin", "commence", "beginning"}; !slices.Equal(got, want) {
		t.Errorf("start: %q", got)
	}
	if got := th.Synonyms("xyzzy"); got != nil {
		t.Errorf("xyzzy: %q", got)
	}
}

func TestReadThesaurusErrors(t *testing.T) {
	for _, s := range []string{"alone", "a,,b", "a, A", "a, \xff", ","} {
		if _, err := text.ReadThesaurus(strings.NewReader("# one\nbig, large\n" + s)); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "line 3") {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := text.ReadThesaurus(strings.NewReader(strings.Repeat("a", 1<<20))); err == nil {
		t.Error("a line of a mebibyte was read")
	}
}

// A permutation that moves no word further than the distance, with all else in
// its place.
func TestShuffleWords(t *testing.T) {
	const words = 40
	separator := func(i int) string { return []string{" ", ", ", "\xff"}[i%3] }
	var s strings.Builder
	for i := range words {
		fmt.Fprintf(&s, "w%d%s", i, separator(i))
	}
	for _, distance := range []int{1, 3, 10} {
		moved := 0
		for _, got := range transformed(t, text.ShuffleWords{Distance: distance}, slices.Repeat([]string{s.String()}, 50)...) {
			seen := map[string]bool{}
			rest := got
			for i := range words {
				word, tail, ok := strings.Cut(rest, separator(i))
				var n int
				if _, err := fmt.Sscanf(word, "w%d", &n); err != nil || !ok || seen[word] {
					t.Fatalf("place %d of %q holds %q", i, got, word)
				}
				if n-i > distance || i-n > distance {
					t.Fatalf("distance %d: word %d stands at %d", distance, n, i)
				}
				if n != i {
					moved++
				}
				seen[word], rest = true, tail
			}
		}
		if moved < 50*words/8 {
			t.Errorf("distance %d: only %d of %d words moved", distance, moved, 50*words)
		}
	}
}

func TestSwapWords(t *testing.T) {
	for _, got := range transformed(t, text.SwapWords{}, slices.Repeat([]string{"one, two three! four"}, 30)...) {
		words := strings.FieldsFunc(got, func(r rune) bool { return strings.ContainsRune(", !", r) })
		differ := 0
		for i, w := range []string{"one", "two", "three", "four"} {
			if words[i] != w {
				differ++
			}
		}
		if differ != 2 {
			t.Errorf("%q: %d words have another place", got, differ)
		}
	}
	if got := transformed(t, text.SwapWords{N: 5}, "alone", "", "  ", "a b"); got[0] != "alone" || got[1] != "" || got[2] != "  " || got[3] != "b a" {
		t.Errorf("got %q", got)
	}
}

// tagged returns a source of texts whose every word is a span, and labels and
// vectors that follow the spans.
func tagged(t testing.TB, rows ...string) *mem.Source {
	var spans, labels [][]int32
	var vectors [][]float32
	for _, s := range rows {
		var sp, la []int32
		var ve []float32
		at := 0
		for i, w := range strings.Fields(s) {
			at += strings.Index(s[at:], w)
			sp = append(sp, int32(at), int32(at+len(w)))
			la = append(la, int32(i))
			ve = append(ve, float32(i), float32(len(w)))
			at += len(w)
		}
		spans, labels, vectors = append(spans, sp), append(labels, la), append(vectors, ve)
	}
	offsets := func(c mem.Column, unit int64) mem.Column {
		for i := range c.Offsets {
			c.Offsets[i] /= unit
		}
		return c
	}
	src, err := mem.Columns(loader.Spec{
		textField,
		{Name: "words", DType: dtype.Int32, Shape: loader.Dims(-1, 2), Kind: kind.Spans, Canvas: "text"},
		{Name: "label", DType: dtype.Int32, Shape: loader.Dims(-1), Follows: "words"},
		{Name: "vector", DType: dtype.Float32, Shape: loader.Dims(-1, 2), Follows: "words"},
	}, mem.Strings(rows), offsets(mem.Varying(spans), 2), mem.Varying(labels), offsets(mem.Varying(vectors), 2))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// Each span must go where its word goes.
func TestSpansFollowWords(t *testing.T) {
	row := "the Dog barks and ünïcode stays"
	for _, transform := range []loader.Transform{text.ShuffleWords{}, text.SwapWords{N: 3}} {
		each(t, tagged(t, slices.Repeat([]string{row}, 20)...), loader.Config{BatchSize: 6, Transforms: []loader.Transform{transform}}, func(b *loader.Batch, i int) {
			got := b.Row("text", i).Data
			spans, labels := loader.View[int32](b.Row("words", i)), loader.View[int32](b.Row("label", i))
			for k, want := range strings.Fields(row) {
				if at := got[spans[2*k]:spans[2*k+1]]; string(at) != want || labels[k] != int32(k) {
					t.Fatalf("%T: span %d, label %d, is on %q of %q", transform, k, labels[k], at, got)
				}
			}
		})
	}
}

// A span over part of a word that is replaced is dropped with what follows it.
func TestSpansDropped(t *testing.T) {
	src, err := mem.Columns(loader.Spec{
		textField,
		{Name: "spans", DType: dtype.Int32, Shape: loader.Dims(-1, 2), Kind: kind.Spans, Canvas: "text"},
		{Name: "label", DType: dtype.Int32, Shape: loader.Dims(-1), Follows: "spans"},
	},
		mem.Strings([]string{"a big dog"}),
		mem.Column{DType: dtype.Int32, Data: mem.Of([]int32{0, 1, 2, 4, 2, 5, 3, 9, 6, 9}).Data, Offsets: []int64{0, 5}},
		mem.Varying([][]int32{{10, 11, 12, 13, 14}}))
	if err != nil {
		t.Fatal(err)
	}
	transform := text.Synonyms{Thesaurus: thesaurus(t, "big, enormous"), P: 1}
	each(t, src, loader.Config{Transforms: []loader.Transform{transform}}, func(b *loader.Batch, i int) {
		if got := string(b.Row("text", i).Data); got != "a enormous dog" {
			t.Errorf("text %q", got)
		}
		if got, want := loader.View[int32](b.Row("spans", i)), []int32{0, 1, 2, 10, 11, 14}; !slices.Equal(got, want) {
			t.Errorf("spans %v, want %v", got, want)
		}
		if got, want := loader.View[int32](b.Row("label", i)), []int32{10, 12, 14}; !slices.Equal(got, want) {
			t.Errorf("labels %v, want %v", got, want)
		}
	})
}

func TestDamagedSpans(t *testing.T) {
	for _, span := range [][]int32{{-1, 2}, {3, 2}, {0, 100}} {
		src, err := mem.Columns(loader.Spec{
			textField,
			{Name: "spans", DType: dtype.Int32, Shape: loader.Dims(-1, 2), Kind: kind.Spans, Canvas: "text"},
		}, mem.Strings([]string{"big"}), mem.Column{DType: dtype.Int32, Data: mem.Of(span).Data, Offsets: []int64{0, 1}})
		if err != nil {
			t.Fatal(err)
		}
		ld, err := loader.New(src, loader.Config{BatchSize: 1, Transforms: []loader.Transform{text.Synonyms{P: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range ld.All(t.Context()) {
			if !errors.Is(err, loader.ErrCorrupt) {
				t.Errorf("span %v: %v", span, err)
			}
		}
	}
}

func TestSpecErrors(t *testing.T) {
	fixed := textField
	fixed.Shape = loader.Dims(3)
	follower := loader.Field{Name: "l", DType: dtype.Int32, Shape: loader.Dims(2), Follows: "s"}
	spans := loader.Field{Name: "s", DType: dtype.Int32, Shape: loader.Dims(-1, 2), Kind: kind.Spans, Canvas: "text"}
	other := loader.Field{Name: "s", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "text"}
	plain := loader.Spec{textField}
	tests := []struct {
		name      string
		in        loader.Spec
		transform loader.Transform
	}{
		{"misspelt", plain, text.Synonyms{Field: "txet"}},
		{"no text", loader.Spec{{Name: "n", DType: dtype.Int32}}, text.SwapWords{}},
		{"not a text", loader.Spec{{Name: "n", DType: dtype.Int32}}, text.Tokenize{Field: "n"}},
		{"fixed length", loader.Spec{fixed}, text.ShuffleWords{}},
		{"fixed follower", loader.Spec{textField, spans, follower}, text.ShuffleWords{}},
		{"boxes on a text", loader.Spec{textField, other}, text.ShuffleWords{}},
		{"P", plain, text.Synonyms{P: 2}},
		{"N", plain, text.Synonyms{N: -1}},
		{"distance", plain, text.ShuffleWords{Distance: -1}},
		{"swaps", plain, text.SwapWords{N: -1}},
		{"no vocabulary", plain, text.Tokenize{With: text.Words{}}},
		{"length", plain, text.Tokenize{Len: -1}},
		{"no room", plain, text.Tokenize{Len: 1, Begin: 1, End: 2}},
		{"no such token", plain, text.Tokenize{Begin: 259}},
		{"spans on tokens", loader.Spec{textField, spans}, text.Tokenize{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := test.transform.Bind(test.in); !errors.Is(err, loader.ErrSpec) {
				t.Errorf("Bind: %v", err)
			}
		})
	}
}

var corpus = []string{
	"The quick brown fox jumps over the lazy dog.",
	"Happy families are all alike; every unhappy family is unhappy in its own way.",
	"", "one", "naïve café — déjà vu!", "broken \xff\xfe bytes \xc3",
}

// Neither the number of workers nor the batch size may change a byte.
func TestSettings(t *testing.T) {
	run := func(cfg loader.Config) string {
		cfg.Seed = 7
		cfg.Transforms = []loader.Transform{text.Synonyms{P: 0.5}, text.ShuffleWords{}, text.SwapWords{}, text.Tokenize{}}
		h := sha256.New()
		each(t, texts(t, slices.Repeat(corpus, 20)...), cfg, func(b *loader.Batch, i int) {
			h.Write(b.Row("text", i).Data)
			h.Write([]byte{0})
		})
		return hex.EncodeToString(h.Sum(nil)[:8])
	}
	const want = "3e5ff7246ab8b558"
	for _, cfg := range []loader.Config{{BatchSize: 1, Workers: 1}, {BatchSize: 7, Workers: 4}, {BatchSize: 64, Workers: 2, Prefetch: 1}} {
		if got := run(cfg); got != want {
			t.Errorf("%+v: digest %s, want %s", cfg, got, want)
		}
	}
}

func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("with the race detector, sync.Pool drops some of what it is given")
	}
	v, err := text.BuildVocabulary(rows(corpus...), text.VocabularyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	src := tagged(t, slices.Repeat(corpus, 50)...)
	mallocs := func(epochs int) uint64 {
		ld, err := loader.New(src, loader.Config{BatchSize: 100, Epochs: epochs, Transforms: []loader.Transform{
			text.Synonyms{P: 0.5}, text.ShuffleWords{}, text.SwapWords{}, text.Tokenize{With: text.Words{Vocabulary: v}, Into: "tokens", Len: 16, Mask: true},
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer ld.Close()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	few, many := mallocs(10), mallocs(60)
	if perSample := (float64(many) - float64(few)) / float64(50*300); perSample > 0.02 {
		t.Errorf("%.3f allocations per sample", perSample)
	}
}

// The bytes that a change of order puts out are those that it got.
func FuzzOrder(f *testing.F) {
	for _, s := range corpus {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, s []byte, seed uint64) {
		src := texts(t, string(s))
		transforms := []loader.Transform{text.ShuffleWords{}, text.SwapWords{N: 2}}
		each(t, src, loader.Config{Seed: seed, Workers: 1, Transforms: transforms}, func(b *loader.Batch, i int) {
			got, want := bytes.Clone(b.Row("text", i).Data), bytes.Clone(s)
			slices.Sort(got)
			slices.Sort(want)
			if !bytes.Equal(got, want) {
				t.Errorf("%q became %q", s, b.Row("text", i).Data)
			}
		})
	})
}

func FuzzReadThesaurus(f *testing.F) {
	f.Add("big, large\n# x\nhappy , over the  moon")
	f.Add("a,b,c\na,d\n\xff")
	f.Fuzz(func(t *testing.T, s string) {
		th, err := text.ReadThesaurus(strings.NewReader(s))
		if err != nil {
			return
		}
		for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '\n' }) {
			for _, syn := range th.Synonyms(strings.TrimSpace(word)) {
				if syn == "" || !utf8.ValidString(syn) {
					t.Errorf("%q has the synonym %q", word, syn)
				}
			}
		}
	})
}
