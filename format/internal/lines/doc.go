// Package lines makes a source of text files whose lines are rows: what format/csv
// and format/jsonl have in common.
//
//	set, err := shard.Finder{Ext: []string{".csv"}}.Find(ctx, path)
//	...
//	src, err := lines.Open("csv", set, syntax.CSV{Comma: ','}, lines.Options{})
//
// Open reads each file once, to cut it into blocks of whole rows, and takes the
// types of columns from the first rows; with an IndexDir it does so once for all
// programs that open the file. A block is read by itself and parsed by one
// worker, straight into columns, which are copied into batches.
//
// A row that is damaged costs that row alone: it keeps its place, and its error
// tells line and column.
package lines
