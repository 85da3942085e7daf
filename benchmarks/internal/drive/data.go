package drive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/table"
)

// side is the height and width of the images that a model is given.
const side = 224

// A layout is one way in which the samples of a task lie in files.
type layout struct {
	name string
	open func(dir string, p shard.PoolConfig) (loader.Source, error)
}

// A task is what a trainer is fed with.
type task struct {
	name       string
	unit       string // that is counted
	perRow     int    // units of a row
	batch      int    // rows
	transforms []loader.Transform
	layouts    []layout
}

// window is the tokens of a row.
const window = 2048

// files, parquetFiles, featherFiles and records open the layouts.
var (
	files = layout{"files", func(dir string, p shard.PoolConfig) (loader.Source, error) {
		return raw.Open(dir, raw.Options{Extensions: []string{".jpg", ".jpeg"}, Pool: p})
	}}
	parquetFiles = layout{"parquet", func(dir string, p shard.PoolConfig) (loader.Source, error) {
		return parquet.Open(dir, parquet.Options{Pool: p})
	}}
	featherFiles = layout{"feather", func(dir string, p shard.PoolConfig) (loader.Source, error) {
		return feather.Open(dir, feather.Options{Pool: p})
	}}
)

// records returns the layout of fixed-size records of some fields.
func records(fields loader.Spec) layout {
	return layout{"records", func(dir string, p shard.PoolConfig) (loader.Source, error) {
		return raw.OpenRecords([]string{dir}, raw.RecordOptions{Fields: fields, Pool: p})
	}}
}

// tasks returns what is measured.
func tasks() []task {
	return []task{
		{"images", "images", 1, 16, []loader.Transform{vision.Decode{}, vision.RandomResizedCrop{Size: side}, vision.FlipH{P: 0.5}, vision.ToTensor{}},
			[]layout{files, featherFiles, parquetFiles}},
		{"rows", "rows", 1, 256, nil, []layout{featherFiles, parquetFiles}},
		{"tokens", "tokens", window, 16, nil, []layout{records(tokenSpec()), featherFiles, parquetFiles}},
	}
}

// columns returns a generator of rows with 40 numbers and a label.
func columns() *table.Generator {
	g, err := table.New(table.Config{Informative: 8, Redundant: 8, Noise: 24})
	if err != nil {
		panic(err) // the config is a constant
	}
	return g
}

// tokenSpec returns the field of a row of tokens.
func tokenSpec() loader.Spec {
	return loader.Spec{{Name: "tokens", DType: dtype.Uint16, Shape: loader.Dims(window)}}
}

// Sizes says how much a set holds. The zero Sizes is ready.
type Sizes struct {
	Copies int // of each image, as files of their own; 0 means 4
	Rows   int // of the table; 0 means 400,000, 66 MB
	Tokens int // rows of tokens; 0 means 16,384, 67 MB
}

func (s Sizes) withDefaults() Sizes {
	if s.Copies == 0 {
		s.Copies = 4
	}
	if s.Rows == 0 {
		s.Rows = 400_000
	}
	if s.Tokens == 0 {
		s.Tokens = 16 << 10
	}
	return s
}

// A Set is the data of all tasks in all layouts, as files in a folder.
type Set struct {
	Dir string
}

// dir returns the folder of a task in a layout.
func (s Set) dir(t task, l layout) string { return filepath.Join(s.Dir, t.name, l.name) }

// shards is the number of files of a data set that is not one of files.
const shards = 8

// Build makes a set in a folder, from a folder of JPEG files.
func Build(ctx context.Context, dir, images string, sizes Sizes) (Set, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Set{}, err
	}
	s, sizes := Set{dir}, sizes.withDefaults()
	all := tasks()
	imageFiles := s.dir(all[0], files)
	for i := range sizes.Copies {
		if err := os.CopyFS(filepath.Join(imageFiles, fmt.Sprintf("copy%d", i)), os.DirFS(images)); err != nil {
			return s, err
		}
	}
	src, err := files.open(imageFiles, shard.PoolConfig{})
	if err != nil {
		return s, err
	}
	if err := s.write(ctx, all[0], src, 64); err != nil {
		return s, err
	}
	if err := s.write(ctx, all[1], synth.New(columns(), sizes.Rows, 1), 16384); err != nil {
		return s, err
	}
	tokens := make([]uint16, sizes.Tokens*window)
	r := rand.New(rand.NewPCG(5, 5))
	for i := range tokens {
		tokens[i] = uint16(r.Uint32() >> 17) // half of the bits' values, as vocabularies have
	}
	src2, err := mem.Columns(tokenSpec(), mem.Of(tokens))
	if err != nil {
		return s, err
	}
	return s, s.write(ctx, all[2], src2, 1024)
}

// write writes the rows of a source in all layouts of a task but files. Blocks
// are of a group of rows, some megabytes.
func (s Set) write(ctx context.Context, t task, src loader.Source, group int) error {
	n := rows(src)
	ld, err := loader.New(src, loader.Config{BatchSize: min(group, n)})
	if err != nil {
		return err
	}
	defer ld.Close()
	perShard := int64((n + shards - 1) / shards)
	for _, l := range t.layouts {
		dir := s.dir(t, l)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		switch l.name {
		case "records":
			_, err = raw.WriteRecords(ctx, filepath.Join(dir, "part.bin"), ld.All(ctx), raw.RecordWriteOptions{RowsPerShard: perShard})
		case "parquet":
			_, err = parquet.Write(ctx, filepath.Join(dir, "part.parquet"), ld.All(ctx), parquet.WriteOptions{RowsPerGroup: group, RowsPerShard: perShard, Codec: codec(t)})
		case "feather":
			_, err = feather.Write(ctx, filepath.Join(dir, "part.arrow"), ld.All(ctx), feather.WriteOptions{RowsPerBatch: group, RowsPerShard: perShard})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// codec returns the usual compression of a task's Parquet files; JPEG files and
// random tokens have nothing to be compressed.
func codec(t task) parquet.Codec {
	if t.name == "rows" {
		return parquet.Snappy
	}
	return parquet.Uncompressed
}

// paths returns the files below a folder, sorted, and their bytes.
func paths(dir string) (all []string, size int64, err error) {
	err = filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		all, size = append(all, p), size+info.Size()
		return err
	})
	if err == nil && len(all) == 0 {
		err = errors.New("no files in " + dir)
	}
	return all, size, err
}
