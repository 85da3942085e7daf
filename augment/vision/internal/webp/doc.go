// Package webp decodes WebP files, lossy and lossless, into 8-bit RGB pixels, as
// Pillow's convert does: alpha is dropped and not blended, and of an animation
// the first frame is taken, on a black canvas.
//
//	var c webp.Codec
//	h, w, channels, err := c.Size(data)
//	...
//	pix := make([]byte, h*w*channels)
//	err = c.Decode(pix, data, h, w)
//
// The container and the colours of lossy files are read by code of its own, the
// streams by golang.org/x/image, which allocates for each file: a copy of the
// data and memory for all samples.
package webp
