// Package synth makes data sets out of generators. A Generator writes any row
// from the row's number and the random numbers that belong to it; New makes it a
// loader.RandomSource, so that shuffling, ranks, resuming and every transform
// work on it as on files, and nothing is stored:
//
//	gen, err := shapes.New(shapes.Config{Height: 64, Width: 64})
//	...
//	train := synth.New(gen, 1_000_000, 1) // rows, seed
//	valid := synth.New(gen, 10_000, 2)
//	ld, err := loader.New(train, loader.Config{BatchSize: 256, Seed: 42, Order: loader.Shuffle{}})
//
// Row i of a source is a function of the generator, the seed and i alone: it is
// the same in every epoch, in any order, on any number of workers and on every
// kind of processor. The seed of the loader does not change it.
//
// The sub-packages hold generators: pictures (shapes), tables (table), texts
// (texts) and sounds (tones). They are safe for concurrent use and write
// straight into the batch; none allocates per sample, but for the image encoders.
package synth
