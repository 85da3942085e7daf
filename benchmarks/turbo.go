//go:build libjpeg && cgo

package main

import (
	"image"

	"github.com/stokerdata/stoker/benchmarks/internal/libjpeg"
)

// turbo decodes with libjpeg-turbo.
type turbo struct{ libjpeg.Decoder }

// newTurbo returns a decoder and its version.
func newTurbo() (*turbo, string, error) { return new(turbo), libjpeg.Version, nil }

// open reads the header of a file.
func (t *turbo) open(data []byte) (image.Point, error) {
	h, err := t.Open(data)
	return h.Full().Max, err
}
