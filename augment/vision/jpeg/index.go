package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/internal/jpegsimd"
	"github.com/zeebo/xxh3"
)

// ErrIndex says that an index is damaged, or one of another file.
var ErrIndex = errors.New("no index of this JPEG file")

// IndexEvery is the usual distance of the entries of an index, in MCUs. Of 256
// images of the benchmarks, of 105 kB, random resized crops took
//
//	distance         4     8     16    32    no index
//	bytes a file     1955  1029  568   304   0
//	part of the time 0.74  0.75  0.76  0.77  1
const IndexEvery = 8

// An index is, with numbers as varints,
//
//	1 byte      version
//	4 numbers   the distance of entries, MCUs across and down, components
//	8 bytes     XXH3 of the file
//	entries     bits since the entry before, and differences to its predictors
//	8 bytes     XXH3 of all before
//
// Entries stand at every distance-th MCU of each row, from the first on. The first
// one counts from the beginning of the entropy-coded bytes of the file. Bits are
// those of the file: a stuffed byte has 8, too.
const (
	indexVersion = 1
	sumBytes     = 8
)

// index is the entries of a file.
type index struct {
	on     bool
	every  int
	across int // entries in a row of MCUs
	points []point
}

// A point is where an MCU begins.
type point struct {
	at   int // the byte of the file
	bit  int // of it, from the top
	pred [4]int32
}

// AppendIndex appends an index of the opened file to b. It tells where every
// n-th MCU of each row begins; zero means IndexEvery. It costs one pass over the
// bits of the file. Only files with one scan have one: the error of others wraps
// ErrUnsupported.
func (d *Decoder) AppendIndex(b []byte, n int) ([]byte, error) {
	if !d.opened {
		return b, errWindow
	}
	s := &d.scan
	if d.stored {
		return b, fmt.Errorf("jpeg: an index of a file with several scans: %w", ErrUnsupported)
	}
	if bytes.Contains(d.data[s.header.at:], []byte{0xff, 0xff}) {
		return b, fmt.Errorf("jpeg: an index of a file with fill bytes: %w", ErrUnsupported)
	}
	if n <= 0 {
		n = IndexEvery
	}
	begin := len(b)
	b = append(b, indexVersion)
	for _, v := range [4]int{n, s.mcusX, s.mcusY, d.frame.n} {
		b = binary.AppendUvarint(b, uint64(v))
	}
	b = binary.LittleEndian.AppendUint64(b, xxh3.Hash(d.data))
	b, err := s.appendPoints(b, n)
	if err != nil {
		return b[:begin], fmt.Errorf("jpeg: %w", err)
	}
	return binary.LittleEndian.AppendUint64(b, xxh3.Hash(b[begin:])), nil
}

// appendPoints goes through the scan and appends the entries.
func (s *scanner) appendPoints(b []byte, every int) ([]byte, error) {
	policy, filled := s.policy, s.filled
	defer func() { s.policy, s.filled = policy, filled }()
	s.policy = Refuse // what is not there has no place
	s.begin()
	last := point{at: s.header.at}
	for s.mcu < s.mcusX*s.mcusY {
		if s.left == 0 {
			if err := s.restart(); err != nil {
				return b, err
			}
		}
		p := s.point()
		b = binary.AppendUvarint(b, uint64(8*(p.at-last.at)+p.bit-last.bit))
		for i := range s.header.n {
			b = binary.AppendVarint(b, int64(p.pred[i]-last.pred[i]))
		}
		last = p
		if err := s.skip(min(every, s.mcusX-s.mcu%s.mcusX)); err != nil {
			return b, err
		}
	}
	return b, nil
}

// point returns where the next MCU begins.
func (s *scanner) point() point {
	f := &s.feed
	taken := f.bits.Taken()
	rest := f.buf[taken>>3 : f.end] // un-stuffed, and not taken yet
	return point{f.next - len(rest) - bytes.Count(rest, []byte{0xff}), taken & 7, s.pred}
}

