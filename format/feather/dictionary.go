package feather

import (
	"context"
	"fmt"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// openDictionaries reads the dictionaries of the chosen columns of a shard and
// numbers their values.
func (s *source) openDictionaries(f file, ft *footer, l *layout) error {
	values := map[int64][]string{}
	wanted := map[int64]bool{}
	for i := range l.columns {
		if d := l.columns[i].dict; d != nil {
			wanted[d.id] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	err := f.metadata(s.bufs, ft.dictionaries, func(i int, meta []byte) error {
		t, err := parseMessage(meta, ft.dictionaries[i], headerDictionary)
		if err != nil {
			return err
		}
		id, delta := t.int64(0), t.bool(2)
		if t.f.err != nil {
			return corrupt("metadata: %v", t.f.err)
		}
		if !wanted[id] {
			return nil
		}
		before, again := values[id]
		if again && !delta {
			return corrupt("dictionary %d is replaced, which a file must not do", id)
		}
		body, ok := t.child(1)
		if !ok {
			return corrupt("dictionary %d has no values", id)
		}
		values[id], err = s.readDictionary(f, ft, id, body, ft.dictionaries[i], before)
		return err
	})
	if err != nil {
		return fmt.Errorf("dictionary batch %w", err)
	}
	for i := range l.columns {
		if c := &l.columns[i]; c.dict != nil {
			if err := s.columns[i].unite(c, values[c.dict.id]); err != nil {
				return fmt.Errorf("column %q: %w", c.field.Name, err)
			}
		}
	}
	return nil
}

// readDictionary appends the values of the RecordBatch table t of message m.
func (s *source) readDictionary(f file, ft *footer, id int64, t table, m message, values []string) ([]string, error) {
	n := ft.schema.encoded(id)
	var total place
	v := node{name: "values", typ: n.typ, nullable: true}
	v.lay(&total, ft.version)
	c, err := compile(&v, v.name, nil, s.lim)
	if err != nil {
		return nil, err
	}
	l := newLayout([]column{c}, total)
	b, err := l.parseBatch(t, m, s.lim)
	if err != nil {
		return nil, err
	}
	b.shard = f.index
	r, err := s.fetch(context.Background(), l, &b)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := r.decode(0); err != nil {
		return nil, err
	}
	d := &r.cols[0]
	for i := range b.rows {
		if d.valid != nil && d.valid[i] == 0 {
			return nil, fmt.Errorf("a value of the dictionary is null: %w", loader.ErrSpec)
		}
		lo, hi := d.bounds(&l.columns[0], i)
		values = append(values, string(d.values[lo:hi]))
	}
	return values, nil
}

// encoded returns a field whose values are in the dictionary with the given id.
func (s *schema) encoded(id int64) *node {
	var find func(list []node) *node
	find = func(list []node) *node {
		for i := range list {
			if d := list[i].dict; d != nil && d.id == id && list[i].isBytes() {
				return &list[i]
			}
			if n := find(list[i].children); n != nil {
				return n
			}
		}
		return nil
	}
	return find(s.fields)
}

// unite numbers the values of the dictionary of c among those of the shards
// before it.
func (m *merged) unite(c *column, values []string) error {
	c.nDict = len(values)
	c.remap = make([]int32, len(values))
	same := true
	for i, v := range values {
		if _, ok := m.numbers[v]; !ok && m.closed {
			return fmt.Errorf("class %q is not one of Names: %w", v, loader.ErrSpec)
		}
		c.remap[i] = m.number(v)
		same = same && c.remap[i] == int32(i)
	}
	if same {
		c.remap = nil
	}
	return nil
}

// claims appends the ranges that tell the decoded size of the texts of b.
func (l *layout) claims(b *batch, ranges []shard.Range, tag int) []shard.Range {
	if b.codec == codecNone {
		return ranges
	}
	for c := range l.columns {
		if _, _, values := l.spans(c, b); l.columns[c].offset > 0 && !l.columns[c].list && values.n >= 8 {
			ranges = append(ranges, shard.Range{File: b.shard, Off: values.off, Len: 8, Tag: tag})
		}
	}
	return ranges
}
