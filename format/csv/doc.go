// Package csv reads tables in CSV files, as numbers and texts in columns.
//
//	src, err := csv.Open("train/*.csv", csv.Options{Columns: []string{"age", "income", "label"}})
//	...
//	ld, err := loader.New(src, loader.Config{BatchSize: 1024, Order: loader.Shuffle{}})
//	...
//	for b, err := range ld.All(ctx) {
//		if err != nil {
//			return err
//		}
//		step(loader.View[int64](b.Tensor("age")), loader.View[float32](b.Tensor("income")))
//	}
//
// A row of a file is a sample, unlike in a manifest of package raw, which names
// files. Files are RFC 4180 and UTF-8: cells that hold a comma, a quote or the end of
// a line are in quotes, and quotes in them doubled. Empty lines are left out.
//
// # Types
//
// The first rows say what a column is, unless Options.Fields does:
//
//	whole numbers          int64 (), or uint64 () if some are too large for that and none below 0
//	numbers                float32 ()
//	anything else          uint8 (?), kind.Text
//
// Any other type of numbers, and bool, comes from Options.Fields; so do the Names of
// a kind.Label whose cells are names of classes, or their numbers. Cells that are numbers
// are names if Names has other numbers than those of the classes, "2019" say. Numbers
// are rounded correctly. An empty cell is a null, except in a column of texts.
//
// # Trust
//
// A row that is damaged, or does not fit the types, is an error that wraps
// loader.ErrCorrupt and names file, line and column, and costs no other row. Files
// are read through when they are opened, in constant memory, to find where rows
// begin. Options.IndexDir keeps what was found.
// Compressed files, of which no part can be read by itself, are unpacked once into
// Options.UnpackDir.
//
// # Ownership
//
// Rows lend the memory of a block until Rows.Close.
package csv
