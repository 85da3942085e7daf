package vision

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// TestDecodePillow compares with what Pillow decodes.
func TestDecodePillow(t *testing.T) {
	files, err := filepath.Glob("testdata/*.rgb")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(f, ".rgb")
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			got := first(t, encoded(t, data), Decode{Orient: strings.Contains(name, "upright")}).Fields[0]
			shape := loader.Dims(int(binary.LittleEndian.Uint16(want[2:])), int(binary.LittleEndian.Uint16(want)), 3)
			if got.Shape != shape || got.DType != dtype.Uint8 {
				t.Fatalf("got %v %v, want %v", got.DType, got.Shape, shape)
			}
			if d := furthest(got.Data, want[4:]); d > 0 {
				t.Errorf("differs from Pillow by up to %d", d)
			}
		})
	}
}

// furthest returns the largest difference.
func furthest(a, b []uint8) (most int) {
	for i := range a {
		most = max(most, int(max(a[i], b[i])-min(a[i], b[i])))
	}
	return most
}

func TestDecode16Bit(t *testing.T) {
	m := image.NewNRGBA64(image.Rect(0, 0, 2, 1))
	m.SetNRGBA64(1, 0, color.NRGBA64{0x1280, 0x3456, 0xffff, 0x8000})
	got := first(t, encoded(t, pngFile(t, m)), Decode{}).Fields[0]
	if want := []uint8{0, 0, 0, 0x12, 0x34, 0xff}; !bytes.Equal(got.Data, want) {
		t.Errorf("got %x, want %x", got.Data, want)
	}
}

func TestDecodeKeepsStoredOrientation(t *testing.T) {
	data, err := os.ReadFile("testdata/upright6.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if got := first(t, encoded(t, data), Decode{}).Fields[0].Shape; got != loader.Dims(21, 37, 3) {
		t.Errorf("got %v", got)
	}
}

// decodeError returns what decoding a file ends with.
func decodeError(t *testing.T, data []byte, d Decode) error {
	t.Helper()
	_, err := load(t, encoded(t, data), 1, d).Trace(context.Background(), 0, 0, 0)
	return err
}

// chunk returns a PNG chunk.
func chunk(kind string, data ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

const pngMagic = "\x89PNG\r\n\x1a\n"

// pngHead returns the beginning of a PNG file.
func pngHead(w, h uint32, depth, colour byte) []byte {
	d := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return append([]byte(pngMagic), chunk("IHDR", append(d, depth, colour, 0, 0, 0)...)...)
}

// beyondPalette returns a PNG file whose second pixel has an index that its
// palette of two colours lacks.
func beyondPalette(t *testing.T) []byte {
	m := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.Black, color.White, color.Black, color.White})
	m.Pix = []uint8{0, 3}
	file := pngFile(t, m)
	full := chunk("PLTE", 0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255)
	if !bytes.Contains(file, full) {
		t.Fatal("the encoder writes another palette")
	}
	return bytes.Replace(file, full, chunk("PLTE", 0, 0, 0, 255, 255, 255), 1)
}

