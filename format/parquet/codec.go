package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"

	"github.com/stokerdata/stoker/internal/bulk"
	"github.com/stokerdata/stoker/internal/lz4"
	"github.com/stokerdata/stoker/internal/zstd"
)

// codec is parquet.thrift's CompressionCodec.
type codec int32

const (
	uncompressed codec = 0
	snappyCodec  codec = 1
	gzipCodec    codec = 2
	brotliCodec  codec = 4
	zstdCodec    codec = 6
	lz4RawCodec  codec = 7
)

// String returns the name that parquet.thrift uses.
func (c codec) String() string {
	names := [...]string{"UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW"}
	if c < 0 || int(c) >= len(names) {
		return fmt.Sprintf("codec %d", int32(c))
	}
	return names[c]
}

func (c codec) known() bool {
	switch c {
	case uncompressed, snappyCodec, gzipCodec, brotliCodec, zstdCodec, lz4RawCodec:
		return true
	}
	return false
}

// mostFrom returns the most bytes that n bytes decompress to, which for some
// codecs has no bound.
func (c codec) mostFrom(n int64) int64 {
	switch c {
	case uncompressed:
		return n
	case snappyCodec: // 64 bytes are copied by 3 (format_description.txt)
		return 22 * n
	case lz4RawCodec: // a byte of a length stands for 255 (lz4_Block_format.md)
		return 255*n + 64
	case gzipCodec: // 258 bytes are copied by 2 bits (RFC 1951)
		return 1032*n + 64
	}
	return math.MaxInt64
}

// tools is what the decoders of one goroutine share: codecs, made when first used,
// and memory for what is not needed for long.
type tools struct {
	src    bytes.Reader
	zstd   *zstd.Decoder
	gzip   *gzip.Reader
	brotli *brotli.Reader

	passing    []byte // the body of a page
	defs, reps []byte
	index      []uint32
	ints, more []int32
}

var errSize = errors.New("does not decompress to the size that its header states")

// decompress fills dst, which is exactly as long as src is when decompressed.
// It never writes beyond dst.
func (c *tools) decompress(dst, src []byte, by codec) error {
	switch by {
	case uncompressed:
		if len(src) != len(dst) {
			return errSize
		}
		bulk.Copy(dst, src)
		return nil
	case snappyCodec:
		return unsnappy(dst, src)
	case lz4RawCodec:
		if n, err := lz4.Block(dst, 0, src); err != nil {
			return err
		} else if n != len(dst) {
			return errSize
		}
		return nil
	case zstdCodec:
		return c.unzstd(dst, src)
	case gzipCodec:
		return c.unzip(dst, src)
	case brotliCodec:
		return c.unbrotli(dst, src)
	}
	return fmt.Errorf("unknown %v", by)
}

func unsnappy(dst, src []byte) error {
	if n, err := s2.DecodedLen(src); err != nil {
		return err
	} else if n != len(dst) {
		return errSize
	}
	if all := literal(src, len(dst)); all != nil {
		bulk.Copy(dst, all)
		return nil
	}
	_, err := s2.Decode(dst, src)
	return err
}

// literal returns the n bytes that src decompresses to by snappy where they lie in
// it, or nil if they do not: it is nothing but a literal (format_description.txt), as
// is most of what does not get smaller, such as the indexes of a large dictionary.
func literal(src []byte, n int) []byte {
	head := len(src) - n
	if n == 0 || head < 2 {
		return nil
	}
	size, k := binary.Uvarint(src[:head])
	if k <= 0 || k >= head || size != uint64(n) || src[k]&3 != 0 {
		return nil
	}
	long, stored := uint64(src[k]>>2), src[k+1:head] // the length less one, or how many bytes it takes
	if more := len(stored); more > 0 {
		if more > 4 || long != 59+uint64(more) {
			return nil
		}
		var b [8]byte
		copy(b[:], stored)
		long = binary.LittleEndian.Uint64(b[:])
	} else if long >= 60 {
		return nil
	}
	if long != size-1 {
		return nil
	}
	return src[head:]
}

func (c *tools) unzstd(dst, src []byte) error {
	if c.zstd == nil {
		c.zstd = new(zstd.Decoder)
	}
	return c.zstd.Decode(dst, src)
}

func (c *tools) unzip(dst, src []byte) (err error) {
	c.src.Reset(src)
	if c.gzip == nil {
		c.gzip, err = gzip.NewReader(&c.src)
	} else {
		err = c.gzip.Reset(&c.src)
	}
	if err != nil {
		return err
	}
	return readExactly(c.gzip, dst)
}

// unbrotli makes a new decoder behind an error: Reset keeps input that was left over,
// and the next page would begin with it.
func (c *tools) unbrotli(dst, src []byte) error {
	c.src.Reset(src)
	if c.brotli == nil {
		c.brotli = brotli.NewReader(&c.src)
	} else if err := c.brotli.Reset(&c.src); err != nil {
		return err
	}
	err := readExactly(c.brotli, dst)
	if err != nil {
		c.brotli = nil
	}
	return err
}

// readExactly fills dst and makes sure that r has nothing more, which also
// makes r check its own checksum.
func readExactly(r io.Reader, dst []byte) error {
	if _, err := io.ReadFull(r, dst); err == io.ErrUnexpectedEOF || err == io.EOF {
		return errSize
	} else if err != nil {
		return err
	}
	var one [1]byte
	switch n, err := r.Read(one[:]); {
	case n > 0:
		return errSize
	case err != nil && err != io.EOF:
		return err
	}
	return nil
}
