package jpeg

import (
	"errors"
	"fmt"
	"image"
)

// What errors wrap. The text of an error says at which byte of the file, or at
// which MCU, it came about.
var (
	// ErrFormat says that a file is damaged, or no JPEG file at all.
	ErrFormat = errors.New("damaged JPEG data")
	// ErrUnsupported says that a file is of a kind that is not decoded.
	ErrUnsupported = errors.New("unsupported JPEG data")
	// ErrLimit says that a file asks for more than Options allow.
	ErrLimit = errors.New("beyond the limits")
)

// Options bounds and adjusts decoding. The zero value is ready to use.
type Options struct {
	// MaxPixels bounds height times width, unscaled. Zero means 100,000,000.
	MaxPixels int64
	// MaxBytes bounds the memory for samples and coefficients, which is
	// reckoned before any of it is allocated. Zero means 1 GiB. A baseline file
	// needs a few rows of samples, a progressive one 2 bytes for each sample.
	MaxBytes int64
	// MaxScans bounds the scans of a file. Zero means 64: encoders write up to
	// some 15, and each costs a pass over the whole image, however few bytes it
	// has.
	MaxScans int
	// Scale decodes at a half, a quarter or an eighth of height and width, for
	// Scale 2, 4 and 8; zero means 1. Of each block only the lowest frequencies
	// are transformed, as in libjpeg and Pillow's draft mode, whose bytes these
	// are. That takes a little less time, as most of it goes into reading bits,
	// and gives other pixels than a resize would: less sharp ones, with aliasing.
	Scale int
	// Truncated says what becomes of a file whose data ends too early. Zero
	// means an error.
	Truncated Truncation
	// MissingTables makes the standard Huffman tables (K.3) stand in where a
	// baseline file has none, as the frames of Motion JPEG.
	MissingTables bool
}

// Truncation is what becomes of a file whose data ends too early.
type Truncation uint8

const (
	// Refuse gives an error that wraps ErrFormat.
	Refuse Truncation = iota
	// Fill gives what there is, and for the rest what libjpeg leaves there: grey
	// where blocks are missing, and less detail where later scans are. With it,
	// segments that end too early before a restart marker are filled, too.
	// Decoder.Incomplete tells that it has happened.
	Fill
)

const (
	defaultMaxPixels = 100_000_000
	defaultMaxBytes  = 1 << 30
	defaultMaxScans  = 64
)

