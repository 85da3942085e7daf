package bmp

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whether the pixels are those of Pillow is tested by package vision.

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

// samples returns the files of package vision.
func samples(t testing.TB) (files [][]byte) {
	t.Helper()
	names, err := filepath.Glob("../../testdata/*.bmp")
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

// info is a file with a header of Windows and nothing in it that is not said.
type info struct {
	w, h        int32
	bits        uint16
	compression uint32
	colours     uint32
	rest        string // masks, palette and pixels
}

func (f info) file() []byte {
	b := []byte("BM....\x00\x00\x00\x00\x00\x00\x00\x00")
	le := binary.LittleEndian
	b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, 40), uint32(f.w)), uint32(f.h))
	b = le.AppendUint32(le.AppendUint16(le.AppendUint16(b, 1), f.bits), f.compression)
	b = append(b, make([]byte, 12)...)
	b = le.AppendUint32(le.AppendUint32(b, f.colours), 0)
	return append(b, f.rest...)
}

// Two colours, as they stand in a file and as pixels.
const (
	table = "\x03\x02\x01\x00\x06\x05\x04\x00"
	dark  = "\x01\x02\x03"
	light = "\x04\x05\x06"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name string
		file info
		want string
	}{
		{"1 bit", info{3, 1, 1, 0, 2, table + "\x40\x00\x00\x00"}, dark + light + dark},
		{"4 bits", info{3, 2, 4, 0, 2, table + "\x10\x10\x00\x00\x01\x00\x00\x00"}, dark + light + dark + light + dark + light},
		{"8 bits, without padding at the end", info{3, -1, 8, 0, 2, table + "\x01\x00\x00"}, light + dark + dark},
		{"24 bits", info{1, 1, 24, 0, 0, "\x03\x02\x01"}, dark},
		{"32 bits", info{1, 1, 32, 0, 0, "\x03\x02\x01\xff"}, dark},
		{"32 bits in fields of no mask", info{1, 1, 32, 3, 0, strings.Repeat("\x00", 12) + "\x03\x02\x01\xff"}, dark},
		{"32 bits, red first", info{1, 1, 32, 3, 0, "\xff\x00\x00\x00\x00\xff\x00\x00\x00\x00\xff\x00" + "\x01\x02\x03\xff"}, dark},
		{"a run over the edge", info{2, 2, 8, 1, 2, table + "\x09\x01\x00\x00\x02\x00"}, dark + dark + light + light},
		{"a row that is full, and its end", info{2, 2, 8, 1, 2, table + "\x02\x01\x00\x00\x02\x00"}, dark + dark + light + light},
		{"a row left out", info{2, 2, 8, 1, 2, table + "\x01\x01\x00\x00\x02\x01"}, light + light + light + dark},
		{"a jump", info{2, 2, 8, 1, 2, table + "\x00\x02\x01\x01\x01\x01"}, dark + light + dark + dark},
		{"a jump over the end", info{2, 2, 8, 1, 2, table + "\x01\x01\x00\x02\x01\xff"}, dark + dark + light + dark},
		{"as they are, to an even place", info{3, 1, 8, 1, 2, table + "\x00\x03\x01\x00\x01"}, light + dark + light},
		{"two in turn", info{3, 1, 4, 2, 2, table + "\x03\x10"}, light + dark + light},
		{"three in turn and as they are", info{6, 1, 4, 2, 2, table + "\x03\x01\x00\x03\x11\x00"}, dark + light + dark + light + light + dark},
	} {
		if got, err := decode(c.file.file()); err != nil || string(got) != c.want {
			t.Errorf("%s: %x, %v, want %x", c.name, got, err, c.want)
		}
	}
}

