//go:build libjpeg && cgo

package libjpeg

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
	"github.com/stokerdata/stoker/benchmarks/internal/jpegenc"
)

// seeds returns small files of all kinds.
func seeds(t testing.TB) (files [][]byte) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, size := range []image.Point{{1, 1}, {8, 8}, {17, 9}, {33, 40}} {
		rgb := make([]uint8, 3*size.X*size.Y)
		for i := range rgb {
			rgb[i] = uint8(4*(i/3%size.X) + 3*(i/3/size.X) + r.IntN(60))
		}
		for _, c := range []jpegenc.Colour{jpegenc.Full, jpegenc.Subsampled, jpegenc.Grey} {
			p := jpegenc.New(rgb, size.X, size.Y, c)
			files = append(files, p.Encode(40+r.IntN(60), jpegenc.Baseline), p.Encode(40+r.IntN(60), jpegenc.Progressive))
		}
	}
	z, err := zip.OpenReader("../../../augment/vision/jpeg/testdata/pillow.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		if f.UncompressedSize64 > 3000 || strings.HasSuffix(f.Name, ".json") {
			continue
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
	}
	return files
}

// The largest image that is compared, and the most that is decoded of a file
// which is small and says that it is large.
const most = 1 << 18

// newOurs returns our decoder as lenient as libjpeg-turbo is.
func newOurs() *jpeg.Decoder {
	return &jpeg.Decoder{Options: jpeg.Options{MaxPixels: most, MaxBytes: 64 << 20, MissingTables: true}}
}

// FuzzDiffer compares our decoder with libjpeg-turbo: where that one has nothing
// to complain of, ours gives the same bytes.
func FuzzDiffer(f *testing.F) {
	for _, data := range seeds(f) {
		f.Add(data)
	}
	ours, w := newOurs(), newWalker(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := differ(ours, w, data); err != nil && !errors.Is(err, errNotCompared) {
			t.Error(err)
		}
	})
}

// TestDiffer runs the seeds, and that they were compared at all.
func TestDiffer(t *testing.T) {
	ours, w := newOurs(), newWalker(t)
	compared := 0
	for i, data := range seeds(t) {
		switch err := differ(ours, w, data); {
		case err == nil:
			compared++
		case !errors.Is(err, errNotCompared):
			t.Errorf("seed %d: %v", i, err)
		}
	}
	if compared < 200 { // the others are inks, cut off, or not plain
		t.Errorf("%d files were compared", compared)
	}
}

// errNotCompared says that one of the decoders does not take a file.
var errNotCompared = errors.New("not compared")

// differ tells how our pixels of a file differ from those of libjpeg-turbo. Our
// decoder is one for all files.
//
// Where runs lead out of blocks libjpeg-turbo goes on in silence, and we do not:
// of 1,000 bits that were flipped at random in photographs, runs told of 20 % in
// sequential files and of 16 % in progressive ones, and next to nothing else did
// in sequential ones. A walker confirms that it is so where we say it.
func differ(ours *jpeg.Decoder, w walker, data []byte) error {
	h, err := ours.Open(data)
	var got []uint8
	full := image.Rect(0, 0, h.Width, h.Height)
	if err == nil {
		got = make([]uint8, 3*h.Width*h.Height)
		err = ours.RGB(got, 3*h.Width, full)
	}
	theirs := Decoder{Careful: true} // a new one, as it keeps tables for files without any
	defer theirs.Close()
	th, terr := theirs.Open(data)
	if terr != nil || th.Width*th.Height > most || th.Components != 1 && th.Components != 3 {
		return errNotCompared
	}
	want := make([]uint8, 3*th.Width*th.Height)
	if theirs.RGB(want, th.Full()) != nil || errors.Is(err, jpeg.ErrUnsupported) || errors.Is(err, jpeg.ErrLimit) {
		return errNotCompared
	}
	if plain, terr := theirs.Plain(); terr != nil || !plain && !Exact {
		return errNotCompared
	}
	switch {
	case err != nil && !strings.Contains(err.Error(), "MCU"):
		return errNotCompared // headers against the standard, where libjpeg-turbo does not look or guesses
	case err != nil && strings.Contains(err.Error(), fmt.Sprintf("MCU %d: bits that are no Huffman code or lead out of a block", w.walk(data))):
		return errNotCompared
	case err != nil:
		return fmt.Errorf("libjpeg-turbo decodes %dx%d pixels without a warning, we say %w", th.Width, th.Height, err)
	case h.Width != th.Width || h.Height != th.Height:
		return fmt.Errorf("%dx%d pixels, libjpeg-turbo has %dx%d", h.Width, h.Height, th.Width, th.Height)
	case !bytes.Equal(got, want):
		for i := range got {
			if got[i] != want[i] {
				return fmt.Errorf("sample %d of pixel (%d, %d) of %dx%d is %d, of libjpeg-turbo %d", i%3, i/3%h.Width, i/3/h.Width, h.Width, h.Height, got[i], want[i])
			}
		}
	}
	return nil
}
