package feather

import (
	"context"
	"fmt"
	"sort"

	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/internal/flat"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// A dictionary is what the indexes of a column stand for, in record batches from
// a place in the file on.
type dictionary struct {
	from   int64
	n      int
	remap  []int32  // index to number of the name; nil if they are the same
	values []string // while the source is opened
}

// maxValueCost is what a value of a dictionary costs beside its bytes: a string,
// its number, and its place in a map.
const maxValueCost = 64

// at returns the dictionary for what lies at off: the last from before it.
func (c *column) at(off int64) *dictionary {
	after := sort.Search(len(c.dicts), func(i int) bool { return c.dicts[i].from > off })
	if after > 0 {
		return &c.dicts[after-1]
	}
	return &dictionary{}
}

// dictionary returns that of column c, nil if it has none.
func (b *batch) dictionary(c int) *dictionary {
	if b.dicts == nil {
		return nil
	}
	return b.dicts[c]
}

// attach gives b, which lies at off, the dictionaries of its columns.
func (l *layout) attach(b *batch, off int64) {
	for i := range l.columns {
		if c := &l.columns[i]; c.dict != nil {
			if b.dicts == nil {
				b.dicts = make([]*dictionary, len(l.columns))
			}
			b.dicts[i] = c.at(off)
		}
	}
}

// openDictionaries reads the dictionaries of the chosen columns of a shard and
// numbers their values.
func (s *source) openDictionaries(f file, ft *footer, l *layout) error {
	found := map[int64][]dictionary{}
	wanted := map[int64]bool{}
	room := s.lim.BlockBytes
	for i := range l.columns {
		if d := l.columns[i].dict; d != nil {
			wanted[d.ID] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	err := f.metadata(s.bufs, ft.dictionaries, func(i int, meta []byte) error {
		m := ft.dictionaries[i]
		t, err := m.parse(meta, headerDictionary)
		if err != nil {
			return err
		}
		id, delta := t.Int64(0), t.Bool(2)
		if t.Err() != nil {
			return corrupt("metadata: %v", t.Err())
		}
		if !wanted[id] {
			return nil
		}
		list := found[id]
		if len(list) > 0 && !delta && !ft.streamed {
			return corrupt("dictionary %d is replaced, which a file must not do", id)
		}
		if len(list) == 0 || !delta {
			var from int64 // a file's are for all its batches
			if ft.streamed {
				from = m.off
			}
			list = append(list, dictionary{from: from})
			found[id] = list
		}
		d := &list[len(list)-1]
		body, ok := t.Table(1)
		if !ok {
			return corrupt("dictionary %d has no values", id)
		}
		return s.readDictionary(f, ft, id, body, m, d, &room)
	})
	if err != nil {
		return fmt.Errorf("dictionary batch %w", err)
	}
	for i := range l.columns {
		if c := &l.columns[i]; c.dict != nil {
			for _, d := range found[c.dict.ID] {
				if err := s.columns[i].unite(&d); err != nil {
					return fmt.Errorf("column %q: %w", c.field.Name, err)
				}
				c.dicts = append(c.dicts, d)
			}
		}
	}
	return nil
}

// readDictionary appends the values of the RecordBatch table t of message m to
// to, and takes what they cost off room.
func (s *source) readDictionary(f file, ft *footer, id int64, t flat.Table, m message, to *dictionary, room *int64) error {
	n := ft.schema.encoded(id)
	var total place
	v, err := lay(&arrowschema.Field{Name: "values", Type: n.Type, Nullable: true}, &total)
	if err != nil {
		return err
	}
	values := chooser{lim: s.lim}
	c, err := values.compile(&v, v.Name, nil)
	if err != nil {
		return err
	}
	l := newLayout([]column{c}, total)
	b, err := l.parseBatch(t, m, s.lim)
	if err != nil {
		return err
	}
	b.shard = f.index
	r, err := s.fetch(context.Background(), l, &b)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.decode(0); err != nil {
		return err
	}
	d := &r.cols[0]
	for i := range b.rows {
		if d.valid != nil && d.valid[i] == 0 {
			return fmt.Errorf("value %d of the dictionary of column %q is null: %w", len(to.values), n.Name, loader.ErrSpec)
		}
		data, _ := d.items(&l.columns[0], i, true)
		if *room -= int64(len(data)) + maxValueCost; *room < 0 {
			return corrupt("dictionaries need more than the %d bytes of Limits.BlockBytes", s.lim.BlockBytes)
		}
		to.values = append(to.values, string(data))
	}
	return nil
}

// encoded returns a field whose values are in the dictionary with the given id.
func (s *schema) encoded(id int64) *node {
	var find func(list []node) *node
	find = func(list []node) *node {
		for i := range list {
			if d := list[i].Dict; d != nil && d.ID == id && (list[i].isBytes() || list[i].isView()) {
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

// unite numbers the values of d among those before it.
func (m *merged) unite(d *dictionary) error {
	d.n, d.remap = len(d.values), make([]int32, len(d.values))
	same := true
	for i, v := range d.values {
		if _, ok := m.numbers[v]; !ok && m.closed {
			return fmt.Errorf("class %q is not one of Names: %w", v, loader.ErrSpec)
		}
		d.remap[i] = m.number(v)
		same = same && d.remap[i] == int32(i)
	}
	if same {
		d.remap = nil
	}
	d.values = nil
	return nil
}

// claims appends the ranges that tell the decoded size of the texts of b.
func (l *layout) claims(b *batch, ranges []shard.Range, tag int) []shard.Range {
	if b.codec == codecNone {
		return ranges
	}
	claim := func(s span) {
		if s.n >= 8 {
			ranges = append(ranges, shard.Range{File: b.shard, Off: s.off, Len: 8, Tag: tag})
		}
	}
	for c := range l.columns {
		if _, _, values := l.spans(c, b); l.columns[c].offset > 0 && !l.columns[c].list {
			claim(*values)
		}
	}
	for _, s := range b.spans[l.nSpans:] {
		claim(s)
	}
	return ranges
}
