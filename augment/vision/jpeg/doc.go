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
// by row, so that no image needs to be held in memory. An index, made once and
// kept beside a file, leads to the windows of a baseline file directly.
//
// # What is decoded
//
// Baseline, extended sequential and progressive files with Huffman coding and
// samples of 8 bits: grey, YCbCr and RGB with any sampling whose factors divide
// each other, and CMYK and YCCK, which become colours as in Pillow's convert. What
// else there is, 12 bits, arithmetic coding, lossless and hierarchical files, is
// refused by name with ErrUnsupported.
//
// Pixels are those of Pillow, that is of libjpeg-turbo on x86-64: the accurate
// integer transform, fancy upsampling, and estimates for what later scans of a
// progressive file would have told. That holds where numbers overflow, too, except
// that a sample at 1/2 may differ there. No colour profile is applied, and pixels
// are not turned as EXIF says; the Header tells the orientation.
//
// # Damage
//
// Whatever the bytes, the outcome is pixels or an error, in time and memory that
// Options bound. libjpeg warns of most damage and goes on, and Pillow does not
// pass the warnings on. Here it is an error where the bits are no Huffman code or
// lead out of a block, where a segment ends too early, and where a restart marker
// is missing or has another number. As in libjpeg, bytes between segments, left
// over at the end of one or behind the image are passed over, and scans of a
// progressive file may come in an order that makes no sense. Data that a window
// does not need is not looked at.
//
// # Memory
//
// Open borrows the file until the next Open; rows are lent for the time of a call.
// A Decoder keeps what it has allocated, so that it allocates nothing for images
// no larger than those before, and has some 170 kB of tables and buffers in any
// case: keep one for each goroutine.
package jpeg
