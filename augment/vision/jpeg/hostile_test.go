package jpeg

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"strings"
	"testing"
)

// settings are Options that lead through all of the code.
var settings = []Options{
	{},
	{Truncated: Fill},
	{Truncated: Fill, MissingTables: true, Scale: 2},
	{Scale: 8},
}

// decoders returns a decoder for each of the settings, with small limits.
func decoders() (all []*Decoder) {
	for _, o := range settings {
		o.MaxPixels, o.MaxBytes, o.MaxScans = 1<<15, 1<<24, 20
		all = append(all, &Decoder{Options: o})
	}
	return all
}

// try decodes bytes that may be anything, and fails where that is against the
// contract. It returns what Decoder did.
func try(t testing.TB, d *Decoder, data []byte) ([]uint8, error) {
	t.Helper()
	pix, h, err := whole(d, data)
	switch {
	case err != nil:
		if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrLimit) {
			t.Fatalf("%+v: an error of no kind: %v", d.Options, err)
		}
		if !strings.HasPrefix(err.Error(), "jpeg: ") {
			t.Errorf("%+v: %v", d.Options, err)
		}
	case d.Incomplete() && d.Options.Truncated == Refuse:
		t.Errorf("%+v: incomplete without an error", d.Options)
	}
	if !d.opened {
		return nil, err
	}
	w := image.Rect(h.Width/2, h.Height/2, h.Width, h.Height)
	got := rows{t: t}
	if e := d.Rows(w, &got); err == nil && (e != nil || !bytes.Equal(got.pix, crop(pix, h.Width, w))) {
		t.Errorf("%+v: %v differs from the whole: %v", d.Options, w, e)
	}
	return pix, err
}

// hostile are small files of several kinds, of about 1 kB.
func hostile(t testing.TB) map[string][]byte {
	files := map[string][]byte{}
	for _, name := range []string{
		"17x33-420-q50", "17x33-444-q75-progressive", "restart-2-2", "15x16-grey", "3x5-cmyk-progressive", "grey-22-restart",
		"two-scans", "overflow-7", "mjpeg-L",
	} {
		files[name] = named(t, name)
	}
	return files
}

// TestTruncations cuts files at every byte: without the policy Fill that is an
// error wherever pixels are lost.
func TestTruncations(t *testing.T) {
	all := decoders()
	for name, data := range hostile(t) {
		for n := range data {
			for _, d := range all {
				if _, err := try(t, d, data[:n]); err == nil && d.Options.Truncated == Refuse && n < len(data)-3 {
					t.Errorf("%s: no error for %d of %d bytes with %+v", name, n, len(data), d.Options)
				}
			}
		}
	}
}

// TestFlips changes every bit, and some bytes.
func TestFlips(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	all := decoders()
	for _, data := range hostile(t) {
		for i := range 8 * len(data) {
			bad := bytes.Clone(data)
			bad[i/8] ^= 1 << (i % 8)
			if i%3 == 0 {
				bad[r.IntN(len(bad))] = uint8(r.IntN(256))
			}
			if i%7 == 0 {
				bad[r.IntN(len(bad))] = 0xff
			}
			_, _ = try(t, all[i%len(all)], bad)
		}
	}
}

// edit returns a file with bytes in place of others.
func edit(t *testing.T, data []byte, old, replacement string) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("no % x", old)
	}
	return bytes.Replace(data, []byte(old), []byte(replacement), 1)
}

// TestRefused checks what errors say.
func TestRefused(t *testing.T) {
	base, progressive := named(t, "17x33-420-q50"), named(t, "17x33-444-q75-progressive")
	frame := "\xff\xc0\x00\x11\x08\x00\x21\x00\x11\x03"
	limited := Options{MaxPixels: 17*33 - 1}
	for _, c := range []struct {
		name string
		data []byte
		o    Options
		kind error
		want string
	}{
		{"empty", nil, Options{}, ErrFormat, "byte 0: no JPEG file"},
		{"PNG", []byte("\x89PNG\r\n\x1a\n"), Options{}, ErrFormat, "no JPEG file"},
		{"nothing", []byte("\xff\xd8\xff\xd9"), Options{}, ErrFormat, "before an image begins"},
		{"lossless", edit(t, base, "\xff\xc0", "\xff\xc3"), Options{}, ErrUnsupported, "lossless"},
		{"hierarchical", edit(t, base, "\xff\xc0", "\xff\xc5"), Options{}, ErrUnsupported, "hierarchical"},
		{"arithmetic", edit(t, base, "\xff\xc0", "\xff\xc9"), Options{}, ErrUnsupported, "arithmetic"},
		{"12 bits", edit(t, base, "\xff\xc0\x00\x11\x08", "\xff\xc1\x00\x11\x0c"), Options{}, ErrUnsupported, "samples of 12 bits"},
		{"no height", edit(t, base, frame, "\xff\xc0\x00\x11\x08\x00\x00\x00\x11\x03"), Options{}, ErrUnsupported, "height"},
		{"no width", edit(t, base, frame, "\xff\xc0\x00\x11\x08\x00\x21\x00\x00\x03"), Options{}, ErrFormat, "0x33"},
		{"65535 squared", edit(t, base, frame, "\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03"), Options{}, ErrFormat, "65535x65535"},
		{"more pixels than bytes", edit(t, base, frame, "\xff\xc0\x00\x11\x08\x20\x00\x20\x00\x03"), Options{}, ErrFormat, "cannot hold 8192x8192"},
		{"too many pixels", edit(t, base, frame, "\xff\xc0\x00\x11\x08\xf0\x00\xf0\x00\x03"), Options{}, ErrLimit, "the limit is 100000000"},
		{"pixel limit", base, limited, ErrLimit, "17x33 pixels, the limit is 560"},
		{"memory limit", progressive, Options{MaxBytes: 2000}, ErrLimit, "the limit is 2000"},
		{"scan limit", progressive, Options{MaxScans: 3}, ErrLimit, "more than 3 scans"},
		{"scale", base, Options{Scale: 3}, ErrUnsupported, "1/3"},
		{"fractional sampling", edit(t, base, frame+"\x01\x22\x00\x02\x11", frame+"\x01\x32\x00\x02\x21"), Options{}, ErrUnsupported, "sampling 2x1 beside 3x2"},
		{"no Huffman tables", named(t, "mjpeg-RGB"), Options{}, ErrFormat, "Huffman table 0"},
		{"end within the data", base[:len(base)-20], Options{}, ErrFormat, "MCU"},
	} {
		d := Decoder{Options: c.o}
		_, _, err := whole(&d, c.data)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q and %v", c.name, err, c.want, c.kind)
		}
	}
	if _, _, err := whole(&Decoder{Options: Options{MaxPixels: 17 * 33}}, base); err != nil {
		t.Errorf("an image at the limit: %v", err)
	}
}

