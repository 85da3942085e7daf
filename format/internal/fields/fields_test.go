package fields

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

func TestDescribe(t *testing.T) {
	spec := loader.Spec{{Name: "x", DType: dtype.Uint16, Shape: loader.Dims(3)}, {Name: "y", DType: dtype.Int32}}
	full := loader.Field{
		DType: dtype.BFloat16, Shape: loader.Dims(3), Kind: kind.Audio, Canvas: "y", Follows: "y", Names: []string{"a"}, Mirror: []int{0}, Rate: 8,
	}
	if err := Describe(spec, map[string]loader.Field{"x": full, "y": {}}); err != nil {
		t.Fatal(err)
	}
	if full.Name = "x"; !reflect.DeepEqual(spec, loader.Spec{full, {Name: "y", DType: dtype.Int32}}) {
		t.Errorf("the fields are %v", spec)
	}
	for _, by := range []map[string]loader.Field{
		{"z": {}}, {"y": {DType: dtype.Int64}}, {"y": {DType: dtype.BFloat16}}, {"x": {Shape: loader.Dims(-1)}},
	} {
		if err := Describe(spec, by); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%s: %v", fmt.Sprint(by), err)
		}
	}
}
