package lines

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/cells"
	"github.com/stokerdata/stoker/format/internal/lists"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// column is a column that is read.
type column struct {
	field    loader.Field
	f, mask  int // numbers of its field and of its "valid" field, -1 if there is none
	nullable bool
	text     bool
	texts    bool             // a list of them
	lengths  int              // number of the field of their lengths, -1 if there is none
	number   bool             // one of any value, and neither a class nor a name of one
	row      int              // bytes of a row, -1 if it varies
	step     loader.Shape     // of one step of a field that varies
	classes  map[string]int32 // numbers of Names, if cells are names
	most     int              // of classes, if cells are their numbers, 0 if nobody tells
	null     []byte           // a row of fixed size that is null
}

// infer finds out what columns there are, and what they hold.
func (s *Source) infer() error {
	rows, err := s.firstRows()
	if err != nil {
		return err
	}
	var names syntax.NameList
	add := func(name string) error { return names.Add(name, s.o.Limits.Columns) }
	for _, name := range s.heads[s.places[0].file] {
		if err := add(name); err != nil {
			return err
		}
	}
	for _, r := range rows {
		if err := s.syntax.Names(r.text, add); err != nil {
			return s.at(r, err)
		}
	}
	if s.want = s.o.Columns; s.want == nil {
		s.want = names.Names
	}
	if len(s.want) == 0 {
		return fmt.Errorf("no columns: %w", loader.ErrSpec)
	}
	for i, name := range s.want {
		if name == "" {
			return fmt.Errorf("column %d has no name: say in Columns which to read: %w", i+1, loader.ErrSpec)
		}
		if !names.Has(name) && s.o.Fields[name].DType == dtype.Invalid {
			return fmt.Errorf("no column %q among %q: %w", name, names.Names, loader.ErrSpec)
		}
	}
	for _, name := range append(slices.Sorted(maps.Keys(s.o.Fields)), s.o.Nullable...) {
		if !slices.Contains(s.want, name) {
			return fmt.Errorf("Options.Fields or Nullable: no column %q among %q: %w", name, s.want, loader.ErrSpec)
		}
	}
	profiles, nulls, err := s.measure(rows)
	if err != nil {
		return err
	}
	for c := range s.want {
		if err := s.addColumn(c, &profiles[c], nulls[c]); err != nil {
			return fmt.Errorf("column %q: %w", s.want[c], err)
		}
	}
	return s.addMasks()
}

// line is a row and where it lies.
type line struct {
	text  []byte
	place place
	at    int // in its block
}

// inferBytes bounds the blocks that the first rows are taken from.
const inferBytes = 64 << 20

// firstRows returns the rows of the first file that has any, up to Options.Infer,
// or fewer if they are very long.
func (s *Source) firstRows() (rows []line, err error) {
	for _, p := range s.places {
		if len(rows) == s.o.Infer || p.file != s.places[0].file || len(rows) > 0 && p.off+int64(p.n) > inferBytes {
			break
		}
		b := make([]byte, p.n)
		err := s.pool.ReadAt(context.Background(), p.file, b, p.off)
		if err == nil {
			err = s.check(p, b)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.set[p.file].Path, err)
		}
		for at := 0; at < len(b) && len(rows) < s.o.Infer; {
			text := b[at:]
			if n := s.syntax.Split(text); n > 0 {
				text = text[:n]
			}
			if !syntax.IsEmpty(text) {
				rows = append(rows, line{text, p, at})
			}
			at += len(text)
		}
	}
	return rows, nil
}

// at says where a row is damaged.
func (s *Source) at(r line, err error) error {
	b := make([]byte, r.at)
	n := r.place.line
	if s.pool.ReadAt(context.Background(), r.place.file, b, r.place.off) == nil {
		n += countLines(b)
	}
	return fmt.Errorf("%s: line %d: %w", s.set[r.place.file].Path, n, err)
}

