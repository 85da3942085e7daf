package raw

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/meter"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
)

// WriteOptions says which fields become files and their names. The zero
// WriteOptions writes the only field of bytes, into one folder for each class
// if there is one label.
type WriteOptions struct {
	// Field names the field that holds the bytes of a file: uint8 (n). Empty
	// means the only one, Path aside.
	Field string
	// Label names the field that tells the class: integers (). A folder is
	// called as its class in Names, or as the number if there are none. Empty
	// means the only field of kind.Label; without one there are no folders.
	Label string
	// Path names a field that holds the path of each file below the folder, as
	// Options.Path gives it. Files are then called that, and Label is not used.
	// Empty means that a file is called as its sample id, in digits.
	Path string
	// Extension is that of files which are called by number, as in ".jpg". Empty
	// means what the first bytes tell, ".txt" for kind.Text, or ".bin".
	Extension string
	// Progress is called as the rows are written.
	Progress format.Progress
}

// Write writes one file for each row and returns what was written, as one
// shard. The folder dir must not exist, and appears only when it is complete
// and on the disk: until then it is a hidden folder beside it, which is removed
// on an error. Two rows of one name, as those of a second epoch are, are an
// error. A batch is not needed any more when the next is asked for.
func Write(ctx context.Context, dir string, batches iter.Seq2[*loader.Batch, error], o WriteOptions) ([]format.Written, error) {
	written, err := writeFolder(ctx, filepath.Clean(dir), batches, o)
	if err != nil {
		return nil, fmt.Errorf("raw: write %s: %w", dir, err)
	}
	return []format.Written{written}, nil
}

