package webp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Whether the pixels are those of Pillow is tested by package vision.

// decode decodes a file of up to 2^16 pixels. A panic is an error, as in
// vision.Decode.
func decode(data []byte) (pix []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("webp: panic: %v", r)
		}
	}()
	var c Codec
	h, w, channels, err := c.Size(data)
	if err != nil {
		return nil, err
	}
	if h*w > 1<<16 {
		return nil, fmt.Errorf("webp: %dx%d pixels", h, w)
	}
	pix = make([]byte, h*w*channels)
	return pix, c.Decode(pix, data, h, w)
}

// sample returns a file of package vision.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/" + name + ".webp")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// container returns a file of the given chunks.
func container(chunks ...string) []byte {
	body := "WEBP" + strings.Join(chunks, "")
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// part returns a chunk.
func part(kind, content string) string {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(content)))
	return string(append(append(b, content...), make([]byte, len(content)&1)...))
}

// wide returns a chunk that says how large the canvas is.
func wide(w, h byte) string {
	return part("VP8X", string([]byte{2, 0, 0, 0, w - 1, 0, 0, h - 1, 0, 0}))
}

// framed returns a frame of 3 by 2 pixels on the canvas.
func framed(x, y byte, chunks ...string) string {
	return part("ANMF", string([]byte{x / 2, 0, 0, y / 2, 0, 0, 2, 0, 0, 1, 0, 0, 9, 0, 0, 0})+strings.Join(chunks, ""))
}

// six is 3 by 2 pixels, lossless.
const six = "\x2f\x02\x40\x00\x00\x2f\xa0\xa8\x8d\x14\x68\xcf\x17\xb6\x30\x8b\x4a\x6c\x28\x68\x1b\x05\xba\x17\x4b\x08\x40\x16" +
	"\xe6\x15\xb4\x8d\x02\xdd\x2b\x01\x49\xd8\xc2\x0a\x56\xe7\x3f\xe2\xee\xc4\x70\xec\xad\xfb\xf7\x7b\x40\x20\x40\x19\x2b\x9e\x79\x20\xa2\xff\x31\x5e"

