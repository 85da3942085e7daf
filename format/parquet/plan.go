package parquet

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// A planner finds, for the columns that the caller wants, the leaves of one
// shard and the fields that they are.
type planner struct {
	leaves []leaf
	byName map[string]int          // leaf, or twice
	stored map[string]loader.Field // what the writer says of them
	o      Options

	names map[string]bool // of the columns that are read
	cols  []column
	from  []int
}

// twice stands for a name that two leaves have.
const twice = -1

func newPlanner(leaves []leaf, stored loader.Spec, o Options) *planner {
	p := &planner{leaves: leaves, byName: make(map[string]int, len(leaves)), o: o,
		stored: make(map[string]loader.Field, len(stored)), names: make(map[string]bool)}
	for i := range leaves {
		name := leaves[i].name
		if _, again := p.byName[name]; again {
			i = twice
		}
		p.byName[name] = i
	}
	for _, f := range stored {
		p.stored[f.Name] = f
	}
	return p
}

// plan returns the columns and the leaf of each; first are those of the first
// shard, if there was one.
func (p *planner) plan(first []column) ([]column, []int, error) {
	names := p.wanted(first)
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("no columns to read: %w", loader.ErrSpec)
	}
	for _, name := range names {
		if p.names[name] && first == nil {
			return nil, nil, fmt.Errorf("column %q is named twice: %w", name, loader.ErrSpec)
		}
		p.names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(p.o.Fields)) {
		into := slices.ContainsFunc(p.o.Joins, func(j format.Join) bool { return j.Into == name })
		if !p.names[name] && !into {
			return nil, nil, fmt.Errorf("Options.Fields names %q, which is not read; there are %s: %w", name, quote(names), loader.ErrSpec)
		}
	}
	for _, name := range names {
		if err := p.add(name); err != nil {
			return nil, nil, err
		}
	}
	if err := p.addShapes(); err != nil {
		return nil, nil, err
	}
	return p.cols, p.from, nil
}

// wanted returns the names of the columns to read, those of joins last.
func (p *planner) wanted(first []column) (names []string) {
	if p.o.Columns == nil && first != nil {
		for _, c := range first {
			names = append(names, c.field.Name)
		}
		return names
	}
	var joined []string
	for _, j := range p.o.Joins {
		joined = append(joined, j.Columns...)
	}
	if names = slices.Clone(p.o.Columns); p.o.Columns == nil {
		names = slices.DeleteFunc(p.all(), func(name string) bool { return slices.Contains(joined, name) })
	}
	return append(names, joined...)
}

// all returns the names of all leaves but those that only hold shapes.
func (p *planner) all() []string {
	shapes := make(map[string]bool)
	for _, f := range p.stored {
		if shaped(f) {
			shapes[f.Name+shapeSuffix] = true
		}
	}
	return slices.DeleteFunc(p.unique(), func(name string) bool { return shapes[name] })
}

// unique returns the names of all leaves, each once.
func (p *planner) unique() (names []string) {
	seen := make(map[string]bool, len(p.leaves))
	for i := range p.leaves {
		if name := p.leaves[i].name; !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// find returns the leaf with the given name.
func (p *planner) find(name string) (int, error) {
	i, ok := p.byName[name]
	switch {
	case ok && name == "":
		return 0, fmt.Errorf("a column has no name: say in Options.Columns which to read: %w", loader.ErrSpec)
	case !ok:
		return 0, fmt.Errorf("no column %q; there are %s: %w", name, quote(p.unique()), loader.ErrSpec)
	case i == twice:
		return 0, fmt.Errorf("two columns are called %q: %w", name, loader.ErrSpec)
	case p.leaves[i].err != nil:
		return 0, fmt.Errorf("column %q: %w", name, p.leaves[i].err)
	case p.leaves[i].refuse != "":
		return 0, fmt.Errorf("column %q is %s, which is not supported; choose others by Options.Columns: %w", name, p.leaves[i].refuse, loader.ErrSpec)
	}
	return i, nil
}

// bounds returns Options.Where.
func (p *planner) bounds() (all []bound, err error) {
	for _, r := range p.o.Where {
		i, err := p.find(r.Column)
		if err != nil {
			return nil, err
		}
		b, err := newBound(&p.leaves[i], r)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// quote lists names for an error.
func quote(names []string) string {
	const most = 50
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	return fmt.Sprintf("%q", strings.Join(names, ", ")) + more
}

// add adds the column with the given name.
func (p *planner) add(name string) error {
	i, err := p.find(name)
	if err != nil {
		return err
	}
	l := p.leaves[i].readAs(p.o.Fields[name].DType)
	if l.isTexts() {
		return p.addTexts(i, l)
	}
	f, _, _ := natural(l)
	perRow := false
	if s, ok := p.says(name); ok {
		f = s
		perRow = shaped(f)
		if _, err := newColumn(l, f, perRow); err != nil {
			return fmt.Errorf("metadata %s, column %q: %w: %w", format.SpecKey, name, err, loader.ErrCorrupt)
		}
	}
	by, given := p.o.Fields[name]
	if given {
		if l.node.physical == int96Type && by.DType == dtype.Int64 && by.Shape.Rank() == 0 {
			f.Shape = timestampShape(l)
		}
		if f, err = override(f, by); err != nil {
			return fmt.Errorf("column %q: %w: %w", name, err, loader.ErrSpec)
		}
		perRow = perRow && by.Shape.Rank() == 0
	}
	c, err := newColumn(l, f, perRow)
	if err != nil {
		return fmt.Errorf("column %q: %w: %w", name, err, loader.ErrSpec)
	}
	if perRow {
		c.dims = -2 // resolved by addShapes
	}
	p.cols, p.from = append(p.cols, c), append(p.from, i)
	return nil
}

// says returns what the writer says of a column, as far as it is about columns that
// are read.
func (p *planner) says(name string) (loader.Field, bool) {
	f, ok := p.stored[name]
	if !p.names[f.Canvas] {
		f.Canvas = ""
	}
	if !p.names[f.Follows] {
		f.Follows = ""
	}
	return f, ok
}

// addShapes adds the columns that hold the shapes of others.
func (p *planner) addShapes() error {
	for k := range p.cols {
		c := &p.cols[k]
		if c.dims != -2 {
			continue
		}
		name := c.field.Name + shapeSuffix
		i, err := p.find(name)
		if err != nil {
			return err
		}
		want := 4 * c.field.Shape.Rank()
		l := &p.leaves[i]
		shapes, err := newColumn(l, loader.Field{Name: name, DType: dimType, Shape: loader.Dims(want / 4)}, false)
		if err != nil || l.isList || shapes.isBin || l.maxDef > 0 {
			return fmt.Errorf("column %q is %v and cannot hold the shapes of %q: %w", name, l, c.field.Name, loader.ErrCorrupt)
		}
		p.cols[k].dims = len(p.cols)
		p.cols, p.from = append(p.cols, shapes), append(p.from, i)
	}
	return nil
}
