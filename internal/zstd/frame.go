package zstd

import (
	"encoding/binary"
	"errors"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/huff0"
)

const (
	frameMagic    = 0xfd2fb528
	skippable     = 0x184d2a50 // the first of 16 kinds of frames that hold no content
	maxBlock      = 128 << 10  // the most that a block holds, decoded or not
	maxWindow     = 128 << 20  // how far back a library looks
	checksumFlag  = 1 << 2     // of a frame's descriptor
	reservedFlag  = 1 << 3
	oneSegment    = 1 << 5
	checksumBytes = 4
)

var (
	errFrame    = errors.New("damaged zstd frame")
	errBlock    = errors.New("damaged zstd block")
	errSize     = errors.New("its zstd frames hold fewer or more bytes than it claims")
	errChecksum = errors.New("zstd checksum does not match")
	errDict     = errors.New("zstd frame needs a dictionary")
)

// frames decodes frames.
type frames struct {
	kernel    bool // whether it may be used
	sequences sequences
	literals  [maxBlock + overread]byte
	huffman   huff0.Scratch
	hasCodes  bool // huffman holds the codes of a block of this frame
	sum       xxhash.Digest
}

// decode fills dst with the content of the frames in src.
func (d *frames) decode(dst, src []byte) error {
	defer d.sequences.forget()
	for len(src) > 0 {
		if len(src) < 8 {
			return errFrame
		}
		magic := binary.LittleEndian.Uint32(src)
		if magic&^15 == skippable {
			n := uint64(binary.LittleEndian.Uint32(src[4:])) + 8
			if n > uint64(len(src)) {
				return errFrame
			}
			src = src[n:]
			continue
		}
		if magic != frameMagic {
			return errFrame
		}
		n, rest, err := d.frame(dst, src[4:])
		if err != nil {
			return err
		}
		dst, src = dst[n:], rest
	}
	if len(dst) > 0 {
		return errSize
	}
	return nil
}

// frame decodes the frame in src, without its magic number, to the beginning of dst.
func (d *frames) frame(dst, src []byte) (n int, rest []byte, err error) {
	h, src, err := header(src)
	if err != nil {
		return 0, nil, err
	}
	if h.sized {
		if h.size > uint64(len(dst)) {
			return 0, nil, errSize
		}
		dst = dst[:h.size]
	}
	d.hasCodes = false
	d.sequences.begin(dst, d.kernel)
	d.sum.Reset()
	for last := false; !last; {
		if len(src) < 3 {
			return 0, nil, errFrame
		}
		head := little(src[:3])
		last = head&1 != 0
		from := d.sequences.at
		if src, err = d.block(h, head>>1&3, int(head>>3), src[3:]); err != nil {
			return 0, nil, err
		}
		if h.checksum {
			d.sum.Write(dst[from:d.sequences.at]) // never fails
		}
	}
	if h.checksum {
		if len(src) < checksumBytes {
			return 0, nil, errFrame
		}
		if uint32(d.sum.Sum64()) != binary.LittleEndian.Uint32(src) {
			return 0, nil, errChecksum
		}
		src = src[checksumBytes:]
	}
	if n = d.sequences.at; h.sized && n != len(dst) {
		return 0, nil, errSize
	}
	return n, src, nil
}

// frameHeader is what the header of a frame says.
type frameHeader struct {
	checksum, sized bool
	size            uint64 // of the content, if it is sized
	most            int    // that a block holds
}

// header reads the header behind the magic number of a frame.
func header(src []byte) (h frameHeader, rest []byte, err error) {
	if len(src) < 1 {
		return h, nil, errFrame
	}
	flags := src[0]
	if flags&reservedFlag != 0 {
		return h, nil, errFrame
	}
	one := flags&oneSegment != 0
	dict := [4]int{0, 1, 2, 4}[flags&3]
	size := [4]int{0, 2, 4, 8}[flags>>6]
	h.checksum, h.sized = flags&checksumFlag != 0, size > 0 || one
	if one && size == 0 {
		size = 1
	}
	src = src[1:]
	window := uint64(0)
	if !one && len(src) > 0 {
		window = 1 << (10 + src[0]>>3)
		window += window / 8 * uint64(src[0]&7)
		src = src[1:]
	}
	if len(src) < dict+size {
		return h, nil, errFrame
	}
	for _, b := range src[:dict] {
		if b != 0 {
			return h, nil, errDict
		}
	}
	h.size = little(src[dict : dict+size])
	if size == 2 {
		h.size += 256
	}
	if one {
		window = h.size
	}
	h.most = int(min(window, maxBlock))
	return h, src[dict+size:], nil
}

// Types of blocks.
const (
	rawBlock = iota
	repeatBlock
	compressedBlock
)

// block decodes the block of the given type whose header, before src, says size.
func (d *frames) block(h frameHeader, how uint64, size int, src []byte) (rest []byte, err error) {
	s := &d.sequences
	if size > h.most {
		return nil, errBlock
	}
	stored := size
	if how == repeatBlock {
		stored = 1
	}
	if stored > len(src) {
		return nil, errFrame
	}
	src, rest = src[:stored], src[stored:]
	if how != compressedBlock && size > len(s.dst)-s.at {
		return nil, errSize
	}
	switch how {
	case rawBlock:
		s.at += copy(s.dst[s.at:], src)
	case repeatBlock:
		repeat(s.dst[s.at:s.at+size], src[0])
		s.at += size
	case compressedBlock:
		from := s.at
		if err = d.compressed(src); err == nil && s.at-from > h.most {
			err = errBlock
		}
	default:
		err = errBlock
	}
	return rest, err
}

// little returns the number that b holds, at most eight bytes, the lowest first.
func little(b []byte) (x uint64) {
	for i, v := range b {
		x |= uint64(v) << (8 * i)
	}
	return x
}

// repeat fills dst with x.
func repeat(dst []byte, x byte) {
	for i := range dst {
		dst[i] = x
	}
}
