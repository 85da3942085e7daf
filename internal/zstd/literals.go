package zstd

import "github.com/klauspost/compress/huff0"

// Types of literals.
const (
	rawLiterals = iota
	repeatLiterals
	codedLiterals
	sameCodes // of the block before
)

// literalsHeader is what the header of the literals of a block says.
type literalsHeader struct {
	how          byte
	size, stored int
	streams      int
}

// compressed decodes the block in src: literals, and sequences that say where they go.
func (d *frames) compressed(src []byte) error {
	h, src, err := readLiteralsHeader(src)
	if err != nil {
		return err
	}
	if h.stored > len(src) || h.size > maxBlock {
		return errBlock
	}
	body, rest := src[:h.stored], src[h.stored:]
	n, rest, err := sequenceCount(rest)
	if err != nil {
		return err
	}
	s := &d.sequences
	if n == 0 { // the literals are the block
		if h.size > len(s.dst)-s.at {
			return errSize
		}
		if len(rest) > 0 {
			return errBlock
		}
		to := s.dst[s.at : s.at+h.size : s.at+h.size]
		s.at += h.size
		return d.fill(to, h, body)
	}
	if h.how == rawLiterals && len(rest) >= overread {
		s.literals = body // where they lie
	} else {
		s.literals = d.literals[:h.size]
		if err := d.fill(d.literals[:h.size:h.size], h, body); err != nil {
			return err
		}
	}
	return s.decode(n, rest)
}

// fill writes the literals in src to dst, which has their size.
func (d *frames) fill(dst []byte, h literalsHeader, src []byte) error {
	switch h.how {
	case rawLiterals:
		copy(dst, src)
		return nil
	case repeatLiterals:
		repeat(dst, src[0])
		return nil
	case codedLiterals:
		d.hasCodes = false
		_, rest, err := huff0.ReadTable(src, &d.huffman)
		if err != nil {
			return err
		}
		d.hasCodes, src = true, rest
	}
	if !d.hasCodes {
		return errBlock
	}
	var out []byte
	var err error
	d.huffman.MaxDecodedSize = len(dst)
	if h.streams == 1 {
		out, err = d.huffman.Decoder().Decompress1X(dst[:0], src)
	} else {
		out, err = d.huffman.Decoder().Decompress4X(dst[:0], src)
	}
	if err == nil && len(out) != len(dst) {
		err = errBlock
	}
	return err
}

// readLiteralsHeader reads the header at the beginning of src.
func readLiteralsHeader(src []byte) (h literalsHeader, rest []byte, err error) {
	if len(src) < 1 {
		return h, nil, errBlock
	}
	h.how, h.streams = src[0]&3, 1
	format := src[0] >> 2 & 3
	if h.how == rawLiterals || h.how == repeatLiterals {
		skip, n := [4]int{3, 4, 3, 4}[format], [4]int{1, 2, 1, 3}[format]
		if len(src) < n {
			return h, nil, errBlock
		}
		bits := little(src[:n])
		h.size = int(bits >> skip)
		h.stored = h.size
		if h.how == repeatLiterals {
			h.stored = 1
		}
		return h, src[n:], nil
	}
	if format > 0 {
		h.streams = 4
	}
	width, n := [4]int{10, 10, 14, 18}[format], [4]int{3, 3, 4, 5}[format]
	if len(src) < n {
		return h, nil, errBlock
	}
	bits := little(src[:n])
	h.size = int(bits >> 4 & (1<<width - 1))
	h.stored = int(bits >> 4 >> width)
	return h, src[n:], nil
}
