//go:build !libjpeg || !cgo

package main

import (
	"image"
)

// turbo stands for libjpeg-turbo, which is not here.
type turbo struct{}

func newTurbo() (*turbo, string, error) { return nil, "", errNoTurbo }

// RGB decodes nothing.
func (*turbo) RGB([]byte, image.Rectangle) error { return errNoTurbo }

// Coefficients decodes nothing.
func (*turbo) Coefficients() error { return errNoTurbo }

func (*turbo) open([]byte) (image.Point, error) { return image.Point{}, errNoTurbo }
