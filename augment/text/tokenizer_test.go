package text_test

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/loader"
)

func TestTokenize(t *testing.T) {
	v, err := text.NewVocabulary([]string{"<padding>", "<unknown>", "<begin>", "<end>", "the", "dog", "."})
	if err != nil {
		t.Fatal(err)
	}
	words := text.Words{Vocabulary: v}
	tests := []struct {
		name      string
		transform text.Tokenize
		text      string
		want      []int32
		length    int32
	}{
		{"bytes", text.Tokenize{}, "AB\xff", []int32{68, 69, 258}, 3},
		{"words", text.Tokenize{With: words}, "The dog  sleeps.", []int32{4, 5, 1, 6}, 4},
		{"cased", text.Tokenize{With: text.Words{Vocabulary: v, Cased: true}}, "The dog", []int32{1, 5}, 2},
		{"padded", text.Tokenize{With: words, Len: 4}, "dog", []int32{5, 0, 0, 0}, 1},
		{"cut", text.Tokenize{With: words, Len: 2}, "the dog.", []int32{4, 5}, 2},
		{"cut at the front", text.Tokenize{With: words, Len: 2, CutFront: true}, "the dog.", []int32{5, 6}, 2},
		{"around", text.Tokenize{With: words, Begin: 2, End: 3}, "dog", []int32{2, 5, 3}, 3},
		{"around, cut", text.Tokenize{With: words, Begin: 2, End: 3, Len: 3}, "the dog.", []int32{2, 4, 3}, 3},
		{"around, padded", text.Tokenize{With: words, Begin: 2, End: 3, Len: 5, Pad: 1}, "dog", []int32{2, 5, 3, 1, 1}, 3},
		{"nothing", text.Tokenize{With: words, Len: 2}, "", []int32{0, 0}, 0},
		{"long word", text.Tokenize{With: words}, strings.Repeat("dog", 1000), []int32{1}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.transform.Mask = true
			each(t, texts(t, test.text), loader.Config{Transforms: []loader.Transform{test.transform}}, func(b *loader.Batch, i int) {
				if got := loader.View[int32](b.Row("text", i)); !slices.Equal(got, test.want) {
					t.Errorf("tokens %v, want %v", got, test.want)
				}
				if got := loader.View[int32](b.Row("text.length", i))[0]; got != test.length {
					t.Errorf("length %d, want %d", got, test.length)
				}
				for k, m := range loader.View[bool](b.Row("text.mask", i)) {
					if m != (k < int(test.length)) {
						t.Errorf("mask %d is %v", k, m)
					}
				}
			})
		})
	}
}

func TestTokenizeInto(t *testing.T) {
	each(t, tagged(t, "ab c"), loader.Config{Transforms: []loader.Transform{text.Tokenize{Into: "tokens", Len: 5}}}, func(b *loader.Batch, i int) {
		if got := string(b.Row("text", i).Data); got != "ab c" {
			t.Errorf("text %q", got)
		}
		if got := loader.View[int32](b.Row("tokens", i)); !slices.Equal(got, []int32{100, 101, 35, 102, 0}) {
			t.Errorf("tokens %v", got)
		}
	})
}

// rows yields texts as Values does.
func rows(s ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, t := range s {
			if !yield([]byte(t), nil) {
				return
			}
		}
	}
}

func tokens(v *text.Vocabulary) []string {
	var all []string
	for i := range v.Len() {
		all = append(all, v.Token(i))
	}
	return all[4:]
}

