// Package loadertest checks implementations of the loader's interfaces, as
// testing/fstest checks file systems. Each kit drives one Source, Transform or
// Order through everything that the interface promises, alone and under a
// loader, and reports what does not hold:
//
//	func TestSource(t *testing.T) {
//		loadertest.Source(t, func() loader.Source { return open("testdata/small") })
//	}
//
//	func TestFlip(t *testing.T) {
//		loadertest.Transform(t, Flip{P: 0.5}, src)
//		loadertest.Allocs(t, src, loader.Config{BatchSize: 32, Transforms: []loader.Transform{Flip{P: 0.5}}}, 0)
//	}
//
// All, Digest, Row and Apply serve tests of one's own: the batches of a loader,
// a checksum of them, one row of a source, one transform on given values.
//
// Small data sets with awkward shapes are worth more than large ones: all rows
// are read many times. Kits count goroutines and allocations, so a test that
// calls one must not be parallel. Builds with the race detector find more, as
// the loader overwrites memory that was given back.
//
// Sources that are passed as such stay open and the caller's; those that a kit
// opens through a function, it closes.
package loadertest
