package tiff_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	xtiff "golang.org/x/image/tiff"

	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/augment/vision/tiff"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// decode decodes a file through a loader, as users do.
func decode(t testing.TB, data []byte, d vision.Decode) (loader.Tensor, error) {
	t.Helper()
	src, err := mem.Columns(loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedImage},
	}, mem.Varying([][]byte{data}))
	if err != nil {
		t.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1, Transforms: []loader.Transform{d}})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	tr, err := ld.Trace(t.Context(), 0, 0, 0)
	if err != nil {
		return loader.Tensor{}, err
	}
	return tr.Fields[0], nil
}

var with = vision.Decode{Codecs: []vision.Codec{tiff.Codec{}}}

// samples returns files, and what Pillow decodes. The script is that of package
// vision.
func samples(t testing.TB) (files map[string][]byte, pillow map[string][]byte) {
	t.Helper()
	files, pillow = map[string][]byte{}, map[string][]byte{}
	names, err := filepath.Glob("testdata/*.tif")
	if err != nil || len(names) < 15 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if files[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
		if pillow[name], err = os.ReadFile(name + ".rgb"); err != nil {
			t.Fatal(err)
		}
	}
	return files, pillow
}

func TestPillow(t *testing.T) {
	files, pillow := samples(t)
	for name, data := range files {
		want := pillow[name]
		got, err := decode(t, data, with)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		shape := loader.Dims(int(binary.LittleEndian.Uint16(want[2:])), int(binary.LittleEndian.Uint16(want)), 3)
		if got.Shape != shape || !bytes.Equal(got.Data, want[4:]) {
			t.Errorf("%s: %v differs from Pillow's %v", name, got.Shape, shape)
		}
	}
}

// TestOrient asks for what is done anyway.
func TestOrient(t *testing.T) {
	files, _ := samples(t)
	d := with
	d.Orient = true
	got, err := decode(t, files["testdata/turned6.tif"], d)
	if err != nil || got.Shape != loader.Dims(37, 21, 3) {
		t.Errorf("%v, %v", got.Shape, err)
	}
}

func TestWithout(t *testing.T) {
	files, _ := samples(t)
	if _, err := decode(t, files["testdata/rgb.tif"], vision.Decode{}); err == nil || !strings.Contains(err.Error(), "TIFF, which needs a codec in Decode.Codecs") {
		t.Errorf("got %v", err)
	}
}

// TestDamaged cuts files at every byte and flips bits of their tags.
func TestDamaged(t *testing.T) {
	files, pillow := samples(t)
	for _, name := range []string{"rgb", "tiff_lzw", "turned6", "palette"} {
		name = "testdata/" + name + ".tif"
		file, want := files[name], pillow[name][4:]
		for n := 0; n < len(file); n += 7 {
			if got, err := direct(file[:n]); err == nil && !bytes.Equal(got, want) {
				t.Errorf("%s: no error for %d of %d bytes", name, n, len(file))
			}
		}
		at := int(binary.LittleEndian.Uint32(file[4:]))
		for i := range 8 * 150 {
			bad := bytes.Clone(file)
			if at+i/8 >= len(bad) {
				break
			}
			bad[at+i/8] ^= 1 << (i & 7)
			direct(bad)
		}
	}
}

// direct decodes a file of up to 2^16 pixels without a loader. A panic is an
// error, as in vision.Decode.
func direct(data []byte) (pix []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	var c tiff.Codec
	h, w, channels, err := c.Size(data)
	if err != nil {
		return nil, err
	}
	if int64(h)*int64(w) > 1<<16 {
		return nil, fmt.Errorf("%dx%d pixels", h, w)
	}
	pix = make([]byte, h*w*channels)
	return pix, c.Decode(pix, data, h, w)
}

func TestSize(t *testing.T) {
	files, _ := samples(t)
	file := files["testdata/rgb.tif"]
	for _, z := range [][3]int{{37, 21, 3 * 37 * 21}, {21, 37, 7}} {
		if err := (tiff.Codec{}).Decode(make([]byte, z[2]), file, z[0], z[1]); err == nil {
			t.Errorf("no error for %v", z)
		}
	}
}

func FuzzDecode(f *testing.F) {
	files, _ := samples(f)
	for _, data := range files {
		f.Add(data)
	}
	for _, c := range []xtiff.CompressionType{xtiff.Uncompressed, xtiff.Deflate} {
		var b bytes.Buffer
		if err := xtiff.Encode(&b, image.NewPaletted(image.Rect(0, 0, 9, 5), nil), &xtiff.Options{Compression: c, Predictor: true}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if pix, err := direct(data); err == nil && len(pix) == 0 {
			t.Error("no pixels and no error")
		}
	})
}

// A codec is registered with the transform that uses it.
func ExampleCodec() {
	d := vision.Decode{Codecs: []vision.Codec{tiff.Codec{}}}
	fmt.Println(d.Codecs[0].Match([]byte("II*\x00")))
	// Output: true
}
