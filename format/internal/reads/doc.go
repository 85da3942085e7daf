// Package reads reads what a number of rows lie in, where the place of each row
// in its file is known: records, windows, arrays.
//
//	var r reads.Rows
//	for _, ref := range refs {
//		r.Want(file, off, n)
//	}
//	err := r.Read(ctx, &files)
//	...
//	data, err := r.Row(i)
//	...
//	r.Close(&files)
//
// All rows are read together. If that fails they are read one by one, so that an
// error costs the rows alone that cannot be read.
//
// [Rows.ReadInto] reads them to memory of the loader instead of its own.
//
// # Ownership
//
// The bytes of a row are lent until Rows.Close, which makes the Rows empty, to be
// used again without an allocation.
package reads
