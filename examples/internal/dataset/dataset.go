package dataset

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
)

// Format is how a data set lies on the disk.
type Format uint8

// The formats.
const (
	Images   Format = iota // a folder of JPEG and PNG files
	Sounds                 // a folder of WAV files
	Texts                  // a folder of text files
	Manifest               // a CSV or JSON lines file that names files
	Parquet                // Parquet files
	Feather                // Feather V2 (Arrow IPC) files
)

var formats = [...]struct {
	name       string
	extensions []string
	kind       kind.Kind // of the files of a folder; Plain for tables
}{
	Images:   {"image files", []string{".jpg", ".jpeg", ".png"}, kind.EncodedImage},
	Sounds:   {"WAV files", []string{".wav"}, kind.EncodedAudio},
	Texts:    {"text files", []string{".txt"}, kind.Text},
	Manifest: {"manifest", []string{".csv", ".tsv", ".jsonl", ".ndjson"}, kind.Plain},
	Parquet:  {"Parquet", []string{".parquet", ".parq", ".pq"}, kind.Plain},
	Feather:  {"Feather", []string{".feather", ".arrow", ".ipc"}, kind.Plain},
}

// String returns the name of f.
func (f Format) String() string { return formats[f].name }

// files reports whether a data set of format f is a folder with one sample in
// each file.
func (f Format) files() bool { return formats[f].kind != kind.Plain }

// formatOf returns the format that the extension of a file tells.
func formatOf(file string) (f Format, ok bool) {
	name := strings.ToLower(file)
	ext := filepath.Ext(name)
	packed := ext == ".gz" || ext == ".zst"
	if packed {
		ext = filepath.Ext(strings.TrimSuffix(name, ext))
	}
	for f := range formats {
		if slices.Contains(formats[f].extensions, ext) && (!packed || Format(f) == Manifest) {
			return Format(f), true
		}
	}
	return 0, false
}

// Set is a data set on the disk.
type Set struct {
	Path   string
	Format Format
	// Classes says that each file lies in a folder which is called as its class.
	Classes bool
}

// Name returns what the set is called: its last folder or file.
func (s Set) Name() string {
	if abs, err := filepath.Abs(s.Path); err == nil {
		return filepath.Base(abs)
	}
	return filepath.Base(s.Path)
}

// String says what the set is and where it lies.
func (s Set) String() string {
	if s.Classes {
		return fmt.Sprintf("%v in a folder for each class, %s", s.Format, s.Path)
	}
	return fmt.Sprintf("%v, %s", s.Format, s.Path)
}

// Source is a source that is closed by the loader that reads it.
type Source interface {
	loader.Source
	io.Closer
}

// Open opens the data set. Fields adds to columns of tables and manifests what
// the files do not say of them: Kind, Shape, Follows and the like. Of a manifest
// nothing but these columns is read, if there are any.
func (s Set) Open(fields map[string]loader.Field) (Source, error) {
	switch s.Format {
	case Parquet:
		return parquet.Open(s.Path, parquet.Options{Fields: fields})
	case Feather:
		return openFeather(s.Path, fields)
	case Manifest:
		return openManifest(s.Path, fields)
	}
	if len(fields) > 0 {
		return nil, fmt.Errorf("%v: there are no columns to describe", s)
	}
	o := raw.Options{Kind: formats[s.Format].kind, Extensions: formats[s.Format].extensions}
	if s.Classes {
		o.Label = raw.ParentDir
	}
	return raw.Open(s.Path, o)
}

func openFeather(path string, fields map[string]loader.Field) (Source, error) {
	src, err := feather.Open(path, feather.Options{Fields: fields})
	if err != nil {
		return nil, err
	}
	return src.(Source), nil
}

func openManifest(path string, fields map[string]loader.Field) (Source, error) {
	var columns loader.Spec // nil means all
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f := fields[name]
		f.Name = name
		columns = append(columns, f)
	}
	return raw.OpenManifest(path, raw.ManifestOptions{Fields: columns})
}
