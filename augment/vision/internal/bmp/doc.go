// Package bmp decodes Windows and OS/2 bitmaps into 8-bit RGB pixels, as
// Pillow's convert does: of 1, 4 and 8 bits with a palette, plain or run-length
// encoded, and of 16, 24 and 32 bits, whose alpha is dropped.
//
//	var c bmp.Codec
//	h, w, channels, err := c.Size(data)
//	...
//	pix := make([]byte, h*w*channels)
//	err = c.Decode(pix, data, h, w)
//
// It keeps nothing and allocates nothing.
package bmp
