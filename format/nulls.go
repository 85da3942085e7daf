package format

// Nulls says what becomes of nulls in a column of a table.
type Nulls uint8

// The policies. A row is null if nothing is there; within a row that is there,
// as a list may be, elements can be null as well.
const (
	// NullMask makes a null row NaN in each element, if the field is of floats
	// and its rows are of fixed size. Any other column x that can hold null rows
	// has another field behind it, "x.valid", a bool () that is false for a null
	// row, whose value is zeros or, if rows vary, empty: so it is for lists of
	// floats, as an empty list has no element to be NaN.
	//
	// A null within a row is NaN among floats. Among others it is an error of
	// the block, as no mask could tell.
	NullMask Nulls = iota
	// NullZero makes all nulls zeros, floats too, and null rows that vary empty.
	// There are no other fields.
	NullZero
	// NullError makes a null row an error of its sample, and a null within a row
	// an error of the block. The errors wrap loader.ErrSpec.
	NullError
)

// ValidSuffix is what the name of a mask has behind the name of its column.
const ValidSuffix = ".valid"
