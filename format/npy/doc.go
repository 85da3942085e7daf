// Package npy reads the arrays of NumPy's .npy and .npz files.
//
//	src, err := npy.Open("kits19/*.npz", npy.Options{
//		Columns: []string{"image", "mask"},
//		Crop:    npy.RandomCrop{Size: []int{128, 128, 128}},
//	})
//	...
//	ld, err := loader.New(src, loader.Config{BatchSize: 2, Order: loader.Shuffle{}})
//	...
//	for b, err := range ld.All(ctx) {
//		if err != nil {
//			return err
//		}
//		step(loader.View[float32](b.Tensor("image")), loader.View[uint8](b.Tensor("mask")))
//	}
//
// A file is a row, with a field for each of its arrays, or, with Options.Stack, as
// many rows as its arrays have along their first axis. The field of a .npy file is
// called "array". Of arrays that are not compressed only what is needed is read: a
// row of a stack, or the lines of a crop.
//
// # Types
//
// Bools, integers and floats of any byte order become fields of the same type, in
// the order of the machine. Complex numbers, texts, times, records and objects are
// an error of Open. Objects are stored as pickles, which are programs: they are
// never looked at.
//
// # Trust
//
// Headers are parsed by a strict parser, and every size is compared with what the
// file holds. The CRC of an array of an .npz file is compared when the array is
// read as a whole. Damage is an error that wraps loader.ErrCorrupt.
//
// # Ownership
//
// Rows of a single array that is stored as it is wanted are read straight into the
// batch, where no transform looks at them. Otherwise whole arrays are lent until
// Rows.Close, where their memory is aligned. All else is written to where the
// loader wants it.
package npy
