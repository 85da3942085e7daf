package format

import "github.com/stokerdata/stoker/loader/dtype"

// A Join makes several columns of numbers one field whose rows hold their values
// side by side: the input of a dense layer, or ids to be looked up. Readers lay
// the rows out while they decode, so that a shuffle moves rows and not values.
//
//	format.Join{Into: "x", Columns: []string{"age", "income"}, DType: dtype.Float32}
//
// is a float32 field "x" of shape (2). With NullMask a null is NaN in a field of
// floats; another field that can hold nulls has "x.valid", a bool field of the
// same shape, behind it.
type Join struct {
	// Into is the name of the field, which follows those that are columns by
	// themselves.
	Into string
	// Columns lists columns whose rows are one number each. They are no fields
	// of their own, and stand in no other Join.
	Columns []string
	// DType is the element type: Float32 or Float64, to which every number is
	// rounded, Int32 or Int64, for whole numbers that it can hold, or zero for
	// that of the columns, which then have one in common.
	DType dtype.Type
}
