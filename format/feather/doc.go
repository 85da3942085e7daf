// Package feather reads and writes Feather V2 files, which are Arrow IPC files, and
// reads Arrow IPC streams in files: what pandas, Polars, DuckDB and Arrow in any
// language write. A record batch is a block.
//
//	src, err := feather.Open("train/*.arrow", feather.Options{Columns: []string{"embedding", "label"}})
//	...
//	ld, err := loader.New(src, loader.Config{BatchSize: 1024, Order: loader.Shuffle{}})
//	...
//	for b, err := range ld.All(ctx) {
//		if err != nil {
//			return err
//		}
//		step(loader.View[float32](b.Tensor("embedding")), loader.View[int32](b.Tensor("label")))
//	}
//
// Only the buffers of the chosen columns are read. A source whose files are not
// compressed and whose rows are large (embeddings, images) reads single rows and
// is shuffled exactly; see [Open]. Small rows are cheaper to read in blocks.
//
// # Types
//
// A column becomes a field of the same name, a child of a struct "a.b":
//
//	bool, integers, float16/32/64        scalar
//	date, time, timestamp, duration      int32 or int64, as stored
//	utf8, large_utf8, utf8_view          uint8 (?), kind.Text
//	binary, large_binary, binary_view    uint8 (?)
//	fixed_size_binary(n)                 uint8 (n)
//	decimal                              uint8 (16) or (32), with Options.RawDecimals
//	list, large_list of T                T (?) and, of fixed_size_list(n) of T, T (?, n)
//	fixed_size_list(n) of T              T (n), nested ones T (n, m, ...)
//	arrow.fixed_shape_tensor             T of its shape
//	dictionary of utf8                   int32, kind.Label, Names from the dictionary
//
// T is one of the scalars, fixed_size_binary or dictionary. If it is a text or binary,
// the column becomes two fields: uint8 (?), of kind.Texts for texts, with the values of
// a row one behind another, and the bytes of each as int32 of the shape above: see
// format.LengthsSuffix. Other types are an error of
// Open, unless Options.Columns leaves them out. Dictionaries of several shards,
// and those that replace each other in a stream, are united in the order in which
// their values first appear.
//
// # Trust
//
// Files are hostile until checked. The metadata is read by a verifier of this
// package, every offset and length is compared with what the file holds, sizes
// that a file only claims are bounded by format.Limits, and damage is an error
// that wraps loader.ErrCorrupt. The format has no checksum of its own: a changed
// value is noticed only by a manifest of hashes (package shard).
//
// # Ownership
//
// Rows lend the memory of a block until Rows.Close, as package loader asks. The
// numbers of one that is shuffled are laid out by rows, in memory that Block.Memory
// counts, if they have eight columns or more. Of rows
// that are read one by one the largest column is read straight into the batch, if
// no transform looks at it and its values are stored as they are delivered; its
// offsets are kept in memory, up to 64 MiB. The source holds open files until it,
// or the loader that reads it, is closed.
package feather
