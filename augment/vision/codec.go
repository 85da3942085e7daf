package vision

import (
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/augment/vision/internal/bmp"
	"github.com/stokerdata/stoker/augment/vision/internal/gif"
	"github.com/stokerdata/stoker/augment/vision/internal/png"
	"github.com/stokerdata/stoker/augment/vision/internal/webp"
	"github.com/stokerdata/stoker/internal/exif"
	"github.com/stokerdata/stoker/internal/pixel"
)

// Codec decodes files of one format. Those in Decode.Codecs come before the ones
// that Decode has, which they may so replace. A Codec is part of a transform's
// configuration, so a plain value; several goroutines use it at once, and what
// it keeps from file to file stands in a sync.Pool. Decode turns panics into
// errors, but cannot if they happen on other goroutines.
type Codec interface {
	// Match reports whether data begins as files of the format do.
	Match(data []byte) bool

	// Size returns what a file says of itself before its pixels: channels is 3
	// for red, green and blue, and 1 for grey. It allocates nothing that grows
	// with these numbers. The caller compares them with Limits, and makes the
	// room for the pixels then.
	Size(data []byte) (height, width, channels int, err error)

	// Decode writes the height·width·channels samples of a file to dst, row by
	// row without gaps. height and width are those that Size returned.
	Decode(dst, data []byte, height, width int) error
}

// ExifCodec is a Codec of files that may say which way is up. Decode.Orient asks
// for it.
type ExifCodec interface {
	Codec

	// Exif returns the EXIF part of a file, from its TIFF header on, or nothing
	// if there is none.
	Exif(data []byte) []byte
}

// codecs lists what Decode has beside package jpeg.
var codecs = []Codec{png.Codec{}, webp.Codec{}, gif.Codec{}, bmp.Codec{}}

// others lists formats that no codec is here for, by what stands where in a file.
var others = [...]struct {
	at            int
	bytes, format string
}{
	{0, "II*\x00", "TIFF"},
	{0, "MM\x00*", "TIFF"},
	{4, "ftypavi", "AVIF"},
	{4, "ftyphei", "HEIC"},
	{4, "ftyphev", "HEIC"},
	{4, "ftypmif1", "HEIF"},
	{4, "ftypmsf1", "HEIF"},
	{0, "\x00\x00\x00\x0cJXL ", "JPEG XL"},
	{0, "\xff\x0a", "JPEG XL"},
	{0, "\x00\x00\x00\x0cjP  ", "JPEG 2000"},
	{0, "\xff\x4f\xff\x51", "JPEG 2000"},
	{0, "8BPS", "Photoshop"},
}

// match returns the first codec in a list that is for a file, nil if there is
// none. One that panics is not.
func match(list []Codec, data []byte) (found Codec) {
	for _, c := range list {
		_ = guard(func() error {
			if c.Match(data) {
				found = c
			}
			return nil
		})
		if found != nil {
			break
		}
	}
	return found
}

// unknown says what a file is that no codec is for.
func unknown(data []byte) error {
	if len(data) == 0 {
		return errors.New("the file is empty")
	}
	for _, o := range others {
		if end := o.at + len(o.bytes); len(data) >= end && string(data[o.at:end]) == o.bytes {
			return fmt.Errorf("a file in the format %s, which needs a codec in Decode.Codecs", o.format)
		}
	}
	return fmt.Errorf("the format is not known, the file begins with % x", data[:min(len(data), 8)])
}

// header is what is known of a file before its pixels are decoded.
type header struct {
	codec Codec
	stored
	channels int
}

// header checks what a file says of itself against the limits.
func (d *decoding) header(data []byte) (header, error) {
	h := header{stored: stored{turn: 1}}
	if int64(len(data)) > d.Limits.Bytes {
		return h, fmt.Errorf("%d bytes, the limit is %d", len(data), d.Limits.Bytes)
	}
	if h.codec = match(d.Codecs, data); h.codec == nil {
		h.codec = match(codecs, data)
	}
	if h.codec == nil {
		return h, unknown(data)
	}
	err := guard(func() (err error) {
		h.h, h.w, h.channels, err = h.codec.Size(data)
		if c, ok := h.codec.(ExifCodec); ok && d.Orient && err == nil {
			h.turn = exif.Orientation(c.Exif(data))
		}
		return err
	})
	if err != nil {
		return h, err
	}
	if h.channels != 1 && h.channels != 3 {
		return h, fmt.Errorf("%d channels, can be 1 or 3", h.channels)
	}
	return h, d.Limits.check(h.size)
}

// decode writes pixels to dst, which has no gaps and the size of the header.
func (h *header) decode(dst pixel.Image, data []byte) error {
	n := h.h * h.w
	into := dst.Pix[: 3*n : 3*n]
	if h.channels == 1 {
		into = into[2*n:]
	}
	err := guard(func() error { return h.codec.Decode(into, data, h.h, h.w) })
	if err == nil && h.channels == 1 {
		repeat(dst.Pix[:3*n])
	}
	return err
}

// repeat makes colours of the grey that the last third of pix holds. Each pixel
// is read before those that are written reach it.
func repeat(pix []byte) {
	for i, v := range pix[len(pix)/3*2:] {
		p := pix[3*i : 3*i+3 : 3*i+3]
		p[0], p[1], p[2] = v, v, v
	}
}

// guard turns a panic of the codec that f calls into an error. It is the only
// place that does so: codecs see hostile bytes, and start no goroutine.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the decoder panicked: %v", r)
		}
	}()
	return f()
}
