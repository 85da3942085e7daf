package vision

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// pack returns the files of a source and what AddSeek adds to them.
func pack(t *testing.T, src loader.Source) (files, entries [][]byte) {
	t.Helper()
	ld, err := loader.New(src, loader.Config{BatchSize: 8, Transforms: []loader.Transform{AddSeek{Every: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			files = append(files, slices.Clone(b.Row("image", i).Data))
			entries = append(entries, slices.Clone(b.Row("image_seek", i).Data))
		}
	}
	return files, entries
}

var packedSpec = loader.Spec{
	{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedImage},
	{Name: "image_seek", DType: dtype.Uint8, Shape: loader.Dims(-1)},
}

// packed is a data set of files and, if there are any, their entries.
func packed(t *testing.T, columns ...[][]byte) loader.Source {
	t.Helper()
	var all []mem.Column
	for _, c := range columns {
		all = append(all, mem.Varying(c))
	}
	src, err := mem.Columns(packedSpec[:len(all)], all...)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// TestAddSeek packs files with their entries, which decoding accepts, and crops
// them to the bytes that they have without: with those entries, those of the file
// behind, damaged ones and none.
func TestAddSeek(t *testing.T) {
	files, entries := pack(t, everything(t, 30, jpegFile))
	for i, f := range files {
		var d jpeg.Decoder
		if _, err := d.Open(f); err != nil {
			t.Fatal(err)
		}
		if err := d.UseIndex(entries[i]); err != nil {
			t.Errorf("file %d: %v", i, err)
		}
	}
	crop := func(d Decode) []loader.Transform {
		return []loader.Transform{d, RandomCrop{Size: 40}, FlipH{P: 0.5}, ToTensor{}}
	}
	want := digest(t, packed(t, files), 1, 7, crop(Decode{}))
	damaged, none := slices.Clone(entries), make([][]byte, len(files))
	for i := range damaged {
		damaged[i] = slices.Clone(damaged[i])
		damaged[i][7*i%len(damaged[i])] ^= 1 << (i % 8)
	}
	stale := append(slices.Clone(entries[1:]), entries[0])
	for name, e := range map[string][][]byte{"whole": entries, "stale": stale, "damaged": damaged, "none": none} {
		if digest(t, packed(t, files, e), 2, 7, crop(Decode{SeekField: "image_seek"})) != want {
			t.Errorf("%s entries: other bytes", name)
		}
	}
}

// TestAddSeekOthers adds nothing to what can have no entry.
func TestAddSeekOthers(t *testing.T) {
	whole, _ := pack(t, everything(t, 1, jpegFile))
	files, entries := pack(t, packed(t, [][]byte{pngFile(t, gradient(20, 30)), {}, whole[0][:len(whole[0])/2]}))
	for i, e := range entries {
		if len(e) > 0 {
			t.Errorf("file %d of %d bytes: an entry of %d bytes", i, len(files[i]), len(e))
		}
	}
}

func TestAddSeekConformance(t *testing.T) {
	loadertest.Transform(t, AddSeek{}, everything(t, 12, jpegFile))
}

func TestSeekFieldErrors(t *testing.T) {
	spec := append(packedSpec.Clone(), loader.Field{Name: "label", DType: dtype.Int32})
	for _, tr := range []loader.Transform{
		Decode{SeekField: "nothing"}, Decode{SeekField: "image"}, Decode{SeekField: "label"},
		Decode{SeekField: "image_seek", Seek: &SeekIndex{}}, AddSeek{Field: "label"}, AddSeek{Every: -1},
	} {
		if _, err := tr.Bind(spec); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%+v: %v", tr, err)
		}
	}
}
