package png

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/internal/invariant"
)

// A picture is what a PNG file is made of.
type picture struct {
	header
	samples []uint16 // as they are in the file, of all pixels
	colours []byte   // the palette
	filter  func(row int) byte
	pieces  int // length of the chunks that the data is cut into, 0 for one
}

// draw returns a picture of noisy gradients.
func draw(h, w int, depth, colour uint8) picture {
	r := rand.New(rand.NewPCG(uint64(h*w), uint64(depth)<<8|uint64(colour)))
	p := picture{header: header{h, w, depth, colour, false}, filter: func(y int) byte { return byte(y % 5) }}
	n := int(samples[colour])
	for i := range h * w * n {
		x, y := i/n%w, i/n/w
		p.samples = append(p.samples, uint16(x*(i%n+3)<<(depth-1)/7+y<<(depth-1)/5+r.IntN(3))&(1<<depth-1))
	}
	if colour == palette {
		for range 1 << depth {
			p.colours = append(p.colours, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()))
		}
	}
	return p
}

// file writes the picture down, as simply as can be.
func (p picture) file() []byte {
	var rows bytes.Buffer
	steps := [][4]int{{0, 0, 1, 1}}
	if p.interlaced {
		steps = [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
	}
	for _, s := range steps {
		var above []byte
		for y := s[1]; y < p.height && s[0] < p.width; y += s[3] {
			row := p.row(y, s[0], s[2])
			if above == nil {
				above = make([]byte, len(row))
			}
			f := p.filter(y)
			rows.WriteByte(f)
			rows.Write(filtered(row, above, f, max(1, p.bits()/8)))
			above = row
		}
	}
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(rows.Bytes())
	w.Close()
	out := append([]byte(magic), written("IHDR", p.head()...)...)
	if p.colours != nil {
		out = append(out, written("PLTE", p.colours...)...)
	}
	for data := z.Bytes(); len(data) > 0; {
		n := len(data)
		if p.pieces > 0 {
			n = min(n, p.pieces)
		}
		out = append(out, written("IDAT", data[:n]...)...)
		data = data[n:]
	}
	return append(out, written("IEND")...)
}

func (p picture) head() []byte {
	b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(p.width)), uint32(p.height))
	b = append(b, p.depth, p.colour, 0, 0, 0)
	if p.interlaced {
		b[12] = 1
	}
	return b
}

// row packs the samples of every step-th pixel of row y.
func (p picture) row(y, x, step int) (row []byte) {
	n := int(samples[p.colour])
	var bits, have uint
	for ; x < p.width; x += step {
		for _, v := range p.samples[(y*p.width+x)*n:][:n] {
			bits, have = bits<<p.depth|uint(v), have+uint(p.depth)
			for have >= 8 {
				row, have = append(row, byte(bits>>(have-8))), have-8
			}
		}
	}
	if have > 0 {
		row = append(row, byte(bits<<(8-have)))
	}
	return row
}

// filtered applies a filter as the specification words it.
func filtered(row, above []byte, filter byte, bpp int) []byte {
	out := make([]byte, len(row))
	for i := range row {
		var a, c int
		b := int(above[i])
		if i >= bpp {
			a, c = int(row[i-bpp]), int(above[i-bpp])
		}
		out[i] = row[i] - byte([...]int{none: 0, sub: a, up: b, average: (a + b) / 2, paeth: predicted(a, b, c), 5: 0}[filter])
	}
	return out
}

