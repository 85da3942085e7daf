package tabular_test

import (
	"fmt"
	"testing"

	"github.com/stokerdata/stoker/augment/tabular"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/loadertest"
)

func TestConformance(t *testing.T) {
	numbers := map[string]float64{"height": 1.5, "age": 30, "income": 1e4, "scores": 3}
	for _, tr := range []loader.Transform{
		tabular.Concat{}, tabular.Concat{Fields: []string{"scores", "age"}, Into: "x"}, tabular.DropCells{P: 0.5},
		tabular.DropCells{P: 0.5, Fields: []string{"age", "height"}, Fill: nan}, tabular.Impute{}, tabular.Impute{With: numbers, Indicator: true},
		tabular.Standardize{Mean: numbers, Std: numbers}, tabular.SwapNoise{P: 0.5},
	} {
		t.Run(fmt.Sprintf("%T", tr), func(t *testing.T) { loadertest.Transform(t, tr, people(t)) })
	}
}
