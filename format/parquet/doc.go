// Package parquet reads and writes data sets of Parquet files.
//
//	src, err := parquet.Open("train/*.parquet", parquet.Options{
//		Columns: []string{"embedding", "label"},
//		Fields: map[string]loader.Field{
//			"embedding": {Shape: loader.Dims(512)},
//			"label":     {Kind: kind.Label},
//		},
//	})
//	...
//	ld, err := loader.New(src, loader.Config{BatchSize: 256, Order: loader.Shuffle{}})
//
// A block is a row group, so its size is what a shuffle mixes and what memory
// is counted in. Open of a Source lists the shards and reads their footers, Open
// of a block reads the chunks of the wanted columns with few large reads, and a
// table never becomes rows. Where rows are gathered as they lie, numbers go from
// the pages straight into the batch; for other orders each column is decoded as a
// whole.
//
// Models that take a matrix get it by Options.Joins: a format.Join lays many
// columns of numbers side by side in one field while they are decoded. A shuffle
// then moves rows of the matrix, which is several times faster than to gather
// its columns one by one. An order that shuffles row groups and leaves the rows in
// each of them as they are costs half as much as one that mixes them.
//
// # Types
//
//	BOOLEAN                        bool
//	INT32, INT64                   int8 ... uint64 as annotated, int32 and int64 otherwise
//	  DATE, TIME, TIMESTAMP, DECIMAL their raw int32 or int64
//	FLOAT, DOUBLE, FLOAT16         float32, float64, float16
//	BYTE_ARRAY                     uint8 (?); of kind Text if STRING, ENUM or JSON
//	FIXED_LEN_BYTE_ARRAY(n), INT96 uint8 (n), uint8 (12)
//	LIST of one of these           (?), or (?, n)
//	LIST of BYTE_ARRAY             uint8 (?), of kind Texts if STRING, and int32 (?) of kind Lengths
//	struct, LIST of struct, MAP    their leaves, as in "pose.x", "boxes.w", "map.key"
//
// Lists are read in all forms that writers use: three levels, two, or a bare
// repeated column. Those of texts or of binary values become two fields: the values
// of a row one behind another, and the bytes of each (see format.LengthsSuffix). Lists
// of lists that vary, and encrypted files are refused by Open. An annotation that is not known leaves the type as it is.
//
// Arrow's libraries leave the schema of a table in the file that they make of it.
// It tells more of some columns, which then are what package feather makes of them:
//
//	fixed_size_list(n) of T        T (n), nested ones T (n, m, ...)
//	list of fixed_size_list(n)     T (?, n)
//	arrow.fixed_shape_tensor       T of its shape, as it lies in memory
//	dictionary of texts            int32, kind.Label, Names from the dictionaries, in lists too
//
// A row of another length than promised is an error. Names are in the order in which
// dictionaries have them, unless Options.Fields gives Names, or the DType Uint8 to
// read texts. A schema that cannot be read is an error of Open; one that is of other
// columns is left alone.
//
// Options.Fields gives columns a meaning and lists a shape: Dims(512) for
// embeddings, Dims(-1, 4) for boxes. It says what the bytes of a column hold:
// Float16 and Dims(3, 32) for a FIXED_LEN_BYTE_ARRAY(192), and Int64 for INT96,
// which then are timestamps in nanoseconds since 1970.
//
// A shuffle mixes the rows of some row groups at a time. Source.ByRow gives an
// exact one, where rows are large and files have an offset index: rows are then
// read one by one, by the pages that they lie in.
//
// # Row groups left out
//
// Options.Where leaves out row groups by the least and greatest values that the
// footer has of a column, and by Bloom filters. It is for data that is sorted,
// or at least collected, by time or place: rows are not filtered.
//
// # Damage
//
// Nothing in a file is believed: offsets, sizes and counts are checked before
// they are used, page checksums (CRC) are verified where a file has them, and
// memory stays within format.Limits. Damage is an error that wraps
// loader.ErrCorrupt: of the row group, or of the row where a single value is not in
// the dictionary or does not fit its type. Files that Write made have checksums in every page and in
// the footer, which other writers leave without one.
//
// # Ownership
//
// Rows lend the memory of their row group until they are closed; Close gives
// it back for the next one, so that steady reading allocates next to nothing.
// Embeddings, lists and bytes that are not compressed stay where the file has
// them, and are copied once, into the batch.
// A Source is safe for concurrent use. Write only reads the batches it is
// given, and keeps none.
package parquet
