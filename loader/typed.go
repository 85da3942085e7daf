package loader

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"strings"

	"github.com/stokerdata/stoker/loader/dtype"
)

// Typed returns the batches of l as values of the struct type T, whose fields
// are slices that view the columns of a batch:
//
//	type Digits struct {
//		Image []float32 `stoker:"image"`
//		Label []int32   `stoker:"label"`
//		Batch *loader.Batch
//	}
//
// A field without a tag takes the column of its name in lower case, one tagged
// "-" none, and one of type *Batch the batch itself. That all columns are there
// and of these types is checked now; errors wrap ErrSpec. The value and its
// slices are valid until the loop body returns.
func Typed[T any](l *Loader) (func(context.Context) iter.Seq2[*T, error], error) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("loader: Typed needs a struct, %v is none: %w", t, ErrSpec)
	}
	var views []func(*Batch, reflect.Value)
	for i := range t.NumField() {
		v, err := viewField(l.Spec(), t.Field(i), i)
		if err != nil {
			return nil, fmt.Errorf("loader: %v.%s: %w", t, t.Field(i).Name, err)
		}
		if v != nil {
			views = append(views, v)
		}
	}
	return func(ctx context.Context) iter.Seq2[*T, error] {
		return func(yield func(*T, error) bool) {
			var row T
			dst := reflect.ValueOf(&row).Elem()
			for b, err := range l.All(ctx) {
				if err != nil {
					yield(nil, err)
					return
				}
				for _, v := range views {
					v(b, dst)
				}
				if !yield(&row, nil) {
					return
				}
			}
		}
	}, nil
}

// viewField returns what sets field i of a struct from a batch.
func viewField(spec Spec, sf reflect.StructField, i int) (func(*Batch, reflect.Value), error) {
	name, tagged := sf.Tag.Lookup("stoker")
	switch {
	case name == "-":
		return nil, nil
	case sf.Type == reflect.TypeFor[*Batch]():
		return func(b *Batch, v reflect.Value) { v.Field(i).Set(reflect.ValueOf(b)) }, nil
	case !sf.IsExported():
		return nil, fmt.Errorf("is not exported (tag it \"-\" to leave it out): %w", ErrSpec)
	case !tagged:
		name = strings.ToLower(sf.Name)
	}
	f := spec.Index(name)
	if f < 0 {
		return nil, fmt.Errorf("no field %q among %v: %w", name, spec, ErrSpec)
	}
	want, set := viewer(spec[f].DType)
	if sf.Type != want {
		return nil, fmt.Errorf("is %v, the column is %v: %w", sf.Type, want, ErrSpec)
	}
	return func(b *Batch, v reflect.Value) { set(b.Column(f), v.Field(i).Addr().Interface()) }, nil
}

func viewAs[T dtype.Element](t Tensor, p any) { *p.(*[]T) = View[T](t) }

func viewer(d dtype.Type) (reflect.Type, func(Tensor, any)) {
	switch d {
	case dtype.Bool:
		return reflect.TypeFor[[]bool](), viewAs[bool]
	case dtype.Uint8:
		return reflect.TypeFor[[]uint8](), viewAs[uint8]
	case dtype.Int8:
		return reflect.TypeFor[[]int8](), viewAs[int8]
	case dtype.Uint16, dtype.Float16, dtype.BFloat16:
		return reflect.TypeFor[[]uint16](), viewAs[uint16]
	case dtype.Int16:
		return reflect.TypeFor[[]int16](), viewAs[int16]
	case dtype.Uint32:
		return reflect.TypeFor[[]uint32](), viewAs[uint32]
	case dtype.Int32:
		return reflect.TypeFor[[]int32](), viewAs[int32]
	case dtype.Uint64:
		return reflect.TypeFor[[]uint64](), viewAs[uint64]
	case dtype.Int64:
		return reflect.TypeFor[[]int64](), viewAs[int64]
	case dtype.Float32:
		return reflect.TypeFor[[]float32](), viewAs[float32]
	}
	return reflect.TypeFor[[]float64](), viewAs[float64]
}
