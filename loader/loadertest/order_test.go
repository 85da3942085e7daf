package loadertest_test

import (
	"fmt"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/loadertest"
)

func TestOrders(t *testing.T) {
	for _, o := range []loader.Order{
		loader.Sequential{},
		loader.Shuffle{},
		loader.Shuffle{Live: 1},
		loader.Shuffle{Live: 3, Lanes: 2},
		loader.Shuffle{Live: 8, Lanes: 1},
		loader.Shuffle{Live: 16, Lanes: 4},
	} {
		t.Run(fmt.Sprintf("%T%+v", o, o), func(t *testing.T) { loadertest.Order(t, o) })
	}
}