// predicted is what the filter Paeth guesses, as the specification words it.
func predicted(a, b, c int) int {
	abs := func(v int) int { return max(v, -v) }
	pa, pb, pc := abs(b-c), abs(a-c), abs(a+b-2*c)
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

// written returns a chunk.
func written(kind string, data ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pixels returns what decoding must give.
func (p picture) pixels() (pix []byte) {
	n := int(samples[p.colour])
	for i := 0; i < len(p.samples); i += n {
		for _, v := range p.samples[i : i+p.channelsOfFile()] {
			switch {
			case p.colour == palette:
				pix = append(pix, p.colours[3*v:3*v+3]...)
			case p.depth == 16:
				pix = append(pix, byte(v>>8))
			default:
				pix = append(pix, byte(int(v)*255/(1<<p.depth-1)))
			}
		}
	}
	return pix
}

// channelsOfFile is how many samples count.
func (p picture) channelsOfFile() int {
	if p.colour == palette {
		return 1
	}
	return p.channels()
}

// decode decodes a file of any size.
func decode(data []byte) ([]byte, error) {
	var c Codec
	h, w, channels, err := c.Size(data)
	if err != nil {
		return nil, err
	}
	pix := make([]byte, h*w*channels)
	return pix, c.Decode(pix, data, h, w)
}

// every calls f with a picture of every kind.
func every(h, w int, f func(name string, p picture)) {
	for colour, set := range depths {
		for depth := uint8(1); depth <= 16; depth *= 2 {
			if set>>depth&1 == 0 {
				continue
			}
			for _, interlaced := range []bool{false, true} {
				p := draw(h, w, depth, uint8(colour))
				p.interlaced = interlaced
				f(fmt.Sprintf("colour %d, depth %d, interlaced %t, %dx%d", colour, depth, interlaced, h, w), p)
			}
		}
	}
}

func TestDecode(t *testing.T) {
	sizes := [][2]int{{1, 1}, {1, 9}, {9, 1}, {2, 3}, {4, 5}, {5, 4}, {8, 8}, {17, 33}, {40, 130}}
	for _, z := range sizes {
		every(z[0], z[1], func(name string, p picture) {
			got, err := decode(p.file())
			if err != nil || !bytes.Equal(got, p.pixels()) {
				t.Errorf("%s: %v, %x, want %x", name, err, got, p.pixels())
			}
		})
	}
}

// TestFilters has long rows of each filter alone.
func TestFilters(t *testing.T) {
	for filter := range byte(5) {
		every(7, 301, func(name string, p picture) {
			p.filter = func(int) byte { return filter }
			if got, err := decode(p.file()); err != nil || !bytes.Equal(got, p.pixels()) {
				t.Errorf("%s, filter %d: %v", name, filter, err)
			}
		})
	}
}

func TestPieces(t *testing.T) {
	for _, pieces := range []int{1, 7, 100} {
		p := draw(20, 30, 8, rgb)
		p.pieces = pieces
		if got, err := decode(p.file()); err != nil || !bytes.Equal(got, p.pixels()) {
			t.Errorf("pieces of %d bytes: %v", pieces, err)
		}
	}
}

// TestStandardLibrary reads what image/png writes.
func TestStandardLibrary(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 301, 200))
	for i := range m.Pix {
		m.Pix[i] = uint8(i*i>>9) | uint8(i&3/3*255)
	}
	for _, level := range []png.CompressionLevel{png.DefaultCompression, png.NoCompression, png.BestSpeed, png.BestCompression} {
		var b bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: level}).Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		got, err := decode(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for i := range 301 * 200 {
			if !bytes.Equal(got[3*i:3*i+3], m.Pix[4*i:4*i+3]) {
				t.Fatalf("level %v: pixel %d is %v, want %v", level, i, got[3*i:3*i+3], m.Pix[4*i:4*i+3])
			}
		}
	}
}

func TestNearest(t *testing.T) {
	for i := range 1 << 24 {
		a, b, c := i&255, i>>8&255, i>>16
		if got, want := nearest(a, b, c), predicted(a, b, c); got != want {
			t.Fatalf("nearest(%d, %d, %d) is %d, want %d", a, b, c, got, want)
		}
	}
}

// TestDamaged cuts a file at every byte, and flips every bit of it.
func TestDamaged(t *testing.T) {
	p := draw(6, 9, 4, palette)
	p.pieces = 20
	file := p.file()
	for n := range file {
		if _, err := decode(file[:n]); err == nil {
			t.Errorf("no error for %d of %d bytes", n, len(file))
		}
	}
	for i := range 8 * len(file) {
		bad := bytes.Clone(file)
		bad[i/8] ^= 1 << (i & 7)
		if pix, err := decode(bad); err == nil && !bytes.Equal(pix, p.pixels()) {
			t.Errorf("no error for bit %d of %d", i, 8*len(file))
		}
	}
}

