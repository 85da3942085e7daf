// Package png decodes PNG files into 8-bit RGB or grey pixels, as Pillow's
// convert does: alpha and transparent colours are dropped and not blended, and
// of 16 bits the upper 8 are taken.
//
//	var c png.Codec
//	h, w, channels, err := c.Size(data)
//	...
//	pix := make([]uint8, h*w*channels)
//	err = c.Decode(pix, data, h, w)
//
// Of an animation it decodes the default image. Everything must be whole: every
// checksum, the end of the file, and indices within the palette. Rows go from
// the stream straight to their place. What a decoder needs beside is the window
// of the stream, two rows, and a copy of compressed data that lies in several
// chunks; it is kept for the next file.
package png
