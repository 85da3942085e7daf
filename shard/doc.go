// Package shard knows the files of a dataset as bytes: it finds them, lists and
// verifies them, reads them fast, and writes them whole or not at all. What the
// bytes mean is for the packages under format to say.
//
//	files, err := shard.Find(ctx, "train/**/*.parquet")
//	...
//	pool, err := shard.NewPool(files, shard.PoolConfig{Deadline: 30 * time.Second})
//	...
//	defer pool.Close()
//	footer := make([]byte, 64<<10)
//	last := len(files) - 1
//	err = pool.ReadAt(ctx, last, footer, files[last].Size-int64(len(footer)))
//
// # Finding
//
// [Find] turns patterns into a [Set], in an order that is the same on every
// machine. A [Manifest] is a set in a file, with sizes, row counts and hashes,
// to be verified anywhere.
//
// # Reading
//
// A [Pool] reads a set with a bounded number of descriptors, retries what may
// pass, notices files that change, and gives up on a disk that does not answer.
// [Pool.ReadAt] reads a range, [Pool.ReadFile] a small file, and [Pool.Fetch]
// many ranges, merged as a [Plan] says, into memory of a [Buffers]. A [Backend]
// says by which calls: past the page cache, many at a time, or not at all. What is read
// through the page cache is brought there in large pages, where Linux has some, so that
// later epochs read it at less cost.
//
// # Writing
//
// [Create] writes a file that appears only when it is complete, and a [Series]
// the shards of a dataset, which appear together. [Names] names them.
//
// # Ownership
//
//   - A Set is the caller's; a Pool keeps no reference to it.
//   - Buffers given to a read are borrowed until it returns, with one exception:
//     after an error that wraps [ErrAbandoned] they belong to the lost read and
//     must not be touched again.
//   - Memory of [Buffers.Get] and [Pool.Fetch] is the caller's until
//     [Buffers.Put], and no garbage collector looks for what is not put back.
//   - A Pool owns its descriptors and goroutines; Close gives them back.
package shard
