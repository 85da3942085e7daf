package jpeg

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"io"
	"math/rand/v2"
	"testing"
)

// A fixture is a file and the digest of the pixels that Pillow decodes from it.
// testdata/gen.py makes them.
type fixture struct {
	Name          string
	Width, Height int
	SHA256        string
	Scaled        map[int]string // by Options.Scale
	Cut           map[int]string // by how many bytes are left of the file
	data          []byte
}

func fixtures(t testing.TB) (all []fixture) {
	t.Helper()
	z, err := zip.OpenReader("testdata/pillow.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	read := func(name string) []byte {
		f, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if err := json.Unmarshal(read("index.json"), &all); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].data = read(all[i].Name)
	}
	if len(all) < 300 {
		t.Fatalf("%d files", len(all))
	}
	return all
}

// named returns one of the files.
func named(t testing.TB, name string) []byte {
	t.Helper()
	for _, f := range fixtures(t) {
		if f.Name == name {
			return f.data
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// whole decodes a file.
func whole(d *Decoder, data []byte) ([]uint8, Header, error) {
	h, err := d.Open(data)
	if err != nil {
		return nil, h, err
	}
	pix := make([]uint8, 3*h.Width*h.Height)
	return pix, h, d.RGB(pix, 3*h.Width, image.Rect(0, 0, h.Width, h.Height))
}

// rows is a Sink that keeps what it gets.
type rows struct {
	t   testing.TB
	pix []uint8
}

func (r *rows) Row(y int, rgb []uint8) error {
	if y*len(rgb) != len(r.pix) {
		r.t.Errorf("row %d of %d bytes comes after %d bytes", y, len(rgb), len(r.pix))
	}
	if cap(rgb)-len(rgb) < 64 {
		r.t.Errorf("row %d has %d bytes behind it", y, cap(rgb)-len(rgb))
	}
	r.pix = append(r.pix, rgb...)
	return nil
}

// crop returns a window of a picture.
func crop(pix []uint8, width int, w image.Rectangle) (out []uint8) {
	for y := w.Min.Y; y < w.Max.Y; y++ {
		out = append(out, pix[3*(y*width+w.Min.X):3*(y*width+w.Max.X)]...)
	}
	return out
}

// window draws one within an image.
func window(r *rand.Rand, width, height int) image.Rectangle {
	x, y := r.IntN(width), r.IntN(height)
	return image.Rect(x, y, x+1+r.IntN(width-x), y+1+r.IntN(height-y))
}

// TestPillow compares whole files and windows of them with Pillow.
func TestPillow(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	d := Decoder{Options: Options{MissingTables: true}}
	for _, f := range fixtures(t) {
		pix, h, err := whole(&d, f.data)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		if h.Width != f.Width || h.Height != f.Height || digest(pix) != f.SHA256 {
			t.Errorf("%s: pixels differ from Pillow's", f.Name)
			continue
		}
		for range 6 {
			w := window(r, h.Width, h.Height)
			got := rows{t: t}
			if err := d.Rows(w, &got); err != nil || !bytes.Equal(got.pix, crop(pix, h.Width, w)) {
				t.Errorf("%s: window %v differs: %v", f.Name, w, err)
			}
		}
	}
}

// TestFill compares what is made of files that have been cut with what Pillow
// makes of them with LOAD_TRUNCATED_IMAGES.
func TestFill(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	refuse, fill := Decoder{}, Decoder{Options: Options{Truncated: Fill}}
	n := 0
	for _, f := range fixtures(t) {
		for left, sum := range f.Cut {
			n++
			pix, h, err := whole(&fill, f.data[:left])
			if err != nil {
				t.Errorf("%s, %d bytes: %v", f.Name, left, err)
				continue
			}
			if digest(pix) != sum {
				t.Errorf("%s, %d of %d bytes: pixels differ from Pillow's", f.Name, left, len(f.data))
			}
			w := window(r, h.Width, h.Height)
			got := rows{t: t}
			if err := fill.Rows(w, &got); err != nil || !bytes.Equal(got.pix, crop(pix, h.Width, w)) {
				t.Errorf("%s, %d bytes: window %v differs: %v", f.Name, left, w, err)
			}
			if _, _, err := whole(&refuse, f.data[:left]); err == nil && left < len(f.data)-2 {
				t.Errorf("%s, %d bytes: no error", f.Name, left)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d cuts", n)
	}
}

// TestScale compares scaled files, and windows of them, with Pillow's draft mode.
func TestScale(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	n := 0
	for _, f := range fixtures(t) {
		for scale, sum := range f.Scaled {
			n++
			d := Decoder{Options: Options{Scale: scale}}
			pix, h, err := whole(&d, f.data)
			if err != nil {
				t.Errorf("%s at 1/%d: %v", f.Name, scale, err)
				continue
			}
			if h.Width != ceil(f.Width, scale) || h.Height != ceil(f.Height, scale) || digest(pix) != sum {
				t.Errorf("%s at 1/%d: pixels differ from Pillow's", f.Name, scale)
			}
			w := window(r, h.Width, h.Height)
			got := rows{t: t}
			if err := d.Rows(w, &got); err != nil || !bytes.Equal(got.pix, crop(pix, h.Width, w)) {
				t.Errorf("%s at 1/%d: window %v differs: %v", f.Name, scale, w, err)
			}
		}
	}
	if n < 500 {
		t.Errorf("only %d files", n)
	}
}