// measure takes the cells of rows together, and notes which columns have nulls.
func (s *Source) measure(rows []line) (profiles []cells.Profile, nulls []bool, err error) {
	nulls = make([]bool, len(s.want))
	for range s.want {
		profiles = append(profiles, cells.NewProfile(s.syntax))
	}
	r, err := s.syntax.Reader(s.heads[s.places[0].file], s.want)
	if err != nil {
		return nil, nil, err
	}
	list := make([][]byte, len(s.want))
	for _, row := range rows {
		if err := s.split(r, row.text, list); err != nil {
			return nil, nil, s.at(row, err)
		}
		for c, cell := range list {
			if s.isNull(cell) {
				nulls[c] = true
			} else if err := profiles[c].Measure(cell); err != nil {
				return nil, nil, s.at(row, corrupt("column %q: %v", s.want[c], err))
			}
		}
	}
	return profiles, nulls, nil
}

// isNull reports whether a cell holds nothing or is missing, unless it is a text of
// CSV.
func (s *Source) isNull(cell []byte) bool {
	return len(cell) == 0 || s.json && cell[0] == 'n'
}

// addColumn adds column c, of which a profile was taken.
func (s *Source) addColumn(c int, p *cells.Profile, nulls bool) error {
	f := s.o.Fields[s.want[c]]
	f.Name = s.want[c]
	if err := p.Complete(&f); err != nil {
		return err
	}
	if f.DType == dtype.Float16 || f.DType == dtype.BFloat16 {
		return fmt.Errorf("a text has no values of type %v: %w", f.DType, loader.ErrSpec)
	}
	col := column{field: f, text: f.Kind == kind.Text, texts: f.Kind == kind.Texts, row: -1, mask: -1, lengths: -1}
	if n := f.Shape.Len(); n >= 0 {
		if int64(n)*int64(f.DType.Size()) > s.o.Limits.ValueBytes {
			return corrupt("values of %d elements, Limits.ValueBytes is %d", n, s.o.Limits.ValueBytes)
		}
		col.row = n * f.DType.Size()
	} else {
		dims := make([]int, 0, f.Shape.Rank())
		for d := 1; d < f.Shape.Rank(); d++ {
			dims = append(dims, f.Shape.Dim(d))
		}
		col.step = loader.Dims(dims...)
	}
	if p.Named(&f) {
		if f.Names == nil || f.DType != dtype.Int32 {
			return fmt.Errorf("class names, which take Names in Options.Fields, and become int32: %w", loader.ErrSpec)
		}
		col.classes = make(map[string]int32, len(f.Names))
		for n, name := range f.Names {
			col.classes[name] = int32(n)
		}
	} else if f.Kind == kind.Label && !f.DType.Float() {
		col.most = len(f.Names)
	}
	col.number = f.Shape.Rank() == 0 && col.classes == nil && col.most == 0
	col.nullable = (nulls || slices.Contains(s.o.Nullable, f.Name)) && (s.json || !col.text)
	s.columns = append(s.columns, col)
	return nil
}

// addMasks makes the spec, and what nulls become.
func (s *Source) addMasks() error {
	for c := range s.columns {
		col := &s.columns[c]
		col.f = len(s.spec)
		s.spec = append(s.spec, col.field)
		if col.texts {
			col.lengths = len(s.spec)
			s.spec = append(s.spec, lists.Lengths(col.field, loader.Dims(-1)))
		}
		isNaN := s.o.Nulls == format.NullMask && col.row >= 0 && col.field.DType.Float()
		if s.o.Nulls == format.NullMask && col.nullable && !isNaN {
			col.mask = len(s.spec)
			s.spec = append(s.spec, loader.Field{Name: col.field.Name + format.ValidSuffix, DType: dtype.Bool})
		}
		if col.row < 0 {
			continue
		}
		col.null = make([]byte, col.row)
		for at := 0; isNaN && at < col.row; at += col.field.DType.Size() {
			if err := cells.Put(col.null[at:], col.field.DType, []byte("NaN")); err != nil {
				return err
			}
		}
		col.nullable = col.nullable || isNaN
	}
	seen := map[string]bool{}
	for _, f := range s.spec {
		if seen[f.Name] {
			return fmt.Errorf("two fields are called %q: %w", f.Name, loader.ErrSpec)
		}
		seen[f.Name] = true
	}
	return nil
}
