package gif

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/internal/invariant"
)

// Whether the pixels are those of Pillow is tested by package vision.

// draw returns an image of n colours with runs and noise.
func draw(h, w, n int) *image.Paletted {
	r := rand.New(rand.NewPCG(uint64(h*w), uint64(n)))
	var p color.Palette
	for range n {
		p = append(p, color.RGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
	}
	m := image.NewPaletted(image.Rect(0, 0, w, h), p)
	for i := range m.Pix {
		if i > 0 && r.IntN(4) > 0 {
			m.Pix[i] = m.Pix[i-1]
		} else {
			m.Pix[i] = uint8(r.IntN(n))
		}
	}
	return m
}

func file(t testing.TB, m *image.Paletted) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// colours returns the pixels of an image.
func colours(m *image.Paletted) (pix []byte) {
	for _, v := range m.Pix {
		r, g, b, _ := m.Palette[v].RGBA()
		pix = append(pix, uint8(r>>8), uint8(g>>8), uint8(b>>8))
	}
	return pix
}

// decode decodes a file of up to a million pixels.
func decode(data []byte) ([]byte, error) {
	var c Codec
	h, w, channels, err := c.Size(data)
	if err != nil || h*w > 1<<20 {
		return nil, err
	}
	pix := make([]byte, h*w*channels)
	return pix, c.Decode(pix, data, h, w)
}

func TestDecode(t *testing.T) {
	for _, n := range []int{2, 3, 7, 16, 100, 256} {
		for _, z := range [][2]int{{1, 1}, {1, 40}, {3, 3}, {50, 7}, {200, 301}} {
			m := draw(z[0], z[1], n)
			if got, err := decode(file(t, m)); err != nil || !bytes.Equal(got, colours(m)) {
				t.Errorf("%d colours, %v: %v", n, z, err)
			}
		}
	}
	flat := draw(300, 400, 2)
	clear(flat.Pix) // pieces become as long as they can
	if got, err := decode(file(t, flat)); err != nil || !bytes.Equal(got, colours(flat)) {
		t.Error(err)
	}
}

// TestDamaged cuts files at every byte and flips every bit. What has all its
// pixels may lack its end.
func TestDamaged(t *testing.T) {
	m := draw(9, 13, 13)
	whole := file(t, m)
	for n := range whole {
		if got, err := decode(whole[:n]); err == nil && (n < len(whole)-4 || !bytes.Equal(got, colours(m))) {
			t.Errorf("no error for %d of %d bytes", n, len(whole))
		}
	}
	for i := range 8 * len(whole) {
		bad := bytes.Clone(whole)
		bad[i/8] ^= 1 << (i & 7)
		if _, err := decode(bad); err != nil && !strings.HasPrefix(err.Error(), "gif: ") {
			t.Error(err)
		}
	}
}

// built returns a file of its parts: what stands before the frame, the place and
// flags of the frame, and its codes.
func built(flags byte, before string, place [4]uint16, frameFlags byte, codes string) string {
	b := []byte("GIF89a\x04\x00\x04\x00")
	b = append(append(b, flags, 0, 0), before...)
	b = append(b, ',')
	for _, v := range place {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return string(append(b, frameFlags)) + codes
}

func TestHostile(t *testing.T) {
	at := [4]uint16{0, 0, 2, 1}
	const two = "\x01\x02\x03\x04\x05\x06"
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "", "not a GIF file"},
		{"no screen", "GIF89a", "not a GIF file"},
		{"no frame", "GIF89a\x01\x00\x01\x00\x00\x00\x00;", "ends before a frame"},
		{"half a palette", "GIF89a\x01\x00\x01\x00\x80\x00\x00\x01\x02\x03", "ends before a frame"},
		{"half an extension", "GIF89a\x01\x00\x01\x00\x00\x00\x00!\xf9\x04\x01", "ends before a frame"},
		{"no codes", built(0, "", at, 0, ""), "ends before a frame"},
		{"no pixels", built(0, "", [4]uint16{0, 0, 0, 3}, 0, "\x02"), "a frame of 3x0 pixels"},
		{"many pixels", built(0, "", [4]uint16{0, 0, 9999, 9999}, 0, "\x02\x01\x44"), "cannot hold 9999x9999"},
		{"no literals", built(0, "", at, 0, "\x00\x01\x44\x00"), "literals of 0 bits"},
		{"long literals", built(0, "", at, 0, "\x09\x01\x44\x00"), "literals of 9 bits"},
		{"a code too early", built(0, "", at, 0, "\x02\x01\x34\x00"), "means nothing"},     // reset, 6
		{"a code too large", built(0, "", at, 0, "\x02\x02\xc4\x01\x00"), "means nothing"}, // reset, 0, 7
		{"an early end", built(0, "", at, 0, "\x02\x02\x44\x01\x00"), "too early"},         // reset, 0, end
		{"no more blocks", built(0, "", at, 0, "\x02\x01\x04\x00"), "too early"},
		{"an index beyond the palette", built(0x80, two, at, 0, "\x02\x02\x94\x00\x00"), "beyond the palette of 2"}, // reset, 2, 2
	} {
		_, err := decode([]byte(c.data))
		if err == nil || !strings.HasPrefix(err.Error(), "gif: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	good := file(t, draw(2, 2, 4))
	for _, z := range [][3]int{{1, 4, 12}, {2, 2, 4}, {2, 2, 13}} {
		if err := (Codec{}).Decode(make([]byte, z[2]), good, z[0], z[1]); err == nil {
			t.Errorf("no error for %v", z)
		}
	}
}

func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("sync.Pool drops at random in builds with the race detector")
	}
	for _, data := range samples(t) {
		h, w, channels, err := Codec{}.Size(data)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]byte, h*w*channels)
		if n := testing.AllocsPerRun(10, func() {
			if err := (Codec{}).Decode(dst, data, h, w); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

// samples returns the files of package vision.
func samples(t testing.TB) (files [][]byte) {
	t.Helper()
	names, err := filepath.Glob("../../testdata/*.gif")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
	}
	return files
}

// FuzzDecode compares frames that fill the screen with the standard library.
func FuzzDecode(f *testing.F) {
	for _, data := range samples(f) {
		if len(data) < 5000 {
			f.Add(data)
		}
	}
	f.Add(file(f, draw(5, 6, 7)))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decode(data)
		if err != nil && !strings.HasPrefix(err.Error(), "gif: ") {
			t.Error(err)
		}
		theirs, theirErr := gif.Decode(bytes.NewReader(data))
		m, ok := theirs.(*image.Paletted)
		if err != nil || theirErr != nil || !ok || got == nil || len(got)%len(m.Pix) != 0 || len(got)/len(m.Pix) > 3 {
			return
		}
		want := colours(m)
		for i := range m.Pix {
			if _, _, _, a := m.Palette[m.Pix[i]].RGBA(); a == 0 {
				continue // its colour is not kept
			}
			if c := len(got) / len(m.Pix); got[c*i] != want[3*i] || got[c*i+c-1] != want[3*i+2] {
				t.Fatalf("pixel %d is %v, want %v", i, got[c*i:c*i+c], want[3*i:3*i+3])
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := file(b, draw(375, 500, 200))
	dst := make([]byte, 375*500*3)
	b.ReportAllocs()
	for b.Loop() {
		if err := (Codec{}).Decode(dst, data, 375, 500); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeStandard is the standard library's decoder.
func BenchmarkDecodeStandard(b *testing.B) {
	data := file(b, draw(375, 500, 200))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := gif.Decode(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}
