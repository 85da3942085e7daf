// Package tiff decodes TIFF files for vision.Decode, which knows them where it is
// told so:
//
//	vision.Decode{Codecs: []vision.Codec{tiff.Codec{}}}
//
// It is a package of its own because few need it and it costs more than others:
// golang.org/x/image decodes the files, and allocates up to 16 bytes for each of
// the pixels that Limits let pass, however few bytes a file has. It knows grey
// and colours of 8 and 16 bits, palettes and black and white, in strips and
// tiles, plain or compressed by PackBits, LZW, Deflate and CCITT fax codes.
package tiff
