package loadertest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stokerdata/stoker/loader"
)

// table is a data set in memory that does not trust its users: what it lends
// are copies. When the rows are closed, it looks whether somebody has written
// to them, and destroys them.
type table struct {
	spec loader.Spec
	rows [][]loader.Tensor

	mu    sync.Mutex
	fault string // the first write that was found
}

// maxTable is the most rows that are copied of a source.
const maxTable = 48

// copyOf returns the first rows of src.
func copyOf(t testing.TB, src loader.Source) *table {
	t.Helper()
	c := &table{spec: src.Spec()}
	for b := range All(t, src, loader.Config{BatchSize: 8}) {
		for i := range b.Len() {
			c.rows = append(c.rows, copies(rowOf(b, i)))
		}
		if len(c.rows) >= maxTable {
			break
		}
	}
	return c
}

// Spec implements loader.Source.
func (c *table) Spec() loader.Spec { return c.spec }

// Blocks implements loader.Source.
func (c *table) Blocks() []loader.Block { return []loader.Block{{Rows: len(c.rows)}} }

// Open implements loader.Source.
func (c *table) Open(context.Context, int) (loader.Rows, error) {
	refs := make([]loader.Ref, len(c.rows))
	for i := range refs {
		refs[i].Row = i
	}
	return &tableRows{c: c, refs: refs}, nil
}

// OpenRows implements loader.RandomSource.
func (c *table) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	return &tableRows{c: c, refs: refs}, nil
}

type tableRows struct {
	c    *table
	refs []loader.Ref
	mu   sync.Mutex
	lent []loan
}

// loan is the memory that was lent for a row.
type loan struct {
	row    int
	fields []loader.Tensor
}

// Row implements loader.Rows.
func (r *tableRows) Row(_ *loader.Worker, i int, s *loader.Sample) error {
	row := r.refs[i].Row
	l := loan{row, copies(r.c.rows[row])}
	copy(s.Fields, l.fields)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lent = append(r.lent, l)
	return nil
}

// Close implements loader.Rows.
func (r *tableRows) Close() error {
	for _, l := range r.lent {
		for f, t := range l.fields {
			if !bytes.Equal(t.Data, r.c.rows[l.row][f].Data) {
				r.c.blame(l.row, f)
			}
			for i := range t.Data {
				t.Data[i] = 0xdb
			}
		}
	}
	r.lent = nil
	return nil
}

func (c *table) blame(row, field int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault == "" {
		c.fault = fmt.Sprintf("it has written to the memory of the source (field %q of sample %d): Worker.Mutable copies that first", c.spec[field].Name, row)
	}
}

// check reports a write that was found.
func (c *table) check(t testing.TB) bool {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault != "" {
		t.Error(c.fault)
	}
	return c.fault != ""
}
