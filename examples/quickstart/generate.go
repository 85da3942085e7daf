package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/examples/internal/console"
	"github.com/stokerdata/stoker/examples/internal/dataset"
	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/shapes"
	"github.com/stokerdata/stoker/synth/table"
	"github.com/stokerdata/stoker/synth/texts"
)

// sizes says how large the data sets are: images of pixels x pixels, rows of
// the table, texts.
type sizes struct{ images, pixels, rows, texts int }

// marker lies in folders whose data sets are ours.
const marker = "made-by-quickstart.md"

// generate makes the data sets that are missing in dir, if dir is ours: new,
// empty, or marked. Data sets appear only when they are complete, so that one
// that is there is whole.
func generate(ctx context.Context, dir string, s sizes, out *console.Console) error {
	if ours, err := claim(dir); err != nil || !ours {
		return err
	}
	for _, g := range []struct {
		name, unit string
		make       func(ctx context.Context, dir string, s sizes, progress format.Progress) error
	}{
		{"images", "JPEG files", makeImages},
		{"table", "rows in Parquet", makeTable},
		{"texts", "rows in Feather", makeTexts},
	} {
		path := filepath.Join(dir, g.name)
		if _, err := dataset.Find(path); err == nil {
			continue
		}
		var done format.Written
		err := g.make(ctx, path, s, func(w format.Written) {
			done = w
			out.Live("making %-7s %s %s", g.name, count(w.Rows), g.unit)
		})
		if err != nil {
			return fmt.Errorf("make %s: %w", g.name, err)
		}
		out.Line("made %-7s %s %s, %s", g.name, count(done.Rows), g.unit, megabytes(done.Bytes))
	}
	return nil
}

// claim reports whether the data sets in dir are ours to make, and marks a dir
// that is new or empty.
func claim(dir string) (bool, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return false, nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.MkdirAll(dir, 0o777)
	}
	if err != nil {
		return false, err
	}
	mark := filepath.Join(dir, marker)
	if len(entries) == 0 {
		return true, os.WriteFile(mark, []byte("Data sets made by stoker's examples/quickstart. Remove the folder when you are done.\n"), 0o666)
	}
	_, err = os.Stat(mark)
	return err == nil, nil
}

// makeImages writes pictures of one shape each as files, in a folder for each
// class.
func makeImages(ctx context.Context, dir string, s sizes, progress format.Progress) error {
	gen, err := shapes.New(shapes.Config{
		Height: s.pixels, Width: s.pixels, MaxShapes: 1, MinSize: 0.4, MaxSize: 0.8, Encoded: shapes.JPEG,
	})
	if err != nil {
		return err
	}
	ld, err := loader.New(synth.New(gen, s.images, 1), loader.Config{BatchSize: 64})
	if err != nil {
		return err
	}
	defer ld.Close()
	_, err = raw.Write(ctx, dir, ld.All(ctx), raw.WriteOptions{Field: "image", Label: "label", Progress: progress})
	return err
}

// makeTable writes a table of 19 columns and a label as four Parquet shards of
// four row groups.
func makeTable(ctx context.Context, dir string, s sizes, progress format.Progress) error {
	gen, err := table.New(table.Config{
		Informative: 5, Redundant: 3, Noise: 8, Missing: 0.02,
		Categories: []table.Category{{Levels: 4, Signal: 0.5}, {Levels: 12}, {Levels: 100, Signal: 0.2}},
	})
	if err != nil {
		return err
	}
	ld, err := loader.New(synth.New(gen, s.rows, 1), loader.Config{BatchSize: 1024})
	if err != nil {
		return err
	}
	defer ld.Close()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	_, err = parquet.Write(ctx, filepath.Join(dir, "table.parquet"), ld.All(ctx), parquet.WriteOptions{
		RowsPerShard: int64(s.rows+3) / 4, RowsPerGroup: (s.rows + 15) / 16, Progress: progress,
	})
	return err
}

// makeTexts writes sentences with the names in them as one Feather file.
func makeTexts(ctx context.Context, dir string, s sizes, progress format.Progress) error {
	gen, err := texts.New(texts.Config{})
	if err != nil {
		return err
	}
	ld, err := loader.New(synth.New(gen, s.texts, 1), loader.Config{BatchSize: 1024})
	if err != nil {
		return err
	}
	defer ld.Close()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	_, err = feather.Write(ctx, filepath.Join(dir, "texts.arrow"), ld.All(ctx), feather.WriteOptions{
		RowsPerBatch: (s.texts + 15) / 16, Progress: progress,
	})
	return err
}
