package text_test

import (
	"fmt"
	"testing"

	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/loadertest"
)

func TestConformance(t *testing.T) {
	rows := []string{
		"the Quick brown fox jumps over a big dog", "", "one", "ünïcode stays big", "  two   words ", "good, bad and ugly!",
		"a big house is a large home", "small things make a happy child", "buy a car", "the end of the story", "run fast or walk slowly", "?!",
	}
	for _, tr := range []loader.Transform{
		text.Synonyms{P: 0.7}, text.Synonyms{P: 1, N: 1}, text.SwapWords{N: 2}, text.ShuffleWords{},
		text.Tokenize{Into: "tokens", Mask: true}, text.Tokenize{Into: "tokens", Len: 7, Begin: 1, End: 2, CutFront: true, Mask: true},
	} {
		t.Run(fmt.Sprintf("%T", tr), func(t *testing.T) {
			loadertest.Transform(t, tr, tagged(t, rows...))
			loadertest.Transform(t, tr, texts(t, rows...))
		})
	}
	loadertest.Transform(t, text.Tokenize{}, texts(t, rows...))
}
