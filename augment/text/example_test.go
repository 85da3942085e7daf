package text_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// A vocabulary is built from the texts; then they are varied and cut into
// tokens.
func Example() {
	src, err := mem.Columns(loader.Spec{
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
	}, mem.Strings([]string{"The dog sleeps.", "The cat sleeps, too."}))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	plain, err := loader.New(src, loader.Config{BatchSize: 2})
	if err != nil {
		panic(err)
	}
	words, err := text.BuildVocabulary(text.Values(plain.All(ctx), "text"), text.VocabularyOptions{Size: 100})
	if err != nil {
		panic(err)
	}
	words.WriteTo(os.Stdout)

	ld, err := loader.New(src, loader.Config{BatchSize: 2, Transforms: []loader.Transform{
		text.Tokenize{With: text.Words{Vocabulary: words}, Len: 6},
	}})
	if err != nil {
		panic(err)
	}
	defer ld.Close()
	for b, err := range ld.All(ctx) {
		if err != nil {
			panic(err)
		}
		fmt.Println(b.Tensor("text").Shape, loader.View[int32](b.Tensor("text")))
	}
	// Output:
	// <padding>
	// <unknown>
	// <begin>
	// <end>
	// .
	// sleeps
	// the
	// ,
	// cat
	// dog
	// too
	// (2, 6) [6 9 5 4 0 0 6 8 5 7 10 4]
}

func ExampleReadThesaurus() {
	t, err := text.ReadThesaurus(strings.NewReader("# size\nbig, large, sizable\n"))
	if err != nil {
		panic(err)
	}
	fmt.Println(t.Synonyms("Large"))
	// Output: [big sizable]
}

// One of the captions of each image is drawn anew in every epoch.
func ExampleChoose() {
	captions := []string{"a dog on grass", "a brown dog"}
	src, err := mem.Columns(loader.Spec{
		{Name: "captions", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Texts},
		{Name: "captions.lengths", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Lengths, Canvas: "captions"},
	}, mem.Strings([]string{strings.Join(captions, "")}), mem.Varying([][]int32{{14, 11}}))
	if err != nil {
		panic(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1, Epochs: 4, Transforms: []loader.Transform{text.Choose{}}})
	if err != nil {
		panic(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s\n", b.Row("captions", 0).Data)
	}
	// Output:
	// a brown dog
	// a brown dog
	// a brown dog
	// a dog on grass
}
