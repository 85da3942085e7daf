package arrowschema

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/stokerdata/stoker/loader"
)

// TensorName is the extension type of tensors that all have one shape ("Canonical
// extension types", arrow.apache.org).
const TensorName = "arrow.fixed_shape_tensor"

// tensor is its metadata. Its dim_names say nothing of the bytes, and no more does
// its permutation: that is a view of them, in another order of the dimensions.
type tensor struct {
	Shape []int `json:"shape"`
}

// SetTensor makes f a tensor of the given shape, as which its type must store it.
func (f *Field) SetTensor(shape []int) error {
	text, err := json.Marshal(tensor{shape})
	f.Extension, f.ExtensionData = TensorName, string(text)
	return err
}

// Tensor returns the shape of the tensors that f holds, and false if it holds none.
// It is an error that wraps loader.ErrCorrupt if they have not n elements.
func (f *Field) Tensor(n int) (shape []int, ok bool, err error) {
	if f.Extension != TensorName {
		return nil, false, nil
	}
	var t tensor
	if err := json.Unmarshal([]byte(f.ExtensionData), &t); err != nil {
		return nil, false, fmt.Errorf("metadata of %s: %w: %w", TensorName, err, loader.ErrCorrupt)
	}
	if n < 0 || product(t.Shape) != n {
		return nil, false, fmt.Errorf("%s of shape %v in items of %d elements: %w", TensorName, t.Shape, n, loader.ErrCorrupt)
	}
	return t.Shape, true, nil
}

// product returns the number of elements of a fixed shape, or -1.
func product(dims []int) int {
	n := 1
	for _, d := range dims {
		if d < 0 || d > math.MaxInt32 || d > 0 && n > math.MaxInt32/d {
			return -1
		}
		n *= d
	}
	return n
}
