// Package loader streams batches of training data.
//
// A Source says where rows come from, an Order where each stands, Transforms
// what happens to them, and a Loader delivers them as batches:
//
//	src, err := raw.Open("train/", raw.Options{Label: raw.ParentDir})
//	...
//	ld, err := loader.New(src, loader.Config{
//		BatchSize: 256, Seed: 42, Epochs: 90,
//		Order:      loader.Shuffle{},
//		Transforms: []loader.Transform{vision.Decode{}, vision.RandomResizedCrop{Size: 224}},
//	})
//	... // a misspelt field or a shape that does not fit is reported here
//	defer ld.Close()
//	for b, err := range ld.All(ctx) {
//		if err != nil {
//			return err
//		}
//		step(loader.View[uint8](b.Tensor("image")), loader.View[int32](b.Tensor("label")))
//	}
//
// # What holds
//
// Which sample stands at which position of an epoch, and every byte of every
// batch, follow from the data, the seed, the epoch and the pipeline alone: not
// from Workers, Prefetch, GOMAXPROCS or timing. Each batch carries the State
// with which a later process goes on right behind it.
//
// # Who owns what
//
// A batch is the loader's, and valid until the loop body returns; Batch.Keep
// makes it last until Batch.Release. Inside a pipeline a Sample only borrows:
// bytes from the source are read-only and live until Rows.Close, a worker's
// scratch lives until the next stage that writes the same field. All goroutines
// start in Loader.All and have ended when it returns.
package loader
