package shapes_test

import (
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/loadertest"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/shapes"
)

func TestConformance(t *testing.T) {
	for name, c := range map[string]shapes.Config{"default": {}, "crowded": crowded, "amodal": {Height: 40, Width: 24, MinShapes: 3, Boxes: shapes.Amodal}} {
		t.Run(name, func(t *testing.T) {
			g := newGenerator(t, c)
			loadertest.Source(t, func() loader.Source { return synth.New(g, 20, 7) })
			loadertest.Allocs(t, synth.New(g, 1<<20, 1), loader.Config{BatchSize: 32}, 0)
		})
	}
}
