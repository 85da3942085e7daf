package raw

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
)

// Options says what the files of a folder are. The zero Options is for a folder
// of images without labels.
type Options struct {
	// Field names the field that holds the bytes of a file: uint8 (n). Empty
	// means "image", or what else Kind is called: "audio", "text".
	Field string
	// Kind is what the files hold. Plain means kind.EncodedImage if Field is
	// empty too, and just that otherwise.
	Kind kind.Kind
	// Label returns the class name of a file, given its path below the folder
	// with slashes; ParentDir is one. It adds the field "label", int32 () of
	// kind.Label. Nil means no such field.
	Label func(path string) string
	// Names lists the class names in the order of their numbers, for a part of
	// a data set that may lack some; another name is an error. Nil means those
	// that occur, sorted.
	Names []string
	// Path names a field that holds the path below the folder, uint8 (n) of
	// kind.Text, for which it must be UTF-8. Empty means no such field.
	Path string
	// Extensions lists those of the files to read, as in ".jpg"; case does not
	// matter. Nil means all files.
	Extensions []string
	// Limits bounds RecordBytes, the size of a file, here never above 2 GiB.
	Limits format.Limits
	// Pool says how the files are read: descriptors, retries, deadline. Its
	// MaxFileBytes is not used.
	Pool shard.PoolConfig
}

// ParentDir is an Options.Label: the name of the folder that a file lies in,
// empty for files at the top.
func ParentDir(file string) string {
	if dir := path.Base(path.Dir(file)); dir != "." {
		return dir
	}
	return ""
}

// Open lists the files below dir, hidden and temporary ones aside, and returns
// a source with one row for each, in the byte order of their paths. It reads
// none of them; an empty one is a legal value of no bytes.
func Open(dir string, o Options) (*Source, error) {
	set, err := find(dir, o.Extensions)
	if errors.Is(err, fs.ErrNotExist) && len(o.Extensions) > 0 {
		err = fmt.Errorf("%w (among files called %s)", err, strings.Join(dotted(o.Extensions), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("raw: %w", err)
	}
	s, err := newSource(dir, set, o.Limits, o.Pool)
	if err != nil {
		return nil, fmt.Errorf("raw: %w", err)
	}
	s.skip = len(filepath.Join(dir, "x")) - len("x")
	s.spec = loader.Spec{fileField(o.Field, o.Kind)}
	if o.Label != nil {
		err = s.addLabels(o)
	}
	if err == nil && o.Path != "" {
		err = s.addPaths(o.Path)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("raw: %s: %w", dir, err)
	}
	return s, nil
}

// find lists the files below a folder that may have any name.
func find(dir string, ext []string) (shard.Set, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s: not a folder", dir)
	}
	if !filepath.IsAbs(dir) {
		dir = "." + string(filepath.Separator) + dir // a leading @ means a list to shard
	}
	return shard.Finder{Ext: dotted(ext)}.Find(context.Background(), dir)
}

// dotted returns extensions with their dots.
func dotted(ext []string) []string {
	list := slices.Clone(ext)
	for i, e := range list {
		if e != "" && e[0] != '.' {
			list[i] = "." + e
		}
	}
	return list
}

// fileField returns the field that holds a file's bytes.
func fileField(name string, k kind.Kind) loader.Field {
	if name == "" {
		switch k {
		case kind.EncodedAudio:
			name = "audio"
		case kind.Text:
			name = "text"
		case kind.Plain:
			name, k = "image", kind.EncodedImage
		default:
			name = "image"
		}
	}
	return loader.Field{Name: name, DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: k}
}

// addPaths adds the field of paths, which are texts and so must be UTF-8.
func (s *Source) addPaths(name string) error {
	for i := range s.Len() {
		if p := s.rel(i); !utf8.ValidString(p) {
			return fmt.Errorf("path %.200q is not UTF-8: %w", p, loader.ErrCorrupt)
		}
	}
	return s.add(loader.Field{Name: name, DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text}, pathColumn{s})
}

// addLabels adds the field "label".
func (s *Source) addLabels(o Options) error {
	c := newClasses(o.Names)
	numbers := make([]int32, s.Len())
	for i := range numbers {
		name := o.Label(s.rel(i))
		if name == "" {
			return fmt.Errorf("%s: no class name", s.rel(i))
		}
		n, ok := c.number(name)
		if !ok {
			return fmt.Errorf("%s: class %q is not among the %d of Names", s.rel(i), name, len(o.Names))
		}
		numbers[i] = n
	}
	names := c.sorted(numbers)
	f := loader.Field{Name: "label", DType: dtype.Int32, Shape: loader.Dims(), Kind: kind.Label, Names: names}
	return s.add(f, &series[int32]{field: f, data: numbers})
}

// classes numbers class names.
type classes struct {
	names   []string
	numbers map[string]int32
	closed  bool // names were given
}

func newClasses(names []string) *classes {
	c := &classes{names: slices.Clone(names), numbers: make(map[string]int32, len(names)), closed: names != nil}
	for i, n := range names {
		c.numbers[n] = int32(i)
	}
	return c
}

// number returns the number of a name, a new one if names are open.
func (c *classes) number(name string) (int32, bool) {
	n, ok := c.numbers[name]
	if !ok && !c.closed {
		n, ok = int32(len(c.names)), true
		c.numbers[name] = n
		c.names = append(c.names, name)
	}
	return n, ok
}

// sorted returns the names, sorted unless they were given, and renumbers labels
// to match.
func (c *classes) sorted(labels []int32) []string {
	if c.closed {
		return c.names
	}
	names := slices.Sorted(slices.Values(c.names))
	to := make([]int32, len(names))
	for i, n := range names {
		to[c.numbers[n]] = int32(i)
	}
	for i, l := range labels {
		labels[i] = to[l]
	}
	return names
}
