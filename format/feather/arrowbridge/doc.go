// Package arrowbridge turns batches into Arrow records and Arrow records into
// sources, without copying what is laid out alike. It is the one package whose
// API shows Arrow's types, those of github.com/apache/arrow/go/v15.
//
//	bridge, err := arrowbridge.New(ld.Spec())
//	...
//	w := ipc.NewWriter(conn, ipc.WithSchema(bridge.Schema()))
//	for b, err := range ld.All(ctx) {
//		...
//		rec, err := bridge.Record(b)
//		...
//		err = w.Write(rec)
//		rec.Release()
//	}
//
// # Types
//
// A field becomes a column of the same name:
//
//	scalar                      the number type; bfloat16 as uint16
//	T (n)                       fixed_size_list(n) of T
//	T (n, m, ...)               arrow.fixed_shape_tensor of that shape
//	uint8 (?)                   large_utf8 (kind.Text, which must be UTF-8) or large_binary
//	T (?), T (?, n, ...)        large_list of T, or of fixed_size_list(n*...) of T
//	texts and their lengths     large_list or fixed_size_list of large_utf8 or large_binary
//	                            (see format.LengthsSuffix)
//
// Kinds, names of classes and the like are in the metadata of the schema, under
// format.SpecKey, and [Open] gets them back. It reads the other types that package
// feather lists too, but for structs, decimals, and lists of dictionaries. What becomes
// of nulls is for [Options] to say.
//
// # Ownership
//
//   - A record of [Bridge.Record] is memory of its batch, but for bools, which
//     Arrow packs, and where each text of a list begins. It keeps the batch ([loader.Batch.Keep]) and releases it with
//     the last reference to any of its columns: Keep and Release are then no
//     longer the caller's. Config.MaxKept bounds how many are alive.
//   - A [Source] retains its record until Close. Nobody may change the record's
//     memory in between.
package arrowbridge