func TestBuildVocabulary(t *testing.T) {
	data := []string{"The dog. the cat, the END", "dog\xff cat zebra", strings.Repeat("x", 200)}
	tests := []struct {
		name string
		o    text.VocabularyOptions
		want []string
	}{
		{"all", text.VocabularyOptions{}, []string{"the", "cat", "dog", ",", ".", "end", "zebra"}},
		{"size", text.VocabularyOptions{Size: 6}, []string{"the", "cat"}},
		{"only specials", text.VocabularyOptions{Size: 1}, nil},
		{"min count", text.VocabularyOptions{MinCount: 2}, []string{"the", "cat", "dog"}},
		{"cased", text.VocabularyOptions{Cased: true, MinCount: 2}, []string{"cat", "dog", "the"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := text.BuildVocabulary(rows(data...), test.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := tokens(v); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			slices.Reverse(data)
			w, err := text.BuildVocabulary(rows(data...), test.o)
			if err != nil || !reflect.DeepEqual(v, w) {
				t.Errorf("texts in reverse give %q, %v", tokens(w), err)
			}
		})
	}
	if _, err := text.BuildVocabulary(rows("a b c"), text.VocabularyOptions{Distinct: 2}); err == nil {
		t.Error("three words were counted where two are allowed")
	}
	damaged := func(yield func([]byte, error) bool) { yield(nil, loader.ErrCorrupt) }
	if _, err := text.BuildVocabulary(damaged, text.VocabularyOptions{}); !errors.Is(err, loader.ErrCorrupt) {
		t.Errorf("error of the texts: %v", err)
	}
}

func TestValues(t *testing.T) {
	ld, err := loader.New(texts(t, "b a", "a"), loader.Config{BatchSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	v, err := text.BuildVocabulary(text.Values(ld.All(t.Context()), "text"), text.VocabularyOptions{})
	if err != nil || !slices.Equal(tokens(v), []string{"a", "b"}) {
		t.Errorf("%q, %v", tokens(v), err)
	}
	if _, err := text.BuildVocabulary(text.Values(ld.All(t.Context()), "txet"), text.VocabularyOptions{}); !errors.Is(err, loader.ErrSpec) {
		t.Errorf("misspelt field: %v", err)
	}
}

func TestVocabularyFile(t *testing.T) {
	v, err := text.BuildVocabulary(rows("ein Äpfel don't , 日本"), text.VocabularyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	n, err := v.WriteTo(&file)
	if err != nil || n != int64(file.Len()) {
		t.Fatalf("WriteTo: %d of %d bytes, %v", n, file.Len(), err)
	}
	w, err := text.ReadVocabulary(&file)
	if err != nil || !reflect.DeepEqual(v, w) {
		t.Errorf("read back: %v, %v", w, err)
	}
	if got := w.Number("äpfel"); got < 4 || w.Token(int(got)) != "äpfel" || w.Number("Äpfel") != -1 {
		t.Errorf("äpfel is number %d", got)
	}
	for _, s := range []string{"a\n\nb", "a\na"} {
		if _, err := text.ReadVocabulary(strings.NewReader(s)); !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := v.WriteTo(failing{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("write error: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func FuzzTokenizers(f *testing.F) {
	for _, s := range corpus {
		f.Add([]byte(s), 2)
	}
	v, err := text.BuildVocabulary(rows(corpus...), text.VocabularyOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s []byte, specials int) {
		b := text.Bytes{Specials: specials}
		if got := b.Decode(nil, check(t, b, s)); !bytes.Equal(got, s) {
			t.Errorf("%q came back as %q", s, got)
		}
		w := text.Words{Vocabulary: v}
		words := w.Decode(nil, check(t, w, s))
		if utf8.Valid(s) && !utf8.Valid(words) {
			t.Errorf("%q gave %q", s, words)
		}
		lower := check(t, w, bytes.ToLower(s))
		if utf8.Valid(s) && isASCII(s) && !slices.Equal(lower, check(t, w, s)) {
			t.Errorf("%q gives other tokens in lower case", s)
		}
	})
}

func isASCII(s []byte) bool { return !slices.ContainsFunc(s, func(c byte) bool { return c >= 0x80 }) }

// check returns the tokens of s, all of which must be in range.
func check(t *testing.T, tok text.Tokenizer, s []byte) []int32 {
	tokens := tok.Append(nil, s)
	for _, n := range tokens {
		if n < 0 || int(n) >= tok.Size() {
			t.Fatalf("%q: token %d of %d", s, n, tok.Size())
		}
	}
	return tokens
}
