// Package jpeg decodes JPEG files to red, green and blue: the bytes that Pillow
// gives, in less time than libjpeg-turbo takes.
//
//	var d jpeg.Decoder
//	h, err := d.Open(data)
//	if err != nil {
//		return err
//	}
//	rgb := make([]uint8, 3*h.Width*h.Height)
//	err = d.RGB(rgb, 3*h.Width, image.Rect(0, 0, h.Width, h.Height))
//
// A window smaller than the image gives the pixels that a crop of the whole
// would have, without the work on what lies outside. Rows hands pixels over row
// by row, so that no image needs to be held in memory.
package jpeg
