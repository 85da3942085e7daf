package texts_test

import (
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/loadertest"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/texts"
)

func TestConformance(t *testing.T) {
	for name, c := range map[string]texts.Config{"default": {}, "nested": nested} {
		t.Run(name, func(t *testing.T) {
			g := newGenerator(t, c)
			loadertest.Source(t, func() loader.Source { return synth.New(g, 60, 7) })
			loadertest.Allocs(t, synth.New(g, 1<<20, 1), loader.Config{BatchSize: 32}, 0)
		})
	}
}
