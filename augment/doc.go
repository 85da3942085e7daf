// Package augment combines transforms of rows into others. The transforms
// themselves live in packages of their own, one for each kind of data: vision,
// tabular, text, audio.
//
//	Transforms: []loader.Transform{
//		vision.Decode{},
//		augment.Filter{Name: "no blanks", Field: "label", Keep: func(t loader.Tensor) bool {
//			return loader.View[int32](t)[0] >= 0
//		}},
//		augment.OneOf{Transforms: []loader.Transform{
//			vision.RandomResizedCrop{Size: 224},
//			augment.Compose{vision.Resize{Size: 256}, vision.CenterCrop{Size: 224}},
//		}},
//		augment.RandomApply{P: 0.8, Transforms: []loader.Transform{
//			vision.ColorJitter{Brightness: 0.4, Contrast: 0.4},
//		}},
//	}
//
// Children are bound with their parent, in order, so that all errors about
// fields come from loader.New. Only transforms of rows can be combined. Where it
// depends on a draw which children run, the fields must come out alike either
// way: the same shapes, types and meanings.
//
// Each child draws from a stream of its own, found by its parent, its type and
// its number among children of that type. Inserting one of another type does
// not move the draws of the rest. Combinators keep no memory between samples and
// allocate none.
package augment
