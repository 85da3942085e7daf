//go:build !linux

package sysio

import "errors"

// A Ring is an io_uring of Linux, which this platform has not.
type Ring struct{}

// NewRing returns [errors.ErrUnsupported].
func NewRing(int) (*Ring, error) { return nil, errors.ErrUnsupported }

// Room returns 0.
func (*Ring) Room() int { return 0 }

// Read does nothing.
func (*Ring) Read(File, []byte, int64, int) {}

// Wait returns [errors.ErrUnsupported].
func (*Ring) Wait(int) error { return errors.ErrUnsupported }

// Next returns that there is nothing.
func (*Ring) Next() (d Done, ok bool) { return d, false }

// Close does nothing.
func (*Ring) Close() error { return nil }
