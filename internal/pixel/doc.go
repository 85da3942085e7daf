// Package pixel holds the loops over pixels: plain functions on 8-bit images
// that know nothing of samples, drawn numbers or fields.
//
// Where Pillow has the operation, the bytes are Pillow's:
//
//	var r pixel.Resizer
//	src := pixel.Image{Pix: rgb, Stride: 3 * 500, W: 500, H: 375, C: 3}
//	dst := pixel.Image{Pix: out, Stride: 3 * 224, W: 224, H: 224, C: 3}
//	r.Resize(dst, src.Crop(10, 20, 300, 300), pixel.Bilinear)
//
// An Image borrows its memory. Functions allocate nothing, except that a
// Resizer grows its memory, and may be called from several goroutines at once
// on different destinations. Every product that feeds a sum is converted
// explicitly, so that all platforms give the same bits.
package pixel
