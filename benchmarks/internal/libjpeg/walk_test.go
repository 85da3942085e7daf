//go:build libjpeg && cgo

package libjpeg

import (
	"bytes"
	"encoding/binary"
	"image"
	std "image/jpeg"
	"slices"
	"testing"
)

// A walker goes through the bits of a file one by one, as the flow charts of the
// standard do, and looks for the one thing that libjpeg-turbo takes in silence and
// we call damage: a run of zeros that leads out of its block, or, where a block
// is coded at once, the end of a run of blocks. It is for files that
// libjpeg-turbo has decoded without a warning, and checks nothing.
type walker struct {
	data        []byte
	at, left    int                  // the current byte of data, and how many of its bits are left
	codes       [32]map[uint32]uint8 // by class and destination: symbols by their code, with a one before it
	w, h        int                  // of the image
	h0, v0      int                  // the largest sampling factors
	comps       []component
	progressive bool
	interval    int

	first, last, high, low int // of a scan
	ended                  int // blocks that have no more coefficients
}

type component struct {
	id, h, v int
	dc, ac   uint8
	stride   int
	nonzero  []uint64 // by block, with bit k for coefficient k in zigzag order
}

// newWalker returns one that knows the tables which stand in where a file has none.
// Each file is for a copy of it.
func newWalker(t testing.TB) (w walker) {
	var b bytes.Buffer
	if err := std.Encode(&b, image.NewRGBA(image.Rect(0, 0, 1, 1)), nil); err != nil {
		t.Fatal(err)
	}
	w.walk(b.Bytes())
	return w
}

// walk returns the MCU of its scan in which the first such run stands, or -1.
func (w *walker) walk(data []byte) (mcu int) {
	w.data, w.interval = data, 0
	for at := 2; at+4 <= len(data); {
		marker := data[at+1]
		if data[at] != 0xff || marker == 0 || marker == 0xff || marker>>3 == 0xd0>>3 {
			at++
			continue
		}
		if marker == 0xd9 {
			break
		}
		body := data[at+4:][:binary.BigEndian.Uint16(data[at+2:])-2]
		at += 4 + len(body)
		switch marker {
		case 0xc0, 0xc1, 0xc2:
			w.progressive = marker == 0xc2
			w.frame(body)
		case 0xc4:
			w.tables(body)
		case 0xdd:
			w.interval = int(binary.BigEndian.Uint16(body))
		case 0xda:
			w.at, w.left = at, 8
			if mcu := w.scan(body); mcu >= 0 {
				return mcu
			}
			at = w.at
		}
	}
	return -1
}

func (w *walker) frame(b []byte) {
	w.comps, w.h0, w.v0 = nil, 1, 1
	for i := range int(b[5]) {
		c := component{id: int(b[6+3*i]), h: int(b[7+3*i] >> 4), v: int(b[7+3*i] & 15)}
		if b[5] == 1 {
			c.h, c.v = 1, 1
		}
		w.h0, w.v0 = max(w.h0, c.h), max(w.v0, c.v)
		w.comps = append(w.comps, c)
	}
	w.h, w.w = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	for i := range w.comps {
		c := &w.comps[i]
		c.stride = ceil(w.w, 8*w.h0) * c.h
		c.nonzero = make([]uint64, c.stride*ceil(w.h, 8*w.v0)*c.v)
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }

func (w *walker) tables(b []byte) {
	for len(b) > 0 {
		code, table := uint32(1), make(map[uint32]uint8)
		symbols := b[17:]
		for _, n := range b[1:17] {
			for code *= 2; n > 0; n-- {
				table[code], symbols = symbols[0], symbols[1:]
				code++
			}
		}
		w.codes[b[0]&31], b = table, symbols
	}
}

// scan goes through a scan and leaves at behind it.
func (w *walker) scan(b []byte) (mcu int) {
	var comps []*component
	for i := range int(b[0]) {
		for k := range w.comps {
			if c := &w.comps[k]; c.id == int(b[1+2*i]) && !slices.Contains(comps, c) {
				c.dc, c.ac = b[2+2*i]>>4, b[2+2*i]&15|16
				comps = append(comps, c)
				break
			}
		}
	}
	b = b[len(b)-3:]
	w.first, w.last, w.high, w.low = int(b[0]), int(b[1]), int(b[2]>>4), int(b[2]&15)
	if !w.progressive {
		w.first, w.last, w.high, w.low = 0, 63, 0, 0
	}
	across, down, alone := ceil(w.w, 8*w.h0), ceil(w.h, 8*w.v0), len(comps) == 1
	if alone {
		across, down = ceil(w.w*comps[0].h, 8*w.h0), ceil(w.h*comps[0].v, 8*w.v0)
	}
	w.ended = 0
	for mcu := range across * down {
		if w.interval > 0 && mcu > 0 && mcu%w.interval == 0 {
			w.restart()
		}
		for _, c := range comps {
			h, v := c.h, c.v
			if alone {
				h, v = 1, 1
			}
			for i := range h * v {
				x, y := mcu%across*h+i%h, mcu/across*v+i/h
				if !w.block(&c.nonzero[y*c.stride+x], c) {
					return mcu
				}
			}
		}
	}
	return -1
}

// restart goes behind the next restart marker.
func (w *walker) restart() {
	for w.at+1 < len(w.data) && (w.data[w.at] != 0xff || w.data[w.at+1]>>3 != 0xd0>>3) {
		w.at++
	}
	w.at, w.left, w.ended = w.at+2, 8, 0
}

// block goes through a block. It reports false where a run leads out of it.
func (w *walker) block(nonzero *uint64, c *component) bool {
	k := w.first
	if k == 0 {
		if k = 1; w.high > 0 {
			w.bits(1)
		} else {
			w.bits(int(w.symbol(c.dc)))
		}
	}
	for w.ended == 0 && k <= w.last {
		s := w.symbol(c.ac)
		run, size := int(s>>4), int(s&15)
		if size == 0 && run < 15 {
			if !w.progressive {
				return run == 0
			}
			w.ended = 1<<run + w.bits(run)
			break
		}
		v := w.bits(size)
		if v < 1<<size>>1 {
			v += 1 - 1<<size
		}
		for ; w.high > 0 && k <= w.last && (run > 0 || *nonzero>>k&1 > 0); k++ {
			if *nonzero>>k&1 > 0 {
				w.bits(1)
			} else {
				run--
			}
		}
		if w.high == 0 {
			k += run
		}
		if k > 63 {
			return false
		}
		if int16(v<<w.low) != 0 {
			*nonzero |= 1 << k
		}
		k++
	}
	if w.ended > 0 {
		for ; w.high > 0 && k <= w.last; k++ {
			w.bits(int(*nonzero >> k & 1))
		}
		w.ended--
	}
	return true
}

// symbol decodes the next one.
func (w *walker) symbol(table uint8) uint8 {
	code := 1
	for range 16 {
		code = code<<1 | w.bits(1)
		if s, ok := w.codes[table][uint32(code)]; ok {
			return s
		}
	}
	return 0
}

// bits returns the next n bits. In place of a marker there are zeros.
func (w *walker) bits(n int) (v int) {
	for range n {
		if v <<= 1; w.left == 0 {
			for w.left = 8; w.data[w.at] == 0xff && w.at+1 < len(w.data); w.at++ { // the last one is stuffed
			}
			w.at++
		}
		after := w.at
		for after < len(w.data) && w.data[after] == 0xff {
			after++
		}
		if after < len(w.data) && (after == w.at || w.data[after] == 0) {
			w.left--
			v |= int(w.data[w.at] >> w.left & 1)
		}
	}
	return v
}
