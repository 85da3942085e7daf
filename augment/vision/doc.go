// Package vision decodes and augments images, and with them the masks, boxes and
// key points that live on them.
//
//	Transforms: []loader.Transform{
//		vision.Decode{},
//		vision.RandomResizedCrop{Size: 224},
//		vision.FlipH{P: 0.5},
//		vision.ColorJitter{Brightness: 0.4, Contrast: 0.4, Saturation: 0.4},
//		vision.Normalize{},
//	}
//
// Images are uint8 (height, width, 3), red green blue, or with one channel, up
// to Normalize or ToTensor, which end the work on pixels. Resizing and colours
// give Pillow's bytes, draws follow torchvision's distributions, and every byte
// is the same on all processors.
//
// # What moves together
//
// A field whose Canvas is the image moves with it, by the same drawn numbers:
//
//   - a Mask, whole numbers (height, width), takes the nearest pixel;
//   - Boxes, float32 (n, 4), become the hull of their moved corners. Operations
//     that put parts out of sight clamp them, and drop those of which nothing,
//     or less than MinVisible, is left, from all fields that Follow them too;
//     n is announced as varying from there on;
//   - KeyPoints, float32 (n, 3), move forward. Those that end up out of sight
//     become absent (visibility 0), and absent ones stay as they are. Where left
//     and right change places, points change places with their Mirror partners.
//
// Coordinates are continuous pixels: pixel i covers [i, i+1), so that a mirrored
// x is width-x for boxes and points alike. Boxes may be fractions of a pixel
// wide. A field of another kind on the canvas is an error from loader.New:
// nothing is left behind silently.
//
// # Ownership
//
// Transforms are plain configuration. Their stages write into the batch where
// the loader lets them, change memory of the source never, and allocate nothing
// per sample, except that the decoders behind WebP and package tiff do. The tables
// that a resize needs are made when a size is first met and kept for all pipelines of
// the process, 32 MiB of them at most, which Config.Memory does not count.
package vision
