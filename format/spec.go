package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// SpecKey names the metadata of a file that hold the text of MarshalSpec: what
// the types of its format do not tell of the fields.
const SpecKey = "stoker.spec"

const (
	specVersion  = 1
	maxRank      = 5
	maxNameBytes = 4096
)

// specJSON is a loader.Spec as SpecKey holds it.
type specJSON struct {
	Version int        `json:"version"`
	Fields  fieldsJSON `json:"fields"`
}

// fieldsJSON is a list of fields with a bound, as a short text can tell of many.
type fieldsJSON struct {
	most int
	list []fieldJSON
}

// fieldJSON is a loader.Field.
type fieldJSON struct {
	Name    string   `json:"name"`
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Kind    string   `json:"kind,omitempty"`
	Canvas  string   `json:"canvas,omitempty"`
	Follows string   `json:"follows,omitempty"`
	Names   []string `json:"names,omitempty"`
	Mirror  []int    `json:"mirror,omitempty"`
	Rate    int      `json:"rate,omitempty"`
}

// MarshalSpec returns spec as JSON. Fields without a name are left out, and so
// is what Canvas and Follows say of fields that are not in spec. An error wraps
// loader.ErrSpec: UnmarshalSpec would refuse the text.
func MarshalSpec(spec loader.Spec) (string, error) {
	s := specJSON{Version: specVersion, Fields: fieldsJSON{list: []fieldJSON{}}}
	for _, f := range spec {
		if f.Name == "" {
			continue
		}
		j := fieldJSON{Name: f.Name, DType: f.DType.String(), Shape: []int{}, Names: f.Names, Mirror: f.Mirror, Rate: f.Rate}
		for d := range f.Shape.Rank() {
			j.Shape = append(j.Shape, f.Shape.Dim(d))
		}
		if f.Kind != kind.Plain {
			j.Kind = f.Kind.String()
		}
		if spec.Index(f.Canvas) >= 0 {
			j.Canvas = f.Canvas
		}
		if spec.Index(f.Follows) >= 0 {
			j.Follows = f.Follows
		}
		s.Fields.list = append(s.Fields.list, j)
	}
	if _, err := s.spec(); err != nil {
		return "", fmt.Errorf("%w: %w", err, loader.ErrSpec)
	}
	b, err := json.Marshal(s)
	return string(b), err
}

// UnmarshalSpec returns what MarshalSpec has written. An empty text, and one of
// a later version, give no spec: files are readable without.
//
// The text is hostile until checked: names are unique and of at most 4096 bytes,
// there are no more of them than Limits.Columns, element types and kinds known,
// shapes have at most five dimensions and no more elements than an int32 counts,
// Canvas and Follows name fields that are there, and Mirror points that are.
// What the columns of the file are remains to be compared. An error wraps
// loader.ErrCorrupt, and is for the caller to say of which file.
func UnmarshalSpec(text string, l Limits) (loader.Spec, error) {
	if text == "" {
		return nil, nil
	}
	s := specJSON{Fields: fieldsJSON{most: l.WithDefaults().Columns}}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	if s.Version > specVersion {
		return nil, nil
	}
	spec, err := s.spec()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	return spec, nil
}

// MarshalJSON implements json.Marshaler.
func (f fieldsJSON) MarshalJSON() ([]byte, error) { return json.Marshal(f.list) }

// UnmarshalJSON implements json.Unmarshaler.
func (f *fieldsJSON) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.Join(errors.New("fields are not a list"), err)
	}
	f.list = nil
	for d.More() {
		if len(f.list) == f.most {
			return fmt.Errorf("more than %d fields", f.most)
		}
		var j fieldJSON
		if err := d.Decode(&j); err != nil {
			return err
		}
		f.list = append(f.list, j)
	}
	return nil
}

// spec returns the checked fields of s.
func (s *specJSON) spec() (loader.Spec, error) {
	if s.Version != specVersion {
		return nil, fmt.Errorf("unknown version %d", s.Version)
	}
	spec := make(loader.Spec, len(s.Fields.list))
	there := make(map[string]bool, len(spec))
	for i := range s.Fields.list {
		j := &s.Fields.list[i]
		if j.Name == "" || len(j.Name) > maxNameBytes || !utf8.ValidString(j.Name) || there[j.Name] {
			return nil, fmt.Errorf("field %d needs a name of its own, not %.80q", i, j.Name)
		}
		there[j.Name] = true
		var err error
		if spec[i], err = j.field(); err != nil {
			return nil, fmt.Errorf("field %.80q: %w", j.Name, err)
		}
	}
	for _, f := range spec {
		for _, name := range []string{f.Canvas, f.Follows} {
			if name != "" && !there[name] {
				return nil, fmt.Errorf("field %.80q refers to %.80q, which is not there", f.Name, name)
			}
		}
	}
	return spec, nil
}

// field returns the loader's form of j.
func (j *fieldJSON) field() (loader.Field, error) {
	f := loader.Field{Name: j.Name, Canvas: j.Canvas, Follows: j.Follows, Names: j.Names, Mirror: j.Mirror, Rate: j.Rate}
	for t := dtype.Bool; t.Valid(); t++ {
		if t.String() == j.DType {
			f.DType = t
		}
	}
	if f.DType == dtype.Invalid {
		return f, fmt.Errorf("unknown element type %.40q", j.DType)
	}
	if slices.ContainsFunc(j.Names, func(s string) bool { return !utf8.ValidString(s) }) {
		return f, errors.New("names are not UTF-8")
	}
	if len(j.Shape) > maxRank {
		return f, fmt.Errorf("%d dimensions", len(j.Shape))
	}
	n := 1
	for _, d := range j.Shape {
		if d < -1 || d == 0 || d > math.MaxInt32/n {
			return f, errors.New("impossible shape")
		}
		n *= max(d, 1)
	}
	f.Shape = loader.Dims(j.Shape...)
	if slices.ContainsFunc(j.Mirror, func(m int) bool { return m < 0 || m >= len(j.Mirror) }) {
		return f, errors.New("impossible mirror")
	}
	if j.Rate < 0 || j.Rate > math.MaxInt32 {
		return f, errors.New("impossible rate")
	}
	var known bool
	f.Kind, known = kindOf(j.Kind)
	if !known {
		return f, fmt.Errorf("unknown kind %.40q", j.Kind)
	}
	return f, nil
}

// kindOf returns the kind with the given name; none is kind.Plain's.
func kindOf(name string) (kind.Kind, bool) {
	unknown := kind.Kind(math.MaxUint8).String()
	for k := kind.Plain; k.String() != unknown; k++ {
		if name == k.String() {
			return k, true
		}
	}
	return kind.Plain, name == ""
}