// TestWhere checks that an error says where the data ends.
func TestWhere(t *testing.T) {
	data := named(t, "large-420")
	cut := len(data) - 3000
	_, _, err := whole(new(Decoder), data[:cut])
	if err == nil || !strings.Contains(err.Error(), "byte ") {
		t.Fatal(err)
	}
	var at, mcu int
	if _, e := fmt.Sscanf(err.Error(), "jpeg: byte %d, MCU %d:", &at, &mcu); e != nil || at < cut-10 || at > cut || mcu < 20 || mcu > 88 {
		t.Errorf("%v, cut at %d: %v", err, cut, e)
	}
}

// TestWindows checks what is no window of the file.
func TestWindows(t *testing.T) {
	var d Decoder
	if err := d.RGB(make([]uint8, 3), 3, image.Rect(0, 0, 1, 1)); err == nil {
		t.Error("no error before Open")
	}
	if _, err := d.Open(named(t, "17x33-420-q50")); err != nil {
		t.Fatal(err)
	}
	for _, w := range []image.Rectangle{{}, image.Rect(0, 0, 18, 1), image.Rect(-1, 0, 2, 2), image.Rect(0, 30, 5, 34)} {
		if err := d.RGB(make([]uint8, 3000), 3*20, w); err == nil {
			t.Errorf("no error for %v", w)
		}
	}
	w := image.Rect(1, 2, 6, 5)
	for _, n := range []int{0, 14, 44, 3*20*2 + 14} {
		if err := d.RGB(make([]uint8, n), 3*20, w); err == nil {
			t.Errorf("no error for %d bytes", n)
		}
	}
	pix := bytes.Repeat([]byte{7}, 3*20*2+15+1)
	if err := d.RGB(pix[:3*20*2+15], 3*20, w); err != nil {
		t.Fatal(err)
	}
	for i := range pix {
		if i%60 >= 15 && pix[i] != 7 || i == len(pix)-1 && pix[i] != 7 {
			t.Fatalf("byte %d between rows has been written", i)
		}
	}
	if _, err := d.Open([]byte("no JPEG")); err == nil {
		t.Fatal("no error")
	}
	if err := d.RGB(pix, 3*20, w); err == nil {
		t.Error("no error after Open has failed")
	}
}

type stopper struct{ err error }

func (s stopper) Row(y int, _ []uint8) error {
	if y == 3 {
		return s.err
	}
	return nil
}

func TestSinkStops(t *testing.T) {
	var d Decoder
	h, err := d.Open(named(t, "large-420"))
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	if err := d.Rows(image.Rect(0, 0, h.Width, h.Height), stopper{stop}); err != stop {
		t.Errorf("got %v", err)
	}
}

// TestAllocs decodes files of all kinds with one decoder.
func TestAllocs(t *testing.T) {
	var files [][]byte
	for _, data := range hostile(t) {
		files = append(files, data)
	}
	files = append(files, named(t, "large-420"))
	for _, o := range settings[:3] {
		o.MissingTables = true
		d := Decoder{Options: o}
		pix := make([]uint8, 3*200*200)
		index, keep := []byte(nil), make([]byte, 0, 1<<12)
		n := testing.AllocsPerRun(3, func() {
			for _, data := range files {
				h, err := d.Open(data)
				if err != nil {
					t.Fatal(err)
				}
				if err := d.RGB(pix, 3*h.Width, image.Rect(0, 0, h.Width, h.Height)); err != nil {
					t.Fatal(err)
				}
				if err := d.RGB(pix, 3*h.Width, image.Rect(h.Width/2, h.Height/2, h.Width, h.Height)); err != nil {
					t.Fatal(err)
				}
			}
			if index, _ = d.AppendIndex(keep, IndexEvery); d.UseIndex(index) != nil {
				t.Fatal("the index is refused")
			}
		})
		if n > 0 {
			t.Errorf("%+v: %v allocations", o, n)
		}
	}
}