func TestHostile(t *testing.T) {
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "not a bitmap"},
		{"no header", []byte("BM......"), "cut off after 8 bytes"},
		{"half a header", info{1, 1, 24, 0, 0, ""}.file()[:53], "cut off after 53 bytes"},
		{"another header", append([]byte("BM............\x29\x00\x00\x00"), make([]byte, 60)...), "unknown header of 41 bytes"},
		{"no pixels", info{0, 5, 24, 0, 0, ""}.file(), "5x0 pixels"},
		{"a negative width", info{-5, 5, 24, 0, 0, ""}.file(), "pixels"},
		{"2 bits", info{1, 1, 2, 0, 0, "...."}.file(), "2 bits in compression 0"},
		{"JPEG within", info{1, 1, 24, 4, 0, "...."}.file(), "compression 4"},
		{"runs of 24 bits", info{1, 1, 24, 1, 0, "...."}.file(), "24 bits in compression 1"},
		{"masks across bytes", info{1, 1, 32, 3, 0, "\xfe\x01\x00\x00\x00\xff\x00\x00\x00\x00\xff\x00" + "...."}.file(), "unknown bit fields"},
		{"a mask beyond the pixel", info{1, 1, 24, 3, 0, "\xff\x00\x00\x00\x00\xff\x00\x00\x00\x00\x00\xff" + "...."}.file(), "unknown bit fields"},
		{"masks cut off", info{1, 1, 32, 3, 0, "\xff"}.file(), "cut off"},
		{"too many colours", info{1, 1, 8, 0, 1 << 17, "...."}.file(), "a palette of 131072 colours"},
		{"many pixels", info{60_000, 60_000, 24, 0, 0, "...."}.file(), "58 bytes cannot hold 60000x60000"},
		{"an index beyond the palette", info{1, 1, 8, 0, 2, table + "\x02\x00\x00\x00"}.file(), "beyond the palette"},
		{"an index beyond the palette, in 4 bits", info{1, 1, 4, 0, 2, table + "\x20\x00\x00\x00"}.file(), "beyond the palette"},
		{"a run beyond the palette", info{1, 1, 8, 1, 2, table + "\x01\x02"}.file(), "beyond the palette"},
		{"no runs", info{2, 1, 8, 1, 2, table + "\x01\x01"}.file(), "too early"},
		{"half a jump", info{2, 1, 8, 1, 2, table + "\x00\x02\x00"}.file(), "too early"},
		{"half of what is as it is", info{4, 1, 8, 1, 2, table + "\x00\x04\x01\x01\x01"}.file(), "too early"},
		{"an early end", info{2, 2, 8, 1, 2, table + "\x02\x01\x00\x01"}.file(), "too early"},
	} {
		_, err := decode(c.file)
		if err == nil || !strings.HasPrefix(err.Error(), "bmp: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	good := info{2, 2, 24, 0, 0, "0123456789abcdef"}.file()
	for _, z := range [][3]int{{1, 4, 12}, {2, 2, 4}, {2, 2, 13}} {
		if err := (Codec{}).Decode(make([]byte, z[2]), good, z[0], z[1]); err == nil {
			t.Errorf("no error for %v", z)
		}
	}
}

// TestDamaged cuts files at every byte and flips every bit of their beginnings.
// What has all its pixels may lack its end.
func TestDamaged(t *testing.T) {
	for _, file := range samples(t) {
		want, err := decode(file)
		if err != nil {
			t.Fatal(err)
		}
		for n := range file {
			if got, err := decode(file[:n:n]); err == nil && !bytes.Equal(got, want) {
				t.Errorf("no error for %d of %d bytes", n, len(file))
			}
		}
		for i := range 8 * 150 {
			bad := bytes.Clone(file)
			bad[i/8] ^= 1 << (i & 7)
			if _, err := decode(bad); err != nil && !strings.HasPrefix(err.Error(), "bmp: ") {
				t.Error(err)
			}
		}
	}
}

func TestAllocations(t *testing.T) {
	for _, data := range samples(t) {
		h, w, channels, err := Codec{}.Size(data)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]byte, h*w*channels)
		if n := testing.AllocsPerRun(5, func() {
			if err := (Codec{}).Decode(dst, data, h, w); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data[:min(len(data), 400)])
	}
	f.Add(info{6, 1, 4, 2, 2, table + "\x03\x01\x00\x03\x11\x00"}.file())
	f.Add(info{2, 2, 8, 1, 2, table + "\x00\x02\x01\x01\x01\x01"}.file())
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := decode(data); err != nil && !strings.HasPrefix(err.Error(), "bmp: ") {
			t.Error(err)
		}
	})
}
