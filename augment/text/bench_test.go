package text_test

import (
	"strings"
	"testing"

	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/loader"
)

var paragraph = strings.Repeat("The quick brown fox jumps over the lazy dog, which is not amused; it barks. ", 20)

func BenchmarkTokenizers(b *testing.B) {
	v, err := text.BuildVocabulary(rows(paragraph), text.VocabularyOptions{})
	if err != nil {
		b.Fatal(err)
	}
	input := []byte(paragraph)
	for _, bench := range []struct {
		name string
		tok  text.Tokenizer
	}{{"bytes", text.Bytes{}}, {"words", text.Words{Vocabulary: v}}, {"cased", text.Words{Vocabulary: v, Cased: true}}} {
		b.Run(bench.name, func(b *testing.B) {
			var dst []int32
			b.SetBytes(int64(len(input)))
			b.ReportAllocs()
			for b.Loop() {
				dst = bench.tok.Append(dst[:0], input)
			}
		})
	}
}

// BenchmarkPipeline gives samples of 1.5 KB; its ideal twin has no transforms.
func BenchmarkPipeline(b *testing.B) {
	rows := make([]string, 256)
	for i := range rows {
		rows[i] = paragraph
	}
	src := texts(b, rows...)
	for _, bench := range []struct {
		name       string
		transforms []loader.Transform
	}{
		{"ideal", nil},
		{"synonyms", []loader.Transform{text.Synonyms{}}},
		{"shuffle", []loader.Transform{text.ShuffleWords{}}},
		{"tokenize", []loader.Transform{text.Tokenize{Len: 512}}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			ld, err := loader.New(src, loader.Config{BatchSize: 64, Epochs: -1, Workers: 1, Transforms: bench.transforms})
			if err != nil {
				b.Fatal(err)
			}
			defer ld.Close()
			b.SetBytes(int64(64 * len(paragraph)))
			b.ReportAllocs()
			n := 0
			b.ResetTimer()
			for _, err := range ld.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				if n++; n > b.N {
					break
				}
			}
		})
	}
}
