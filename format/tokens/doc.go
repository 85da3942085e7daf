// Package tokens reads files of token numbers, as language models are trained on:
// the flat .bin files of nanoGPT and llm.c, and Megatron's .bin with its .idx.
//
//	src, err := tokens.Open("train_*.bin", tokens.Options{Window: 2048, Targets: true})
//	...
//	ld, err := loader.New(src, loader.Config{BatchSize: 16, Order: loader.Shuffle{}})
//	...
//	for b, err := range ld.All(ctx) {
//		if err != nil {
//			return err
//		}
//		step(loader.View[int32](b.Tensor("tokens")), loader.View[int32](b.Tensor("targets")))
//	}
//
// [Open] cuts files into windows of equal length, wherever documents end.
// [OpenDocuments] gives document by document instead, and [Pack] puts several of
// them into one window. It does so with the lists of tokens of any other source as
// well, a column of a Parquet or Feather file or what text.Tokenize makes; and
// [Write] makes files of them, to be cut into windows.
//
// All sources are random access, so that any order is exact. A window is read by
// itself, or together with those beside it.
//
// # Ownership
//
// Tokens are widened from what was read straight into the batch, and nothing is
// lent.
package tokens
