// Package jpegenc writes JPEG files of the kinds that the encoder of the standard
// library does not: 4:4:4 and progressive, beside 4:2:0 and grey. It is for making
// data to measure on, and so transforms a picture once and encodes it at any
// number of qualities:
//
//	p := jpegenc.New(rgb, width, height, jpegenc.Subsampled)
//	small, large := p.Encode(60, jpegenc.Baseline), p.Encode(95, jpegenc.Progressive)
//
// Files have the tables and, where they are progressive, the scans that
// libjpeg writes at its defaults. All arithmetic is in whole numbers: a picture
// has the same bytes on every machine.
package jpegenc
