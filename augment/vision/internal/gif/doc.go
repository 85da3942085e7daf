// Package gif decodes the first frame of GIF files into 8-bit RGB or grey pixels,
// as Pillow's convert does: on a canvas of the colour that is transparent or,
// without one, of the first colour.
//
//	var c gif.Codec
//	h, w, channels, err := c.Size(data)
//	...
//	pix := make([]byte, h*w*channels)
//	err = c.Decode(pix, data, h, w)
//
// Frames without a palette, or with one that is the grey ramp, are grey. An
// index beyond the palette is an error, except for the one that is transparent.
// What follows the frame is not looked at. Tables, and room for a frame that is
// interlaced or smaller than the canvas, are kept for the next file.
package gif
