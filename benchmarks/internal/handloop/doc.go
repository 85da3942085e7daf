// Package handloop is the tail of an image pipeline as a loop by hand: a window
// of packed pixels, perhaps mirrored, plane by plane. Loaders that compile their
// pipelines come down to such a loop, so it is a limit to measure against.
//
//	handloop.Go(dst, rgb[3*(256*y+x):], 3*256, 224, flip)
//
// InC is the same, compiled by a C compiler for the machine at hand; it is there
// when built with the tag libjpeg, which stands for all that takes cgo.
package handloop
