package raw

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
)

// ManifestOptions says what a manifest lists. The zero ManifestOptions is for
// images and all other columns as they are.
type ManifestOptions struct {
	// Path names the column that holds the paths of the files, relative to the
	// folder of the manifest, with slashes. Empty means "path".
	Path string
	// Field and Kind describe the files, as in Options.
	Field string
	Kind  kind.Kind
	// Fields lists the columns to read, in this order. What is zero in one is
	// found out from the values: integers are int64, or uint64 where they must be,
	// other numbers float32, booleans bool, strings uint8 (n) of kind.Text, and lists
	// the like with a first dimension that varies. A Kind brings its own types:
	//
	//	kind.Label      int32; strings are numbered by Names, or as sorted if nil
	//	kind.Boxes      float32 (n, 4), on the canvas of the files if they are images
	//	kind.KeyPoints  float32 (n, 3), likewise
	//	kind.Spans      int32 (n, 2)
	//	kind.Tokens     int32 (n)
	//
	// and a field that Follows another must have as many values in each row.
	// Nil means all columns but the one of paths.
	Fields loader.Spec
	// AllowOutside lets paths be absolute or lead out of the manifest's folder:
	// only for manifests that you trust as you do your own programs.
	AllowOutside bool
	// Limits bounds RecordBytes, both of a file and of a row of the manifest;
	// Columns; ShardRecords, the rows; and BlockBytes, the manifest unpacked.
	Limits format.Limits
	// Pool says how the files are read: descriptors, retries, deadline. Its
	// MaxFileBytes is not used.
	Pool shard.PoolConfig
}

// OpenManifest reads the manifest at path and returns a source with one row for
// each of its rows. It is CSV (.csv, with a row of names; .tsv is with tabs) or
// JSON lines (.jsonl, .ndjson), as is or compressed (.gz, .zst). All rows must
// have a value for each column that is read, and the files must exist.
func OpenManifest(path string, o ManifestOptions) (*Source, error) {
	s, err := openManifest(path, o)
	if err != nil {
		return nil, fmt.Errorf("raw: %s: %w", path, err)
	}
	return s, nil
}

func openManifest(path string, o ManifestOptions) (*Source, error) {
	if o.Path == "" {
		o.Path = "path"
	}
	for i, f := range o.Fields {
		if f.Name == "" || o.Fields.Index(f.Name) != i {
			return nil, fmt.Errorf("field %d needs a name of its own, not %q: %w", i, f.Name, loader.ErrSpec)
		}
	}
	t, err := readTable(path, o.wanted(), o.Limits.WithDefaults())
	if err != nil {
		return nil, err
	}
	column := t.index(o.Path)
	if column < 0 {
		return nil, fmt.Errorf("no column %q among %q: %w", o.Path, t.names, loader.ErrSpec)
	}
	set, err := t.files(column, filepath.Dir(path), o.AllowOutside)
	if err != nil {
		return nil, err
	}
	s, err := newSource(path, set, o.Limits, o.Pool)
	if err != nil {
		return nil, err
	}
	s.table = t.sum()
	s.spec = loader.Spec{fileField(o.Field, o.Kind)}
	if err := s.addColumns(t, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// wanted returns the names of the columns to keep, nil for all.
func (o ManifestOptions) wanted() []string {
	if o.Fields == nil {
		return nil
	}
	names := []string{o.Path}
	for _, f := range o.Fields {
		if f.Name != o.Path {
			names = append(names, f.Name)
		}
	}
	return names
}

func (s *Source) addColumns(t *table, o ManifestOptions) error {
	fields := o.Fields
	if fields == nil {
		for _, name := range t.names {
			if name != o.Path {
				fields = append(fields, loader.Field{Name: name})
			}
		}
	}
	for _, f := range fields {
		c := t.index(f.Name)
		if c < 0 {
			return fmt.Errorf("no column %q among %q: %w", f.Name, t.names, loader.ErrSpec)
		}
		onCanvas := f.Kind == kind.Boxes || f.Kind == kind.KeyPoints
		if onCanvas && f.Canvas == "" && s.spec[0].Kind == kind.EncodedImage {
			f.Canvas = s.spec[0].Name
		}
		f, values, err := t.column(c, f)
		if err == nil {
			err = s.add(f, values)
		}
		if err != nil {
			return err
		}
	}
	return s.checkFollowers(t)
}

// checkFollowers makes sure that fields which follow others have as many values.
func (s *Source) checkFollowers(t *table) error {
	for k, f := range s.spec[1:] {
		if f.Follows == "" {
			continue
		}
		lead := s.spec.Index(f.Follows) - 1
		if lead < 0 {
			return fmt.Errorf("field %q follows %q, which is no column that is read: %w", f.Name, f.Follows, loader.ErrSpec)
		}
		follower, leader := s.columns[k].(counter), s.columns[lead].(counter)
		for row := range s.Len() {
			if n, want := follower.count(row), leader.count(row); n != want {
				return t.fault(row, f.Name, fmt.Errorf("%d values for %d of %q", n, want, f.Follows))
			}
		}
	}
	return nil
}

// files returns the files that column c names.
func (t *table) files(c int, dir string, outside bool) (shard.Set, error) {
	root, err := newRoot(dir)
	if err != nil {
		return nil, err
	}
	set := make(shard.Set, t.rows())
	for row := range set {
		name, err := t.text(t.cells[c].at(row))
		if err == nil {
			set[row], err = root.file(filepath.FromSlash(name), outside)
		}
		if err != nil {
			return nil, t.fault(row, t.names[c], err)
		}
	}
	return set, nil
}

// root is a folder that manifests must not lead out of. Links are followed when
// a manifest is read, so that reading a sample costs no more than without: a
// file that is exchanged for a link later has another size or time, and the
// pool refuses it.
type root struct {
	dir  string
	real string
	in   map[string]bool // folders below dir that really are below real
}

func newRoot(dir string) (*root, error) {
	real, err := filepath.EvalSymlinks(dir)
	return &root{dir: dir, real: real, in: map[string]bool{}}, err
}

// file returns the file with the given path.
func (r *root) file(name string, outside bool) (shard.File, error) {
	path := name
	if !filepath.IsAbs(name) {
		path = filepath.Join(r.dir, name)
	}
	switch {
	case name == "":
		return shard.File{}, fmt.Errorf("no path: %w", loader.ErrCorrupt)
	case strings.ContainsRune(name, 0):
		return shard.File{}, fmt.Errorf("a path with a zero byte: %w", loader.ErrCorrupt)
	case !outside && !filepath.IsLocal(name):
		return shard.File{}, fmt.Errorf("the path leads out of the folder: %w", loader.ErrCorrupt)
	case !outside:
		if err := r.check(path); err != nil {
			return shard.File{}, err
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return shard.File{}, err
	}
	if !info.Mode().IsRegular() {
		return shard.File{}, fmt.Errorf("%s: not a regular file: %w", path, loader.ErrCorrupt)
	}
	return shard.File{Path: path, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// check returns an error if links on the way to path lead out of r.
func (r *root) check(path string) error {
	dir := filepath.Dir(path)
	in, known := r.in[dir]
	if !known {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return err
		}
		in = r.below(real)
		r.in[dir] = in
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if in && info.Mode()&os.ModeSymlink != 0 {
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		in = r.below(real)
	}
	if !in {
		return fmt.Errorf("%s: a link leads out of the folder: %w", path, loader.ErrCorrupt)
	}
	return nil
}

func (r *root) below(real string) bool {
	rel, err := filepath.Rel(r.real, real)
	return err == nil && filepath.IsLocal(rel)
}
