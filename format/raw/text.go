package raw

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/cells"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
)

// read reads the wanted columns of all rows. If want is nil these are the columns
// of the first row, and a row must have no others.
func (t *table) read(r io.Reader, s syntax.Syntax, want []string, l format.Limits) error {
	t.syntax = s
	rows := bufio.NewScanner(r)
	rows.Buffer(nil, int(min(l.RecordBytes, math.MaxInt32)))
	rows.Split(func(b []byte, atEnd bool) (int, []byte, error) {
		n := s.Split(b)
		if n == 0 && atEnd {
			n = len(b)
		}
		if n == 0 {
			return 0, nil, nil
		}
		return n, b[:n:n], nil
	})
	m := manifestRows{table: t, limits: l}
	line := int64(1)
	for rows.Scan() {
		if row := rows.Bytes(); !syntax.IsEmpty(row) {
			if err := m.add(row, want, line); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
		}
		line += int64(bytes.Count(rows.Bytes(), []byte{'\n'}))
	}
	if err := rows.Err(); err == bufio.ErrTooLong {
		return fmt.Errorf("line %d: a row is longer than %d bytes: %w", line, l.RecordBytes, loader.ErrCorrupt)
	} else if err != nil {
		return fmt.Errorf("line %d: %w", line, err)
	}
	return nil
}

// manifestRows puts rows into a table.
type manifestRows struct {
	*table
	limits format.Limits
	reader syntax.Reader // nil before the first row
	all    []string      // the columns of the first row, if no others may be there
}

// add adds a row that is not empty.
func (m *manifestRows) add(row []byte, want []string, line int64) error {
	if m.reader == nil {
		names, n, err := m.syntax.Head(row)
		if err != nil {
			return err
		}
		row = row[n:]
		if err := m.begin(names, row, want); err != nil || len(row) == 0 {
			return err
		}
	}
	if err := m.reader.Read(row, func(c int, cell []byte) error {
		add(&m.cells[c], cell)
		return nil
	}); err != nil {
		return err
	}
	for c := range m.cells {
		if len(m.cells[c].ends) == m.rows() {
			return fmt.Errorf("column %q: %w: %w", m.names[c], cells.ErrMissing, loader.ErrCorrupt)
		}
	}
	if m.all != nil {
		names, err := m.syntax.Names(m.all, row)
		if err == nil && len(names) > len(m.all) {
			err = fmt.Errorf("column %.64q is not in the first row: %w", names[len(m.all)], loader.ErrCorrupt)
		}
		if err != nil {
			return err
		}
	}
	return m.addRow(line, m.limits)
}

// begin finds the columns, of which names are told by the head, or else by the
// first row.
func (m *manifestRows) begin(names []string, row []byte, want []string) (err error) {
	if names == nil {
		if names, err = m.syntax.Names([]string{}, row); err != nil {
			return err
		}
		if want == nil {
			m.all = names
		}
	}
	if err := syntax.CheckNames(names, m.limits.Columns); err != nil {
		return err
	}
	if want == nil {
		want = names
	}
	for i, name := range want {
		if name == "" {
			return fmt.Errorf("column %d has no name: say in Fields which to read: %w", i+1, loader.ErrSpec)
		}
	}
	m.keep(want)
	m.reader, err = m.syntax.Reader(names, want)
	return err
}