func TestHostile(t *testing.T) {
	image := part("VP8L", six)
	lossy := func(tag, size string) string { return part("VP8 ", tag+"\x9d\x01\x2a"+size+"........") }
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "not a WebP file"},
		{"sound", []byte("RIFF\x04\x00\x00\x00WAVE"), "not a WebP file"},
		{"cut off", container(image)[:30], "a file of 84 bytes has 30"},
		{"empty", container(), "a chunk cut off"},
		{"a long chunk", container("VP8L\xff\xff\xff\xff"), "a chunk of 4294967295 bytes has 0"},
		{"metadata", container(part("EXIF", "II*")), "not an image"},
		{"half an extended header", container(part("VP8X", "\x00\x00"), image), "not an image"},
		{"a canvas and nothing", container(wide(3, 2)), "no image"},
		{"another canvas", container(wide(4, 2), image), "2x3 pixels on a canvas of 2x4"},
		{"half a frame", container(wide(4, 2), part("ANMF", "...")), "a frame of 3 bytes"},
		{"a frame of nothing", container(wide(4, 2), framed(0, 0)), "a chunk cut off"},
		{"a frame beyond the canvas", container(wide(4, 2), framed(2, 0, image)), "at 0, 2 of 2x4"},
		{"a frame of another size", container(wide(9, 9), part("ANMF", strings.Repeat("\x00", 16)+image)), "2x3 pixels in a frame of 1x1"},
		{"lossless, damaged", container(part("VP8L", "\x2e\x02\x40\x00\x00")), "lossless header"},
		{"lossless, another version", container(part("VP8L", "\x2f\x02\x40\x00\x20")), "lossless header"},
		{"lossless, cut off", container(part("VP8L", "\x2f\x02\x40\x00")), "lossless header"},
		{"lossy, damaged", container(part("VP8 ", "\x10\x00\x00\x9d\x01\x2b\x01\x00\x01\x00")), "lossy header"},
		{"lossy, no key frame", container(lossy("\x11\x00\x00", "\x01\x00\x01\x00")), "lossy frame"},
		{"lossy, not shown", container(lossy("\x00\x00\x00", "\x01\x00\x01\x00")), "lossy frame"},
		{"lossy, another version", container(lossy("\x18\x00\x00", "\x01\x00\x01\x00")), "lossy frame"},
		{"lossy, a long partition", container(lossy("\x10\xff\x00", "\x01\x00\x01\x00")), "lossy frame"},
		{"lossy, no pixels", container(lossy("\x10\x00\x00", "\x01\x00\x00\x00")), "0x1 pixels"},
		{"lossy, many pixels", container(lossy("\x10\x00\x00", "\xff\x3f\xff\x3f")), "18 bytes cannot hold 16383x16383"},
	} {
		_, err := decode(c.data)
		if err == nil || !strings.HasPrefix(err.Error(), "webp: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	good := sample(t, "lossy-2x1")
	for _, z := range [][3]int{{2, 1, 6}, {1, 2, 5}} {
		if err := (Codec{}).Decode(make([]byte, z[2]), good, z[0], z[1]); err == nil {
			t.Errorf("no error for %v", z)
		}
	}
}

func TestExif(t *testing.T) {
	image := part("VP8L", six)
	for _, c := range []struct {
		data []byte
		want string
	}{
		{container(image), ""},
		{container(wide(3, 2), image, part("EXIF", "II*")), "II*"},
		{container(wide(3, 2), image, part("EXIF", "Exif\x00\x00MM"), part("XMP ", "...")), "MM"},
		{nil, ""},
	} {
		if got := (Codec{}).Exif(c.data); string(got) != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestFrame puts a frame on a canvas, which is black around it.
func TestFrame(t *testing.T) {
	image := part("VP8L", six)
	alone, err := decode(container(image))
	if want := []byte{10, 20, 30, 200, 1, 2, 3, 4, 5, 9, 9, 9, 255, 0, 128, 77, 88, 99}; err != nil || !bytes.Equal(alone, want) {
		t.Fatalf("got %d, %v", alone, err)
	}
	got, err := decode(container(wide(7, 5), part("ANIM", "......"), framed(4, 2, part("ALPH", "."), image), framed(0, 0, image)))
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 7*5*3)
	for y := range 2 {
		copy(want[((2+y)*7+4)*3:], alone[9*y:9*y+9])
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got %d, want %d", got, want)
	}
}

// TestDamaged cuts files at every byte and flips every bit.
func TestDamaged(t *testing.T) {
	for _, name := range []string{"lossy-17x16", "lossless", "alpha-exact", "placed"} {
		file := sample(t, name)
		for n := range file {
			if _, err := decode(file[:n]); err == nil {
				t.Errorf("%s: no error for %d of %d bytes", name, n, len(file))
			}
		}
		for i := range 8 * len(file) {
			bad := bytes.Clone(file)
			bad[i/8] ^= 1 << (i & 7)
			if _, err := decode(bad); err != nil && !strings.HasPrefix(err.Error(), "webp: ") {
				t.Error(err)
			}
		}
	}
}

// TestClip compares with what the constants mean.
func TestClip(t *testing.T) {
	for v := int32(-40_000); v < 40_000; v++ {
		if got, want := clip(v), uint8(min(max(v>>6, 0), 255)); got != want {
			t.Fatalf("clip(%d) is %d, want %d", v, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	names, err := filepath.Glob("../../testdata/*.webp")
	if err != nil || len(names) < 10 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= 8 { // so that more is tested than the length
			data = slices.Clone(data)
			binary.LittleEndian.PutUint32(data[4:], uint32(len(data)-8))
		}
		if _, err := decode(data); err != nil && !strings.HasPrefix(err.Error(), "webp: ") {
			t.Error(err)
		}
	})
}
