package raw

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
)

const byteOrderMark = "\ufeff"

// readCSV reads CSV with a row of names.
func (t *table) readCSV(r io.Reader, comma rune, want []string, l format.Limits) error {
	bound := &recordBound{r: r, limit: l.RecordBytes, left: l.RecordBytes}
	in := csv.NewReader(bound)
	in.Comma, in.ReuseRecord = comma, true
	names, err := in.Read()
	if err != nil {
		return csvError(err)
	}
	names = slices.Clone(names)
	names[0] = strings.TrimPrefix(names[0], byteOrderMark)
	if err := checkNames(names, l); err != nil {
		return err
	}
	from, err := t.keepCSV(names, want)
	if err != nil {
		return err
	}
	for {
		bound.left = bound.limit
		cells, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		line, _ := in.FieldPos(0)
		if err := t.addRow(int64(line), l); err != nil {
			return err
		}
		for c, k := range from {
			add(&t.cells[c], cells[k])
		}
	}
}

// keepCSV makes t hold the wanted of the named columns and returns where each
// comes from.
func (t *table) keepCSV(names, want []string) (from []int, err error) {
	if want == nil {
		if i := slices.Index(names, ""); i >= 0 {
			return nil, fmt.Errorf("column %d has no name: say in Fields which to read: %w", i+1, loader.ErrSpec)
		}
		want = names
	}
	t.keep(want)
	for _, w := range want {
		k := slices.Index(names, w)
		if k < 0 {
			return nil, fmt.Errorf("no column %q among %q: %w", w, names, loader.ErrSpec)
		}
		from = append(from, k)
	}
	return from, nil
}

// csvError makes damage of what the parser complains about. Its errors name
// line and column.
func csvError(err error) error {
	if _, ok := errors.AsType[*csv.ParseError](err); ok || err == io.EOF {
		return fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	return err
}

// recordBound fails when one record needs more than limit bytes: a quote that
// is never closed would take the rest of the file into memory.
type recordBound struct {
	r           io.Reader
	limit, left int64
}

func (b *recordBound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a row is longer than %d bytes: %w", b.limit, loader.ErrCorrupt)
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