func TestDecodeHostile(t *testing.T) {
	photo := jpegFile(t, gradient(40, 60))
	huge := slices.Clone(photo)
	sof := bytes.Index(huge, []byte{0xff, 0xc0})
	copy(huge[sof+5:], "\xff\xff\xff\xff")
	wide := slices.Clone(photo)
	copy(wide[sof+5:], "\x20\x00\x20\x00") // 67 million pixels: within the limit, not within the file
	for _, c := range []struct {
		name string
		data []byte
		d    Decode
		want string
	}{
		{"empty", nil, Decode{}, "the file is empty"},
		{"text", []byte("hello, world"), Decode{}, "68 65 6c 6c"},
		{"gif", []byte("GIF89a......"), Decode{}, "gif: "},
		{"bmp", []byte("BM......"), Decode{}, "bmp: "},
		{"webp", []byte("RIFF....WEBPVP8 "), Decode{}, "webp: "},
		{"riff", []byte("RIFF....WAVEfmt "), Decode{}, "the format is not known"},
		{"tiff", []byte("II*\x00\x08\x00\x00\x00"), Decode{}, "in the format TIFF, which needs a codec in Decode.Codecs"},
		{"avif", []byte("\x00\x00\x00\x1cftypavif"), Decode{}, "in the format AVIF"},
		{"heic", []byte("\x00\x00\x00\x1cftypheic"), Decode{}, "in the format HEIC"},
		{"jpeg xl", []byte("\xff\x0a\x00"), Decode{}, "in the format JPEG XL"},
		{"65535 squared JPEG", huge, Decode{}, "65535x65535 pixels"},
		{"more pixels than bytes, JPEG", wide, Decode{}, "cannot hold"},
		{"2^31 PNG", pngHead(1<<31, 1<<31, 8, 2), Decode{}, "2147483648x2147483648 pixels"},
		{"2^31-1 PNG", pngHead(1<<31-1, 1, 8, 2), Decode{}, "1x2147483647 pixels"},
		{"more pixels than bytes, PNG", append(pngHead(9000, 9000, 16, 6), chunk("IDAT", 1, 2, 3)...), Decode{}, "cannot hold"},
		{"long and narrow", pngFile(t, image.NewGray(image.Rect(0, 0, 1, 1<<16+1))), Decode{}, "65537x1 pixels"},
		{"palette", beyondPalette(t), Decode{}, "beyond the palette"},
		{"pixel limit", photo, Decode{Limits: Limits{Pixels: 2399}}, "60x40 pixels, the limit is 2399"},
		{"byte limit", photo, Decode{Limits: Limits{Bytes: 100}}, "the limit is 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := decodeError(t, c.data, c.d)
			if !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want corrupt data and %q", err, c.want)
			}
		})
	}
	if err := decodeError(t, photo, Decode{Limits: Limits{Pixels: 2400}}); err != nil {
		t.Errorf("an image at the limit: %v", err)
	}
}

// TestDecodeTruncated cuts files at every byte.
func TestDecodeTruncated(t *testing.T) {
	for name, file := range map[string][]byte{"jpeg": jpegFile(t, gradient(14, 11)), "png": pngFile(t, gradient(14, 11))} {
		if name == "jpeg" {
			file = file[:len(file)-2] // whole without its end marker
		}
		for n := range file {
			if err := decodeError(t, file[:n], Decode{}); !errors.Is(err, loader.ErrCorrupt) {
				t.Errorf("%s: %v for %d of %d bytes", name, err, n, len(file))
			}
		}
	}
}

func TestGuard(t *testing.T) {
	err := guard(func() error { panic("index out of range") })
	if err == nil || !strings.Contains(err.Error(), "index out of range") {
		t.Errorf("got %v", err)
	}
}

func TestDecodeBind(t *testing.T) {
	spec := loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedImage},
		{Name: "label", DType: dtype.Int32},
	}
	st, err := Decode{}.Bind(spec)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := st.Out.String(), "[image uint8 (?, ?, 3) image; label int32 ()]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, d := range []Decode{{Field: "label"}, {Field: "imag"}, {Limits: Limits{Pixels: -1}}, {Limits: Limits{Pixels: 1 << 40}}} {
		if err := bound(spec, d); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%+v: got %v, want ErrSpec", d, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, pattern := range []string{"testdata/*.jpg", "testdata/*.png", "testdata/*.webp", "testdata/[a-e]*.gif", "testdata/*.bmp"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ld := load(t, encoded(t, data), 1, Decode{Orient: true, Limits: Limits{Pixels: 1 << 16}})
		tr, err := ld.Trace(context.Background(), 0, 0, 0)
		if err == nil && len(tr.Fields[0].Data) != tr.Fields[0].Shape.Len() {
			t.Errorf("%d bytes for %v", len(tr.Fields[0].Data), tr.Fields[0].Shape)
		}
		if err != nil && !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("%v is not corrupt data", err)
		}
	})
}
