package feather

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// fieldJSON is a loader.Field as the custom metadata "stoker.spec" of a schema
// holds it: what the types of Arrow do not tell.
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

type specJSON struct {
	Version int         `json:"version"`
	Fields  []fieldJSON `json:"fields"`
}

const specVersion = 1

// encodeSpec returns the metadata for spec.
func encodeSpec(spec loader.Spec) (string, error) {
	s := specJSON{Version: specVersion}
	for _, f := range spec {
		j := fieldJSON{Name: f.Name, DType: f.DType.String(), Shape: []int{}, Canvas: f.Canvas, Follows: f.Follows,
			Names: f.Names, Mirror: f.Mirror, Rate: f.Rate}
		for d := range f.Shape.Rank() {
			j.Shape = append(j.Shape, f.Shape.Dim(d))
		}
		if f.Kind != kind.Plain {
			j.Kind = f.Kind.String()
		}
		s.Fields = append(s.Fields, j)
	}
	b, err := json.Marshal(s)
	return string(b), err
}

// applySpec describes columns as the metadata text does. Whoever wrote it, the
// columns stay what they physically are.
func applySpec(columns map[string]*column, text string) error {
	var s specJSON
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	if s.Version != specVersion {
		return nil // of a later writer: the columns are readable without
	}
	for _, j := range s.Fields {
		c := columns[j.Name]
		if c == nil {
			continue // not chosen
		}
		f, err := j.field()
		if err == nil {
			if columns[f.Canvas] == nil {
				f.Canvas = ""
			}
			if columns[f.Follows] == nil {
				f.Follows = ""
			}
			err = c.describe(f)
		}
		if err != nil {
			return fmt.Errorf("column %q: %w", j.Name, err)
		}
	}
	return nil
}

// field returns the loader's form of j.
func (j fieldJSON) field() (loader.Field, error) {
	f := loader.Field{Name: j.Name, Canvas: j.Canvas, Follows: j.Follows, Names: j.Names, Mirror: j.Mirror, Rate: j.Rate}
	for t := dtype.Bool; t.Valid(); t++ {
		if t.String() == j.DType {
			f.DType = t
		}
	}
	if f.DType == dtype.Invalid {
		return f, fmt.Errorf("unknown element type %.40q", j.DType)
	}
	if len(j.Shape) > maxRank {
		return f, fmt.Errorf("%d dimensions", len(j.Shape))
	}
	fixed := make([]int, 0, maxRank)
	for i, d := range j.Shape {
		if i > 0 || d != -1 {
			fixed = append(fixed, d)
		}
	}
	if product(fixed) < 0 {
		return f, errors.New("impossible shape")
	}
	f.Shape = loader.Dims(j.Shape...)
	if slices.ContainsFunc(j.Mirror, func(m int) bool { return m < 0 || m >= len(j.Mirror) }) || j.Rate < 0 {
		return f, errors.New("impossible mirror or rate")
	}
	if j.Kind == "" {
		return f, nil
	}
	for k := kind.Plain; k.String() != "unknown"; k++ {
		if k.String() == j.Kind {
			f.Kind = k
			return f, nil
		}
	}
	return f, fmt.Errorf("unknown kind %.40q", j.Kind)
}
