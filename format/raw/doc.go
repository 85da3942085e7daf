// Package raw reads data sets of plain files as they lie: a folder with one
// sample in each file, a manifest of such files, or files of fixed-size records.
//
//	src, err := raw.Open("train/", raw.Options{Label: raw.ParentDir}) // train/cat/17.jpg is a cat
//	...
//	ld, err := loader.New(src, loader.Config{BatchSize: 256, Order: loader.Shuffle{}})
//	...
//	defer ld.Close() // closes src too
//	for b, err := range ld.All(ctx) {
//		... b.Row("image", 0).Data are the bytes of a file
//		... loader.View[int32](b.Tensor("label")) the numbers of the classes
//	}
//
// [Open] reads a folder, [OpenManifest] a CSV or JSON lines file that names
// files and holds further columns, targets of detection among them, and
// [OpenRecords] binary files such as CIFAR's. [Write] and [WriteRecords] make
// data sets of the first and last kind.
//
// All sources are random access: any order is exact, and a block is never read
// as a whole for the sake of one row. What is damaged costs the samples that it
// concerns: each read that fails is an error of its own row.
//
// # Ownership
//
// The bytes of a file are read straight into the batch, where no transform looks
// at them. Otherwise they are lent, as are fields of one-byte elements of a
// record: they live until Rows.Close and then go back to a pool. Everything else
// is copied to where the loader wants it.
package raw
