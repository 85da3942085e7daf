// Package tabular holds transforms for tables: columns of numbers, one per
// field. They are batch stages and work a column at a time, so that a table
// never becomes rows:
//
//	stats, err := tabular.Fit(ctx, train.All(ctx))
//	...
//	ld, err := loader.New(src, loader.Config{
//		BatchSize: 1024,
//		Transforms: []loader.Transform{
//			stats.Standardize(),
//			tabular.Impute{Indicator: true},
//			tabular.Concat{Fields: []string{"age", "income", "age.missing"}, Into: "x"},
//			tabular.DropCells{P: 0.1, Fields: []string{"x"}},
//		},
//	})
//
// # Missing cells
//
// A cell of a float column is missing if it is NaN. A cell of another column is
// missing if the column has a companion, a Bool field of the same shape called
// "<name>.valid", that is false there. A float column may have a companion too;
// its cell is missing if either says so. A transform that removes a companion
// has filled the missing cells, or made the column a float one with NaN there.
//
// # Columns
//
// A column is a field of fixed shape, scalar or not, of any element type but
// the 16-bit floats. Every element of it is a cell. Where a transform has no
// list of fields it takes those of kind Plain that its comment names. All
// memory is the batch's; nothing is kept between calls.
package tabular
