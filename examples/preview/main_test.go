package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/shapes"
	"github.com/stokerdata/stoker/synth/texts"
	"github.com/stokerdata/stoker/synth/tones"
)

// try runs the program with the given flags and returns what it printed and the
// size of the sheet that it left, zero if there is none.
func try(t *testing.T, args ...string) (string, image.Point) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sheet.png")
	c, err := parse(append(args, "-out", path))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(context.Background(), c, &out); err != nil {
		t.Fatalf("%q: %v, after\n%s", args, err, out.String())
	}
	f, err := os.Open(path)
	if err != nil {
		return out.String(), image.Point{}
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), m.Bounds().Size()
}

// contains reports those of the words that text lacks.
func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in\n%s", w, text)
		}
	}
}

func TestGenerated(t *testing.T) {
	out, size := try(t, "-synth", "shapes", "-n", "4", "-columns", "2", "-size", "100", "-pipeline", "d4,jitter,normalize")
	contains(t, out, "shapes: 100000 samples", "4 samples on")
	if want := 2*28 + 2*100 + 14; size.X != want {
		t.Errorf("two pictures of 100 pixels make a sheet of %v, want %d wide", size, want)
	}

	out, size = try(t, "-synth", "tones", "-n", "5", "-pipeline", "noise:10:20,speed,gain,cut:2000")
	contains(t, out, "audio float32 (2000, 1) audio")
	if size.X < size.Y {
		t.Errorf("four sounds beside each other make a sheet of %v", size)
	}

	out, size = try(t, "-synth", "texts", "-n", "3", "-pipeline", "synonyms:0.5,tokens:16")
	contains(t, out, "tokens int32 (16) tokens", "]", "[")
	if size == (image.Point{}) {
		t.Error("texts leave no sheet")
	}

	out, size = try(t, "-synth", "table", "-pipeline", "swapcells,impute")
	contains(t, out, "x00 ", "deviation", "c00: red ", "label: ", "statistics of 100000 rows")
	if size != (image.Point{}) {
		t.Errorf("a table leaves a sheet of %v", size)
	}
}

// write lets a writer of some format write a generated data set.
func write(t *testing.T, gen synth.Generator, err error, to func(ld *loader.Loader) error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	ld, err := loader.New(synth.New(gen, 12, 1), loader.Config{BatchSize: 6})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	if err := to(ld); err != nil {
		t.Fatal(err)
	}
}

// One data set of each format, with all that lives on its samples.
func TestFormats(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	pictures, err := shapes.New(shapes.Config{Height: 48, Width: 48, Encoded: shapes.PNG})
	write(t, pictures, err, func(ld *loader.Loader) error {
		_, err := raw.Write(ctx, filepath.Join(dir, "images"), ld.All(ctx), raw.WriteOptions{Field: "image", Label: "label"})
		return err
	})
	write(t, pictures, err, func(ld *loader.Loader) error {
		_, err := parquet.Write(ctx, filepath.Join(dir, "encoded.parquet"), ld.All(ctx), parquet.WriteOptions{})
		return err
	})
	pixels, err := shapes.New(shapes.Config{Height: 48, Width: 48})
	write(t, pixels, err, func(ld *loader.Loader) error {
		_, err := feather.Write(ctx, filepath.Join(dir, "pixels.arrow"), ld.All(ctx), feather.WriteOptions{})
		return err
	})
	sounds, err := tones.New(tones.Config{Frames: 800, Encoded: tones.WAV})
	write(t, sounds, err, func(ld *loader.Loader) error {
		_, err := raw.Write(ctx, filepath.Join(dir, "sounds"), ld.All(ctx), raw.WriteOptions{Field: "audio", Label: "label"})
		return err
	})
	sentences, err := texts.New(texts.Config{})
	write(t, sentences, err, func(ld *loader.Loader) error {
		_, err := parquet.Write(ctx, filepath.Join(dir, "texts.parquet"), ld.All(ctx), parquet.WriteOptions{})
		return err
	})
	for path, want := range map[string]string{
		"images":          "image uint8 (?, ?, 3) image; label int32 () label",
		"encoded.parquet": "image uint8 (?, ?, 3) image; boxes float32 (?, 4) boxes",
		"pixels.arrow":    "image uint8 (48, 48, 3) image; boxes float32 (?, 4) boxes",
		"sounds":          "audio float32 (?, 1) audio",
		"texts.parquet":   "text uint8 (?) text; spans int32 (?, 2) spans",
	} {
		out, size := try(t, "-data", filepath.Join(dir, path))
		contains(t, out, want, "12 samples on")
		if size.X < 100 || size.Y < 100 {
			t.Errorf("%s: a sheet of %v", path, size)
		}
	}
}