// withDefaults returns o with its zeros replaced.
func (o Options) withDefaults() Options {
	if o.MaxPixels <= 0 {
		o.MaxPixels = defaultMaxPixels
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.MaxScans <= 0 {
		o.MaxScans = defaultMaxScans
	}
	return o
}

// A Decoder decodes one file after the other. The zero value is ready to use,
// by one goroutine at a time. It keeps its memory, so that decoding images no
// larger than those before allocates nothing.
type Decoder struct {
	Options Options

	options Options // with defaults
	data    []byte
	opened  bool
	stored  bool // by several scans, in store
	smooth  bool // what scans have not told is estimated
	parser  parser
	frame   frame
	scan    scanner
	store   store
	strip   strip
}

// Header is what a file says of itself.
type Header struct {
	Width, Height int // in pixels, scaled
	Components    int // 1 grey, 3 colours, 4 inks
	Progressive   bool
	// Orientation is how the image is to be turned, 1 to 8 as in EXIF, 1 if the
	// file does not say. Pixels are decoded as they are stored.
	Orientation int
	// Sampling holds how many samples across and down the components have in
	// relation to each other: 2x2, 1x1, 1x1 for what is called 4:2:0.
	Sampling [4]image.Point
	MCU      image.Point // pixels that are coded together, scaled
}

// A Sink takes rows of an image, from the top.
type Sink interface {
	// Row takes row y of a window, red, green and blue by turns. The row is
	// borrowed until Row returns. Its capacity exceeds its length by 64 bytes
	// or more. An error ends the decoding.
	Row(y int, rgb []uint8) error
}

// Open reads a file up to its first scan. It borrows data until the next Open.
func (d *Decoder) Open(data []byte) (Header, error) {
	d.options = d.Options.withDefaults()
	d.data, d.opened = data, false
	if s := d.options.Scale; s != 1 && s != 2 && s != 4 && s != 8 {
		return Header{}, fmt.Errorf("jpeg: a scale of 1/%d: %w", s, ErrUnsupported)
	}
	d.parser.reset(data)
	if err := d.parser.toScan(); err != nil {
		return Header{}, fmt.Errorf("jpeg: %w", err)
	}
	if d.options.MissingTables {
		d.parser.standardCodes()
	}
	if err := d.frame.set(&d.parser, d.options.Scale); err != nil {
		return Header{}, fmt.Errorf("jpeg: %w", err)
	}
	d.scan.reset(d.options.Truncated)
	if err := d.scan.set(&d.parser, &d.frame); err != nil {
		return Header{}, fmt.Errorf("jpeg: %w", err)
	}
	d.stored = d.frame.progressive || d.scan.header.n < d.frame.n
	if err := d.check(); err != nil {
		return Header{}, fmt.Errorf("jpeg: %w", err)
	}
	d.opened, d.store.full, d.store.err = true, false, nil
	h := d.frame.header()
	h.Orientation = d.parser.orientation
	return h, nil
}

// check holds what the frame asks for against the limits, and against the length
// of the file: each block has at least a bit of it.
func (d *Decoder) check() error {
	f := &d.frame
	if n := int64(f.fileWidth) * int64(f.fileHeight); n > d.options.MaxPixels {
		return fmt.Errorf("%dx%d pixels, the limit is %d: %w", f.fileWidth, f.fileHeight, d.options.MaxPixels, ErrLimit)
	}
	n := f.stripBytes()
	if d.stored {
		n += f.storeBytes()
	}
	if n > d.options.MaxBytes {
		return fmt.Errorf("%d bytes of memory, the limit is %d: %w", n, d.options.MaxBytes, ErrLimit)
	}
	if n := f.leastBits(); n > 8*int64(len(d.data)) {
		return fmt.Errorf("%d bytes cannot hold %dx%d pixels: %w", len(d.data), f.fileWidth, f.fileHeight, ErrFormat)
	}
	return nil
}

var errWindow = errors.New("jpeg: no file is open, or the window is not within the image")

// Rows decodes a window of the opened file and hands over its rows. Blocks
// outside of the window are passed over, and nothing is read of what lies below
// it: damage there goes unseen.
func (d *Decoder) Rows(window image.Rectangle, to Sink) error {
	if !d.opened || window.Empty() || !window.In(image.Rect(0, 0, d.frame.width, d.frame.height)) {
		return errWindow
	}
	return d.rows(window, target{sink: to})
}

// RGB decodes a window of the opened file into memory, as Rows does. The rows of
// dst begin stride bytes apart; what is between them stays as it is.
func (d *Decoder) RGB(dst []uint8, stride int, window image.Rectangle) error {
	if !d.opened || window.Empty() || !window.In(image.Rect(0, 0, d.frame.width, d.frame.height)) {
		return errWindow
	}
	n := 3 * window.Dx()
	if stride < n || (len(dst)-n)/stride < window.Dy()-1 || len(dst) < n {
		return fmt.Errorf("jpeg: %d bytes with rows of %d are too few for %v", len(dst), stride, window)
	}
	return d.rows(window, target{dst: dst, stride: stride})
}

// rows decodes strip by strip: one or two rows of MCUs at a time, so that samples
// are still in the first caches when they become colours.
func (d *Decoder) rows(window image.Rectangle, to target) error {
	f, s := &d.frame, &d.strip
	s.set(f, window, d.tall())
	if err := d.start(); err != nil {
		return fmt.Errorf("jpeg: %w", err)
	}
	for s.begin(); s.count > 0; s.next(f) {
		if d.stored {
			d.transform(s)
		} else if err := d.scan.fill(s); err != nil {
			return fmt.Errorf("jpeg: %w", err)
		}
		s.edges(f)
		if err := s.emit(f, to); err != nil {
			return err
		}
	}
	return nil
}

// tall returns how many rows of MCUs a strip has: two if an index tells where both
// of them begin, and there may be memory for them.
func (d *Decoder) tall() int {
	if d.scan.index.on && d.scan.interval == 0 && 2*d.frame.stripBytes() <= d.options.MaxBytes {
		return 2
	}
	return 1
}

// Incomplete reports whether what has been decoded last lacks data, which the
// policy Fill has made up for.
func (d *Decoder) Incomplete() bool { return d.scan.filled }

// start gets ready for the first strip.
func (d *Decoder) start() error {
	switch {
	case !d.stored:
		d.scan.filled = false
		return d.scan.start(&d.strip)
	case !d.store.full:
		d.store.full = true // a second time would give the same
		d.store.err = d.fill()
	}
	return d.store.err
}

// A target takes rows: a Sink, or memory.
type target struct {
	sink   Sink
	dst    []uint8
	stride int
}
