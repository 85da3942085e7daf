// Package jsonl reads JSON lines: files with a JSON object on each line, whose
// members become columns.
//
//	src, err := jsonl.Open("train/*.jsonl", jsonl.Options{Columns: []string{"text", "label"}})
//	...
//	ld, err := loader.New(src, loader.Config{BatchSize: 256, Order: loader.Shuffle{}})
//	...
//	for b, err := range ld.All(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(string(b.Row("text", 0).Data), loader.View[int64](b.Tensor("label"))[0])
//	}
//
// A line is a sample, unlike in a manifest of package raw, which names files. Empty
// lines are left out.
//
// # Types
//
// The first rows say what a column is, unless Options.Fields does:
//
//	whole numbers          int64 (), or uint64 () if some are too large for that and none below 0
//	numbers                float32 ()
//	true and false         bool ()
//	strings                uint8 (?), kind.Text
//	lists of T             T (?), and of lists of n T each, T (?, n)
//	lists of strings       uint8 (?), kind.Texts, and their lengths: see format.LengthsSuffix
//
// A list of fixed length comes from a Shape in Options.Fields; so do other types of
// numbers, and the Names of a kind.Label whose values are names of classes, or lists of
// them. Numbers are rounded correctly. A member that is null or missing is a null; a null in a list
// is an error. Objects within the row are an error, unless Options.Columns leaves
// them out.
//
// # Trust
//
// A row that is damaged, or does not fit the types, is an error that wraps
// loader.ErrCorrupt and names file, line and column, and costs no other row. Every
// byte of a row is checked, also in members that nobody wants. Files are read
// through when they are opened, in constant memory, to find where rows begin.
// Options.IndexDir keeps what was found.
// Compressed files, of which no part can be read by itself, are unpacked once into
// Options.UnpackDir.
//
// # Ownership
//
// Rows lend the memory of a block until Rows.Close.
package jsonl
