package zstd

import (
	"github.com/klauspost/compress/zstd"
)

// Decoder decodes frames. The zero value is ready for use, by one goroutine at a time.
// It keeps 150 kB and more from one call to the next.
type Decoder struct {
	own     *frames
	library *zstd.Decoder
}

// Decode fills dst with the content of the frames in src, and writes nothing beside
// it. What an error leaves in dst is not specified.
func (d *Decoder) Decode(dst, src []byte) error {
	if !hasKernel() {
		return d.byLibrary(dst, src)
	}
	if d.own == nil {
		d.own = &frames{kernel: true}
	}
	return d.own.decode(dst, src)
}

// byLibrary is Decode where there is no kernel. The library is slower than the kernel,
// and faster than its twin.
func (d *Decoder) byLibrary(dst, src []byte) (err error) {
	if d.library == nil {
		d.library, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true),
			zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return err
		}
	}
	out, err := d.library.DecodeAll(src, dst[:0:len(dst)])
	if err == nil && len(out) != len(dst) {
		err = errSize
	}
	return err
}