// UseIndex makes Rows and RGB enter the opened file where index, which
// AppendIndex has made of the same file, says, instead of passing over all that
// lies before a window. The pixels are the same. The error wraps ErrIndex if the
// index is damaged or of another file; decoding goes on without one then.
func (d *Decoder) UseIndex(index []byte) error {
	d.scan.index.on = false
	if !d.opened || d.stored {
		return errWindow
	}
	if err := d.scan.readIndex(d.data, index); err != nil {
		return fmt.Errorf("jpeg: %w: %w", err, ErrIndex)
	}
	d.scan.index.on = true
	return nil
}

// readIndex reads an index, and believes what its sum and the file confirm.
func (s *scanner) readIndex(data, b []byte) error {
	if len(b) < 1+sumBytes || b[0] != indexVersion {
		return errors.New("another version, or cut off")
	}
	end := len(b) - sumBytes
	if xxh3.Hash(b[:end]) != binary.LittleEndian.Uint64(b[end:]) {
		return errors.New("a wrong sum")
	}
	r := numbers{b: b[1:end]}
	ix := &s.index
	ix.every = int(r.next(1 << 16))
	same := r.next(1<<16) == uint64(s.mcusX)
	same = r.next(1<<16) == uint64(s.mcusY) && same
	same = r.next(4) == uint64(s.header.n) && same
	if r.bad || !same || ix.every < 1 || len(r.b) < sumBytes || binary.LittleEndian.Uint64(r.b) != xxh3.Hash(data) {
		return errors.New("of another file")
	}
	r.b = r.b[sumBytes:]
	ix.across = (s.mcusX + ix.every - 1) / ix.every
	n := ix.across * s.mcusY
	if n > len(r.b) { // each has a byte or more
		return errors.New("too few entries")
	}
	ix.points = ix.points[:0]
	last := point{at: s.header.at}
	for range n {
		p := last
		bits := r.next(8 * uint64(len(data)))
		p.at, p.bit = last.at+(last.bit+int(bits))>>3, (last.bit+int(bits))&7
		for i := range s.header.n {
			p.pred[i] += int32(r.signed())
		}
		if r.bad || p.at >= len(data) {
			return errors.New("entries beyond the file")
		}
		ix.points = append(ix.points, p)
		last = p
	}
	if len(r.b) > 0 {
		return errors.New("more than its entries")
	}
	return nil
}

// numbers reads varints.
type numbers struct {
	b   []byte
	bad bool
}

func (r *numbers) next(most uint64) uint64 {
	v := r.uvarint()
	if v > most {
		r.b, r.bad = nil, true
		return 0
	}
	return v
}

func (r *numbers) signed() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1) // as of binary.Varint
}

// uvarint is quick about numbers of one byte or two, which nearly all are.
func (r *numbers) uvarint() uint64 {
	if b := r.b; len(b) >= 2 && b[0]&b[1] < 0x80 {
		more := b[0] >> 7
		r.b = b[1+more:]
		return uint64(b[0]&0x7f) | uint64(b[1])<<7*uint64(more)
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// enter jumps to the last entry at or before column left of row y of MCUs, and
// lets the scan end behind the entry that follows column right.
func (s *scanner) enter(left, right, y int) {
	ix := &s.index
	first, behind := y*ix.across+left/ix.every, y*ix.across+(right+ix.every-1)/ix.every
	data := s.header.data
	if behind < len(ix.points) {
		// What lies behind its end lets a row be decoded in one go.
		data = data[:min(ix.points[behind].at+2*jpegsimd.Reach, len(data))]
	}
	p := &ix.points[first]
	s.feed.start(data, p.at)
	s.feed.bits.Seek(p.bit)
	s.pred, s.run, s.empty = p.pred, 0, false
	s.mcu = y*s.mcusX + left/ix.every*ix.every
	s.left = s.toRestart()
}
