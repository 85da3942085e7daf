// Package table generates labelled tables: numbers and categories that tell
// something about a class or a value, in known amounts, among others that tell
// nothing, with cells missing at a known rate. It follows the data of
// Guyon, "Design of experiments for the NIPS 2003 variable selection benchmark".
//
//	gen, err := table.New(table.Config{Informative: 5, Redundant: 3, Noise: 12, Missing: 0.02})
//	...
//	train := synth.New(gen, 1_000_000, 1)
//	valid := synth.New(gen, 50_000, 2)
//
// Config.Seed decides the task (where classes lie, what a weight is) and the
// seed of synth.New the rows, so that the two sources above pose one task.
//
// A sample has a scalar field for each column:
//
//	x00, x01, ...  float32  first the informative, then the redundant, then the noise columns; NaN where missing
//	c00, c01, ...  int32    categories, from the most to the least frequent; -1 where missing
//	x00.valid, ... bool     false where the cell is missing (Config.Valid)
//	label          int32 the class, or float32 the value to predict
//
// Whole columns are gathered into the batch: no row is ever formed unless a
// transform asks for it.
package table
