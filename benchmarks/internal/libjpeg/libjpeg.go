//go:build libjpeg && cgo

package libjpeg

// #cgo LDFLAGS: -ljpeg
// #cgo CFLAGS: -O3
// #cgo noescape stoker_open
// #cgo nocallback stoker_open
// #cgo noescape stoker_rgb
// #cgo nocallback stoker_rgb
// #cgo noescape stoker_coefficients
// #cgo nocallback stoker_coefficients
// #include "wrapper.h"
import "C"

import (
	"errors"
	"fmt"
	"image"
	"unsafe"
)

// Version is that of the library's headers.
const Version = "libjpeg-turbo " + C.STOKER_VERSION

// ErrWarned is wrapped by errors of files that the library decodes somehow.
var ErrWarned = errors.New("libjpeg: the file is damaged")

// Decoder decodes one file at a time; its memory is used again for the next.
// The zero Decoder is ready.
type Decoder struct {
	// Careful has the library look at all bits. Where it is in a hurry, it takes
	// those that are no Huffman code without a warning. It is set before Open.
	Careful bool

	c    *C.stoker
	data []byte
}

// Header is what a file says of itself.
type Header struct {
	Width, Height int
	Components    int
	Progressive   bool
}

// Full is the window that holds all pixels.
func (h Header) Full() image.Rectangle { return image.Rect(0, 0, h.Width, h.Height) }

// Open reads the header of a file, which must not change until the next Open.
func (d *Decoder) Open(data []byte) (Header, error) {
	if d.c == nil {
		careful := C.int(0)
		if d.Careful {
			careful = 1
		}
		d.c = C.stoker_new(careful)
	}
	if len(data) == 0 {
		return Header{}, errors.New("libjpeg: the file is empty")
	}
	d.data = data
	var h C.stoker_header
	if C.stoker_open(d.c, ptr(data), C.ulong(len(data)), &h) != 0 {
		return Header{}, d.error()
	}
	return Header{int(h.width), int(h.height), int(h.components), h.progressive != 0}, nil
}

// RGB decodes a window of the file last opened, with the accurate inverse
// transform and smooth upsampling, into the packed pixels dst. A window that is
// not all of the image is decoded by jpeg_crop_scanline and jpeg_skip_scanlines:
// chroma next to its left and right edges then differs from that of all pixels.
func (d *Decoder) RGB(dst []byte, window image.Rectangle) error {
	if len(dst) < 3*window.Dx()*window.Dy() || window.Empty() {
		return errors.New("libjpeg: dst is too short for the window")
	}
	var warnings C.long
	code := C.stoker_rgb(d.c, ptr(d.data), C.ulong(len(d.data)), C.int(window.Min.X), C.int(window.Min.Y), C.int(window.Dx()), C.int(window.Dy()), ptr(dst), &warnings)
	if code != 0 {
		return d.error()
	}
	if warnings > 0 {
		return fmt.Errorf("%w: %s", ErrWarned, C.GoString(&d.c.message[0]))
	}
	return nil
}

// Coefficients decodes the coefficients of the file last opened and leaves it
// at that.
func (d *Decoder) Coefficients() error {
	if C.stoker_coefficients(d.c, ptr(d.data), C.ulong(len(d.data))) != 0 {
		return d.error()
	}
	return nil
}

// Exact tells whether the library has one answer for all files. Before version
// 3.1 it has not for those that are not Plain.
const Exact = C.STOKER_EXACT != 0

// Plain reports whether the file last opened has all bits of its coefficients,
// and whether these are no larger than those of pictures, so that no sum of them
// overflows.
func (d *Decoder) Plain() (bool, error) {
	var plain C.int
	if C.stoker_plain(d.c, ptr(d.data), C.ulong(len(d.data)), &plain) != 0 {
		return false, d.error()
	}
	return plain != 0, nil
}

// Close frees memory.
func (d *Decoder) Close() {
	if d.c != nil {
		C.stoker_free(d.c)
		d.c = nil
	}
}

func (d *Decoder) error() error { return fmt.Errorf("libjpeg: %s", C.GoString(&d.c.message[0])) }

func ptr(b []byte) *C.uchar { return (*C.uchar)(unsafe.SliceData(b)) }
