// Package cache remembers what the rows of a source look like behind its first
// transforms, in memory or on a fast drive, so that only the first epoch reads
// and decodes them:
//
//	src, err := raw.Open("train/", raw.Options{Label: raw.ParentDir})
//	...
//	cached, err := cache.Open(src, cache.Options{
//		Transforms: []loader.Transform{vision.Decode{}, vision.Resize{Size: 256}, vision.CenterCrop{Size: 256}},
//		Bytes:      8 << 30,
//		Dir:        "/nvme/cache", // in memory without it
//	})
//	...
//	ld, err := loader.New(cached, loader.Config{
//		BatchSize: 256, Order: loader.Shuffle{},
//		Transforms: []loader.Transform{vision.RandomCrop{Size: 224}, vision.FlipH{P: 0.5}},
//	})
//	...
//	defer ld.Close() // closes cached and src too
//
// A row is cached by the worker that makes it first, until Bytes are full; the
// rows that find no room are made anew each time. Nothing is ever put out for
// another row, as an epoch comes to all of them equally often. Batches are the
// same bytes with a cold cache and with a warm one, and the same as without any,
// where no transform behind the cache has its like in front of it: those in front
// do not count when the loader numbers transforms of one type.
//
// # What can be cached
//
// Transforms that work on single rows, keep all of them, and draw no random
// numbers: those would be the same in every epoch. A draw is an error of its
// row that names the transform. The source must be a loader.RandomSource: one
// that is read in blocks would have to read a block for each row that is not
// cached yet.
//
// # On a drive
//
// A folder holds a cache for each pipeline, below a name that is made of what
// identifies the source (its Fingerprint and the sizes of its blocks), of the
// transforms and of Options.Version. It is for the next run to go on with. Files
// of some MiB appear in it whole and never change. Each row has a checksum and
// its number in it: one that is damaged is made anew, as are those of a crash
// that have not come to be written.
//
// Several processes may share a folder. Each numbers its files where the others
// have not, and finds theirs whenever it writes one of its own; together they
// stay at about Bytes. Caches of other pipelines do not count: whoever changes a
// pipeline for good removes the sub-folders that are left.
//
// Not everything shows in a fingerprint. That of package raw is made of the names
// and sizes of files: other pictures under the same names need another Version.
// So does what a function in a transform does.
//
// # Ownership
//
// What a row lends is memory of the cache, or of a read buffer, and stays as it
// is until Rows.Close. Stages copy it on the first write (loader.Worker.Mutable).
// The memory comes on top of loader.Config.Memory: Bytes, or with a Dir 16 MiB
// and as much again for each reader that is writing a file; and 8 bytes for each
// row of the source. The package starts no goroutines: files are written where
// rows are read, in OpenRows, and by Close.
package cache