func TestHostile(t *testing.T) {
	head := func(w, h uint32, depth, colour, filters, interlace byte) string {
		b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
		return magic + string(written("IHDR", append(b, depth, colour, 0, filters, interlace)...))
	}
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(make([]byte, 1<<20))
	w.Close()
	bomb := string(written("IDAT", z.Bytes()...))
	end := string(written("IEND"))
	beyond := draw(2, 2, 2, palette)
	beyond.samples = []uint16{0, 1, 2, 3}
	beyond.colours = beyond.colours[:9]
	filter := draw(2, 2, 8, rgb)
	filter.filter = func(int) byte { return 5 }
	bare := draw(2, 2, 8, palette)
	bare.colours = nil
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "", "not a PNG file"},
		{"no header", magic + end, "the header is not"},
		{"no image", head(1, 1, 8, 2, 0, 0) + end, "no image"},
		{"no pixels", head(0, 1, 8, 2, 0, 0), "1x0 pixels"},
		{"2^31 pixels", head(1<<31, 1<<31, 8, 2, 0, 0), "2147483648x2147483648 pixels"},
		{"many pixels", head(1<<31-1, 1<<31-1, 16, 6, 0, 0), "cannot hold"},
		{"4 bits of colour", head(1, 1, 4, 2, 0, 0), "4 bits of colour type 2"},
		{"colour 7", head(1, 1, 8, 7, 0, 0), "8 bits of colour type 7"},
		{"filters 1", head(1, 1, 8, 2, 1, 0), "filters 1"},
		{"interlacing 2", head(1, 1, 8, 2, 0, 2), "interlacing 2"},
		{"a bomb", head(10, 10, 8, 2, 0, 0) + bomb + end, "more data"},
		{"an unknown filter", string(filter.file()), "unknown filter 5"},
		{"too little", head(1040, 1040, 8, 0, 0, 0) + bomb + end, "unexpected EOF"},
		{"a large chunk", head(1, 1, 8, 2, 0, 0) + "\xff\xff\xff\xffIDAT....", "a chunk of 4294967295 bytes has 0"},
		{"no palette", string(bare.file()), "no palette"},
		{"a long palette", head(1, 1, 8, 3, 0, 0) + string(written("PLTE", make([]byte, 771)...)), "a palette of 771 bytes"},
		{"an uneven palette", head(1, 1, 8, 3, 0, 0) + string(written("PLTE", make([]byte, 4)...)), "a palette of 4 bytes"},
		{"an index beyond the palette", string(beyond.file()), "beyond the palette of 3"},
	} {
		_, err := decode([]byte(c.data))
		if err == nil || !strings.HasPrefix(err.Error(), "png: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	good := draw(2, 2, 8, rgb).file()
	for _, z := range [][3]int{{1, 4, 12}, {2, 2, 4}, {2, 2, 13}} {
		if err := (Codec{}).Decode(make([]byte, z[2]), good, z[0], z[1]); err == nil {
			t.Errorf("no error for %v", z)
		}
	}
}

func TestExif(t *testing.T) {
	file := draw(2, 2, 8, rgb).file()
	if got := (Codec{}).Exif(file); got != nil {
		t.Errorf("got %q", got)
	}
	end := len(file) - frame
	with := slices.Concat(file[:end], written("eXIf", []byte("II*")...), file[end:])
	if got := (Codec{}).Exif(with); string(got) != "II*" {
		t.Errorf("got %q", got)
	}
	for n := range with {
		Codec{}.Exif(with[:n])
	}
}

func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("sync.Pool drops at random in builds with the race detector")
	}
	every(40, 50, func(name string, p picture) {
		p.pieces = 100
		file, dst := p.file(), make([]byte, len(p.pixels()))
		if n := testing.AllocsPerRun(10, func() {
			if err := (Codec{}).Decode(dst, file, 40, 50); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	})
}

// FuzzDecode compares with the standard library, which must not know better.
func FuzzDecode(f *testing.F) {
	every(5, 6, func(_ string, p picture) {
		f.Add(p.file())
		p.pieces = 30
		f.Add(p.file())
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		data = mended(data)
		h, w, channels, err := Codec{}.Size(data)
		if err != nil || h*w > 1<<16 {
			return
		}
		got := make([]byte, h*w*channels)
		err = Codec{}.Decode(got, data, h, w)
		m, theirs := png.Decode(bytes.NewReader(data))
		switch {
		case err == nil && theirs == nil:
			same(t, got, m)
		case err == nil && !strings.Contains(theirs.Error(), "PLTE") && !strings.Contains(theirs.Error(), "tRNS") && !strings.Contains(theirs.Error(), "order"):
			t.Errorf("no error, the standard library has %v", theirs) // and not about chunks that are ignored here
		case theirs == nil && !strings.Contains(err.Error(), "beyond the palette"):
			t.Errorf("%v, and none in the standard library", err)
		}
	})
}

// mended makes the checksums of chunks right, so that more than them is tested.
func mended(data []byte) []byte {
	data = bytes.Clone(data)
	for rest := data[min(len(data), len(magic)):]; len(rest) >= 12; {
		n := int64(binary.BigEndian.Uint32(rest))
		if n > int64(len(rest)-12) {
			break
		}
		binary.BigEndian.PutUint32(rest[8+n:], crc32.ChecksumIEEE(rest[4:8+n]))
		rest = rest[12+n:]
	}
	return data
}

// same compares pixels with a decoded image. A colour below a lost alpha is
// not to be had from color.Color.
func same(t *testing.T, got []byte, m image.Image) {
	c := len(got) / (m.Bounds().Dx() * m.Bounds().Dy())
	i := 0
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			n := color.NRGBA64Model.Convert(m.At(x, y)).(color.NRGBA64)
			if n.A == 0xffff && (got[i] != uint8(n.R>>8) || got[i+c-1] != uint8(n.B>>8)) {
				t.Fatalf("pixel %d, %d is %v, want %v", x, y, got[i:i+c], n)
			}
			i += c
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	file := photograph(b)
	dst := make([]byte, 375*500*3)
	b.ReportAllocs()
	for b.Loop() {
		if err := (Codec{}).Decode(dst, file, 375, 500); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeStandard is the standard library's decoder.
func BenchmarkDecodeStandard(b *testing.B) {
	file := photograph(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := png.Decode(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}

// photograph returns a file of 500 by 375 pixels with the detail of one.
func photograph(b *testing.B) []byte {
	r := rand.New(rand.NewPCG(5, 6))
	m := image.NewRGBA(image.Rect(0, 0, 500, 375))
	for i := range m.Pix {
		x, y, c := i/4%500, i/2000, i&3
		m.Pix[i] = uint8(x*(c+1)/5 + y*(3-c)/4 + int(r.NormFloat64()*4))
		if c == 3 {
			m.Pix[i] = 255
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		b.Fatal(err)
	}
	return file.Bytes()
}
