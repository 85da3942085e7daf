package recipe

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/stokerdata/stoker/augment"
	"github.com/stokerdata/stoker/augment/audio"
	"github.com/stokerdata/stoker/augment/tabular"
	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/examples/internal/dataset"
	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/npy"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/format/tokens"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/shapes"
	"github.com/stokerdata/stoker/synth/table"
	"github.com/stokerdata/stoker/synth/texts"
	"github.com/stokerdata/stoker/synth/tones"
)

// choices lists the types that a value of an interface may have. A function
// takes one of names.
func choices(t reflect.Type) []any {
	switch t {
	case reflect.TypeFor[loader.Transform]():
		return []any{
			augment.Compose{}, augment.OneOf{}, augment.RandomApply{}, augment.SomeOf{},
			audio.AddNoise{}, audio.Crop{}, audio.Decode{}, audio.Gain{}, audio.InsertPause{}, audio.MixAt{}, audio.Speed{},
			tabular.Concat{}, tabular.DropCells{}, tabular.Impute{}, tabular.Standardize{}, tabular.SwapNoise{},
			text.ShuffleWords{}, text.SwapWords{}, text.Synonyms{}, text.Tokenize{}, tokens.Pack{},
			vision.CenterCrop{}, vision.ColorJitter{}, vision.D4{}, vision.Decode{}, vision.FlipH{}, vision.FlipV{},
			vision.Normalize{}, vision.RandomCrop{}, vision.RandomErasing{}, vision.RandomResizedCrop{}, vision.Resize{}, vision.ToTensor{},
		}
	case reflect.TypeFor[loader.Order]():
		return []any{loader.Sequential{}, loader.Shuffle{}}
	case reflect.TypeFor[text.Tokenizer]():
		return []any{text.Bytes{}}
	case reflect.TypeFor[opener]():
		return []any{
			anything{}, rawFiles{}, manifest{}, parquetFiles{}, featherFiles{}, npyFiles{}, tokenFiles{}, documents{},
			shapesMade{}, textsMade{}, tonesMade{}, tableMade{},
		}
	}
	return nil
}

// functions lists those that a field may be set to.
var functions = map[string]any{"ParentDir": raw.ParentDir}

// nameOf is what a choice is called.
func nameOf(choice any) string {
	if o, ok := choice.(interface{ name() string }); ok {
		return o.name()
	}
	return reflect.TypeOf(choice).String()
}

// Source says where rows come from. The zero Source says nothing.
type Source struct{ opener }

// opener is one kind of source.
type opener interface {
	name() string
	open(dir string) (loader.Source, error)
}

// Open opens the data set; relative paths begin at dir. The caller closes it, if
// it is an io.Closer.
func (s Source) Open(dir string) (loader.Source, error) {
	if s.opener == nil {
		return nil, errors.New("there is no Source")
	}
	src, err := s.open(dir)
	if err != nil {
		return nil, fmt.Errorf("Source: %s: %w", s.name(), err)
	}
	return src, nil
}

func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// The kinds of sources: where the data lie, and the options of their package.
type (
	anything struct{ Data string }
	rawFiles struct {
		Data string
		raw.Options
	}
	manifest struct {
		Data string
		raw.ManifestOptions
	}
	parquetFiles struct {
		Data string
		parquet.Options
	}
	featherFiles struct {
		Data string
		feather.Options
	}
	npyFiles struct {
		Data string
		npy.Options
	}
	tokenFiles struct {
		Data string
		tokens.Options
	}
	documents struct {
		Data string
		tokens.DocumentOptions
	}
	shapesMade struct {
		Rows int
		Seed uint64
		shapes.Config
	}
	textsMade struct {
		Rows int
		Seed uint64
		texts.Config
	}
	tonesMade struct {
		Rows int
		Seed uint64
		tones.Config
	}
	tableMade struct {
		Rows     int
		Seed     uint64 // makes the rows
		TaskSeed uint64 // is Config.Seed: rows of different seeds may pose one task
		table.Config
	}
)

func (anything) name() string     { return "any" }
func (rawFiles) name() string     { return "raw" }
func (manifest) name() string     { return "manifest" }
func (parquetFiles) name() string { return "parquet" }
func (featherFiles) name() string { return "feather" }
func (npyFiles) name() string     { return "npy" }
func (tokenFiles) name() string   { return "tokens" }
func (documents) name() string    { return "documents" }
func (shapesMade) name() string   { return "shapes" }
func (textsMade) name() string    { return "texts" }
func (tonesMade) name() string    { return "tones" }
func (tableMade) name() string    { return "table" }

func (s anything) open(dir string) (loader.Source, error) {
	sets, err := dataset.Find(within(dir, s.Data))
	if err != nil {
		return nil, err
	}
	if len(sets) > 1 {
		var found []string
		for _, s := range sets {
			found = append(found, s.String())
		}
		return nil, fmt.Errorf("%s holds several data sets, name one of them: %s", s.Data, strings.Join(found, "; "))
	}
	return sets[0].Open(nil)
}

func (s rawFiles) open(dir string) (loader.Source, error) {
	return opened(raw.Open(within(dir, s.Data), s.Options))
}

func (s manifest) open(dir string) (loader.Source, error) {
	return opened(raw.OpenManifest(within(dir, s.Data), s.ManifestOptions))
}

func (s parquetFiles) open(dir string) (loader.Source, error) {
	return opened(parquet.Open(within(dir, s.Data), s.Options))
}

func (s featherFiles) open(dir string) (loader.Source, error) {
	return feather.Open(within(dir, s.Data), s.Options)
}

func (s npyFiles) open(dir string) (loader.Source, error) {
	return opened(npy.Open(within(dir, s.Data), s.Options))
}

func (s tokenFiles) open(dir string) (loader.Source, error) {
	return opened(tokens.Open(within(dir, s.Data), s.Options))
}

func (s documents) open(dir string) (loader.Source, error) {
	return opened(tokens.OpenDocuments(within(dir, s.Data), s.DocumentOptions))
}

func (s shapesMade) open(string) (loader.Source, error) {
	gen, err := shapes.New(s.Config)
	return made(gen, err, s.Rows, s.Seed)
}

func (s textsMade) open(string) (loader.Source, error) {
	gen, err := texts.New(s.Config)
	return made(gen, err, s.Rows, s.Seed)
}

func (s tonesMade) open(string) (loader.Source, error) {
	gen, err := tones.New(s.Config)
	return made(gen, err, s.Rows, s.Seed)
}

func (s tableMade) open(string) (loader.Source, error) {
	s.Config.Seed = s.TaskSeed
	gen, err := table.New(s.Config)
	return made(gen, err, s.Rows, s.Seed)
}

// opened keeps a nil pointer from becoming a Source.
func opened[S interface {
	loader.Source
	io.Closer
}](src S, err error) (loader.Source, error) {
	if err != nil {
		return nil, err
	}
	return src, nil
}

func made(gen synth.Generator, err error, rows int, seed uint64) (loader.Source, error) {
	if err == nil && rows < 1 {
		err = fmt.Errorf("%d rows", rows)
	}
	if err != nil {
		return nil, err
	}
	return synth.New(gen, rows, seed), nil
}
