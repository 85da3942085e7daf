// Package cells says what the cells of text files are: texts of CSV, or values of
// JSON.
//
//	p := cells.NewProfile(syntax.JSON{})
//	for _, cell := range column {
//		err := p.Measure(cell)
//		...
//	}
//	err := p.Complete(&field) // sets the type and shape that nobody gave
//	...
//	v, err := cells.Float[float32](cell)
//
// Numbers are rounded correctly, as strconv does it, and faster where that is
// possible in a few steps.
package cells
