// Package shapes generates pictures of geometric shapes with exact labels: for
// classification, detection, segmentation and key points, and for trying out a
// pipeline before there is data.
//
//	gen, err := shapes.New(shapes.Config{Height: 128, Width: 128, MaxShapes: 5})
//	...
//	src := synth.New(gen, 100_000, 1)
//
// A sample has these fields:
//
//	image   uint8 (height, width, 3), or uint8 (?) the bytes of a file (Config.Encoded)
//	boxes   float32 (n, 4)   on image: one per shape, the frontmost first
//	labels  int32 (n)        follows boxes: the shape's class
//	mask    uint8 (height, width) on image: 1 + the row of boxes that owns the pixel, 0 for the ground
//	points  float32 (n, 3, 3) on image, follows boxes: centre, left-most and right-most point of each shape
//	label   int32            class of the shape that shows the most pixels
//
// Edges are anti-aliased; a pixel belongs to the frontmost shape that covers at
// least half of it. All geometry and colour is done in whole numbers, so a
// picture has the same bytes on every kind of processor.
package shapes