// A manifest does not say that its lists are boxes; -kinds does.
func TestManifest(t *testing.T) {
	dir := t.TempDir()
	pictures, err := shapes.New(shapes.Config{Height: 32, Width: 32, Encoded: shapes.PNG})
	write(t, pictures, err, func(ld *loader.Loader) error {
		_, err := raw.Write(t.Context(), filepath.Join(dir, "images"), ld.All(t.Context()), raw.WriteOptions{Field: "image", Label: "label"})
		return err
	})
	files, err := filepath.Glob(filepath.Join(dir, "images", "*", "*"))
	if err != nil || len(files) != 12 {
		t.Fatal(files, err)
	}
	var lines strings.Builder
	for _, f := range files {
		rel, err := filepath.Rel(dir, f)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&lines, "{\"path\": %q, \"boxes\": [[1, 2, 20, 30]], \"class\": [\"cat\"]}\n", filepath.ToSlash(rel))
	}
	path := filepath.Join(dir, "train.jsonl")
	if err := os.WriteFile(path, []byte(lines.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	out, _ := try(t, "-data", path, "-kinds", "boxes=boxes,class=label:boxes", "-pipeline", "decode,flip:1")
	contains(t, out, "boxes float32 (?, 4) boxes; class int32 (?) label", "12 samples on")
	out, _ = try(t, "-data", path, "-kinds", "boxes=boxes,class=label:boxes", "-pipeline", "decode,flip:1", "-trace", "3")
	contains(t, out, "[12 2 31 30]", "[cat]") // mirrored on 32 pixels
}

func TestTrace(t *testing.T) {
	args := []string{"-synth", "shapes", "-pipeline", "resizedcrop:64,flip:1", "-trace", "17"}
	out, size := try(t, args...)
	contains(t, out, "sample 17 in epoch 0", "vision.RandomResizedCrop", "crop", "applied", "image", "uint8 (64, 64, 3)", "label")
	if size != (image.Point{}) {
		t.Error("a trace leaves a sheet")
	}
	again, _ := try(t, args...)
	if out != again {
		t.Errorf("two traces of one sample differ:\n%s\n%s", out, again)
	}
	if other, _ := try(t, append(args, "-epoch", "1")...); strings.Replace(other, "epoch 1", "epoch 0", 1) == out {
		t.Error("another epoch drew the same numbers")
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-synth", "shapes", "-pipeline", "blur"}, `there is no transform "blur"`},
		{[]string{"-synth", "shapes", "-pipeline", "flip,"}, `there is no transform ""`},
		{[]string{"-synth", "shapes", "-pipeline", "resize"}, "resize:SIZE"},
		{[]string{"-synth", "shapes", "-pipeline", "flip:x"}, `"x" is no number`},
		{[]string{"-synth", "shapes", "-pipeline", "resize:1.5"}, "whole number"},
		{[]string{"-synth", "texts", "-pipeline", "flip"}, "no field of kind image"},
		{[]string{"-synth", "films"}, "shapes, texts, tones, table"},
		{[]string{"-synth", "shapes", "-trace", "100000"}, "no sample 100000"},
		{[]string{"-data", "is-missing"}, "is-missing"},
	} {
		c, err := parse(test.args)
		if err == nil {
			err = run(context.Background(), c, &bytes.Buffer{})
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q gives %v, want an error with %q", test.args, err, test.want)
		}
	}
	for _, args := range [][]string{nil, {"-synth", "shapes", "-data", "x"}, {"-synth", "shapes", "-n", "0"}, {"folder"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}

// Every name of the grammar makes a transform that a loader accepts.
func TestTransforms(t *testing.T) {
	numbers := strings.NewReplacer("HEIGHT", "32", "WIDTH", "24", "SIZE", "32", "FRAMES", "100", "PAD", "4", "LEAST", "0.5",
		"MIN", "0.9", "MAX", "1.5", "PLACES", "2", "LEN", "8", "DB", "6", "P", "0.3", "X", "0.2", "N", "2", "[", "", "]", "")
	for _, tr := range transforms {
		var errs []string
		for _, text := range []string{tr.name + numbers.Replace(strings.Split(tr.args, "[")[0]), tr.name + numbers.Replace(tr.args)} {
			accepted := false
			for _, name := range generators() {
				src, err := generate(name, 1)
				if err != nil {
					t.Fatal(err)
				}
				list, err := parsePipeline(text, src.Spec())
				if err == nil {
					_, err = loader.New(src, loader.Config{BatchSize: 2, Transforms: list})
				}
				accepted = accepted || err == nil
				errs = append(errs, fmt.Sprint(text, " on ", name, ": ", err))
			}
			if !accepted {
				t.Errorf("no data set fits:\n%s", strings.Join(errs, "\n"))
			}
		}
		contains(t, usage(), tr.name+tr.args)
	}
}

func TestKinds(t *testing.T) {
	fields, err := parseKinds("img=encoded,box=boxes,class=label:box,mask=mask:other,txt=text,spans=spans")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]loader.Field{
		"img":   {Kind: kind.EncodedImage},
		"box":   {Kind: kind.Boxes, Shape: loader.Dims(-1, 4), Canvas: "img"},
		"class": {Kind: kind.Label, Follows: "box"},
		"mask":  {Kind: kind.Mask, Canvas: "other"},
		"txt":   {Kind: kind.Text},
		"spans": {Kind: kind.Spans, Shape: loader.Dims(-1, 2), Canvas: "txt"},
	} {
		got := fields[name]
		if got.Kind != want.Kind || got.Shape != want.Shape || got.Canvas != want.Canvas || got.Follows != want.Follows {
			t.Errorf("%s is %+v, want %+v", name, got, want)
		}
	}
	for _, bad := range []string{"x", "x=y", "=label", "x=label,"} {
		if _, err := parseKinds(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// FuzzPipeline checks that no text of a pipeline is too strange to be refused.
func FuzzPipeline(f *testing.F) {
	f.Add("decode,resizedcrop:224:0.5,flip")
	f.Add("crop:1e99,,flip::")
	src, err := generate("shapes", 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parsePipeline(text, src.Spec())
		if err != nil && !strings.HasPrefix(err.Error(), "-pipeline: ") || err == nil && len(list) > strings.Count(text, ",")+1 {
			t.Errorf("%q gives %d transforms, %v", text, len(list), err)
		}
	})
}