func writeFolder(ctx context.Context, dir string, batches iter.Seq2[*loader.Batch, error], o WriteOptions) (all format.Written, err error) {
	if _, err := os.Lstat(dir); err == nil {
		return all, fs.ErrExist
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".*.tmp")
	if err != nil {
		return all, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	folder := filepath.Join(temp, "folder") // with permissions that temp has not
	if err := os.Mkdir(folder, 0o777); err != nil {
		return all, err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return all, err
	}
	w := &folderWriter{WriteOptions: o, root: root, meter: meter.New(dir, o.Progress), folders: map[string]bool{}}
	err = w.write(ctx, batches)
	if err = errors.Join(err, root.Close()); err != nil {
		return all, err
	}
	for _, name := range slices.Sorted(maps.Keys(w.folders)) {
		if err := shard.SyncDir(filepath.Join(folder, name)); err != nil {
			return all, err
		}
	}
	if err := errors.Join(shard.SyncDir(folder), os.Rename(folder, dir)); err != nil {
		return all, err
	}
	w.meter.Tell()
	return w.meter.All, shard.SyncDir(filepath.Dir(dir))
}

// folderWriter writes batches as files below root.
type folderWriter struct {
	WriteOptions
	root    *os.Root
	meter   *meter.Meter
	folders map[string]bool // that exist, and all above them

	data, label, text int // fields, -1 for none
	spec              loader.Spec
}

func (w *folderWriter) write(ctx context.Context, batches iter.Seq2[*loader.Batch, error]) error {
	for b, err := range batches {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		if w.spec == nil {
			if err := w.bind(b.Spec()); err != nil {
				return err
			}
		}
		for i := range b.Len() {
			if err := w.row(b, i); err != nil {
				return fmt.Errorf("row %d: %w", w.meter.All.Rows, err)
			}
			w.meter.Tick()
		}
	}
	if w.meter.All.Rows == 0 {
		return errors.New("no rows")
	}
	return nil
}

// bind finds the fields.
func (w *folderWriter) bind(spec loader.Spec) (err error) {
	w.spec, w.label, w.text = spec, -1, -1
	if w.Path != "" {
		if w.text, err = spec.Find(w.Path, kind.Text); err != nil {
			return err
		}
	} else if w.Label != "" || count(spec, isLabel) > 0 {
		if w.label, err = spec.Find(w.Label, kind.Label); err != nil {
			return err
		}
		if !isInteger(spec[w.label].DType) || spec[w.label].Shape.Rank() != 0 {
			return fmt.Errorf("field %v is no single class number: %w", spec[w.label], loader.ErrSpec)
		}
	}
	if w.data, err = w.findData(); err != nil {
		return err
	}
	if f := spec[w.data]; !isBytes(f) {
		return fmt.Errorf("field %v is not uint8 (n): %w", f, loader.ErrSpec)
	}
	return nil
}

func (w *folderWriter) findData() (int, error) {
	if w.Field != "" {
		return w.spec.Find(w.Field, kind.Plain)
	}
	found := -1
	for i, f := range w.spec {
		if i == w.text || !isBytes(f) {
			continue
		}
		if found >= 0 {
			return -1, fmt.Errorf("several fields hold bytes, say in Field which of %v: %w", w.spec, loader.ErrSpec)
		}
		found = i
	}
	if found < 0 {
		return -1, fmt.Errorf("no field of bytes, uint8 (n), among %v: %w", w.spec, loader.ErrSpec)
	}
	return found, nil
}

func count(spec loader.Spec, is func(loader.Field) bool) (n int) {
	for _, f := range spec {
		if f.Name != "" && is(f) {
			n++
		}
	}
	return n
}

func isLabel(f loader.Field) bool { return f.Kind == kind.Label }

func isBytes(f loader.Field) bool {
	return f.Name != "" && f.DType == dtype.Uint8 && f.Shape.Rank() == 1
}

func isInteger(t dtype.Type) bool { return t >= dtype.Uint8 && t <= dtype.Int64 }

// row writes row i of b.
func (w *folderWriter) row(b *loader.Batch, i int) error {
	data := b.Row(w.spec[w.data].Name, i).Data
	name, err := w.name(b, i, data)
	if err != nil {
		return err
	}
	if err := w.mkdir(path.Dir(name)); err != nil {
		return err
	}
	f, err := w.root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	w.meter.Add(1, int64(len(data)))
	return nil
}

// mkdir makes a folder and those above it, once.
func (w *folderWriter) mkdir(folder string) error {
	if folder == "." || w.folders[folder] {
		return nil
	}
	if err := w.root.MkdirAll(filepath.FromSlash(folder), 0o777); err != nil {
		return err
	}
	for ; folder != "."; folder = path.Dir(folder) {
		w.folders[folder] = true
	}
	return nil
}

// name returns the path of row i below the folder, with slashes.
func (w *folderWriter) name(b *loader.Batch, i int, data []byte) (string, error) {
	if w.text >= 0 {
		name := string(b.Row(w.Path, i).Data)
		if !fs.ValidPath(name) || name == "." || strings.ContainsRune(name, 0) || isHidden(name) {
			return "", fmt.Errorf("%.80q is no path for a file of the data set: %w", name, loader.ErrCorrupt)
		}
		return name, nil
	}
	id := w.meter.All.Rows
	if ids := b.IDs(); ids != nil {
		id = ids[i]
	}
	ext := w.Extension
	if ext == "" {
		ext = extension(data, w.spec[w.data].Kind)
	}
	name := fmt.Sprintf("%09d%s", id, ext)
	if w.label < 0 {
		return name, nil
	}
	class, err := w.class(b, i)
	return path.Join(class, name), err
}

// isHidden reports whether readers of folders leave a path out.
func isHidden(name string) bool { return strings.HasPrefix(name, ".") || strings.Contains(name, "/.") }

// class returns the folder of row i.
func (w *folderWriter) class(b *loader.Batch, i int) (string, error) {
	f := &w.spec[w.label]
	n := integer(b.Row(f.Name, i))
	if f.Names == nil {
		return fmt.Sprintf("%05d", n), nil
	}
	if n < 0 || n >= int64(len(f.Names)) {
		return "", fmt.Errorf("class number %d of %d: %w", n, len(f.Names), loader.ErrCorrupt)
	}
	name := f.Names[n]
	if !fs.ValidPath(name) || strings.ContainsAny(name, "/\\\x00") || isHidden(name) {
		return "", fmt.Errorf("class %.80q cannot be the name of a folder: %w", name, loader.ErrCorrupt)
	}
	return name, nil
}

// integer returns the value of a scalar of an integer type.
func integer(t loader.Tensor) int64 {
	switch t.DType {
	case dtype.Uint8:
		return int64(t.Data[0])
	case dtype.Int8:
		return int64(int8(t.Data[0]))
	case dtype.Uint16:
		return int64(loader.View[uint16](t)[0])
	case dtype.Int16:
		return int64(loader.View[int16](t)[0])
	case dtype.Uint32:
		return int64(loader.View[uint32](t)[0])
	case dtype.Int32:
		return int64(loader.View[int32](t)[0])
	case dtype.Uint64:
		return int64(loader.View[uint64](t)[0])
	}
	return loader.View[int64](t)[0]
}

// extension returns the extension that files of such content have.
func extension(data []byte, k kind.Kind) string {
	for _, m := range [...]struct{ start, ext string }{
		{"\xff\xd8\xff", ".jpg"}, {"\x89PNG\r\n\x1a\n", ".png"}, {"GIF8", ".gif"}, {"BM", ".bmp"},
		{"II*\x00", ".tif"}, {"MM\x00*", ".tif"}, {"fLaC", ".flac"}, {"OggS", ".ogg"}, {"ID3", ".mp3"},
	} {
		if k != kind.Text && strings.HasPrefix(string(data[:min(len(data), 16)]), m.start) {
			return m.ext
		}
	}
	if len(data) >= 12 && string(data[:4]) == "RIFF" {
		switch string(data[8:12]) {
		case "WEBP":
			return ".webp"
		case "WAVE":
			return ".wav"
		}
	}
	if k == kind.Text {
		return ".txt"
	}
	return ".bin"
}
