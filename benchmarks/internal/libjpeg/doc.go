// Package libjpeg calls libjpeg-turbo, the decoder that the others are measured
// against. It is empty unless built with the tag libjpeg, which takes cgo and
// the headers of the library (Debian: libjpeg-dev).
//
//	var d libjpeg.Decoder
//	defer d.Close()
//	h, err := d.Open(data)
//	...
//	err = d.RGB(dst, h.Full()) // what Pillow makes of it, byte by byte
package libjpeg
