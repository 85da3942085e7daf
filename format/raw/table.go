package raw

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

const (
	// A manifest that unpacks to more than minUnpacked bytes and maxRatio times
	// its size is a bomb: text shrinks to a tenth, very dull text to a fiftieth.
	minUnpacked = 64 << 20
	maxRatio    = 100
)

// table holds the cells of a manifest, as text, until their types are known.
type table struct {
	names  []string
	cells  []columnText
	lines  []int64       // where each row begins, from 1
	syntax syntax.Syntax // of the cells
}

// columnText is the cells of one column.
type columnText struct {
	text []byte
	ends []int64
}

func add[S string | []byte](c *columnText, cell S) {
	c.text = append(c.text, cell...)
	c.ends = append(c.ends, int64(len(c.text)))
}

func (c *columnText) at(row int) []byte {
	start := int64(0)
	if row > 0 {
		start = c.ends[row-1]
	}
	return c.text[start:c.ends[row]]
}

func (t *table) rows() int { return len(t.lines) }

// isJSON reports whether cells are JSON values; otherwise they are plain text.
func (t *table) isJSON() bool {
	_, ok := t.syntax.(syntax.JSON)
	return ok
}

func (t *table) index(name string) int { return slices.Index(t.names, name) }

// keep makes t hold the named columns.
func (t *table) keep(names []string) {
	t.names = names
	t.cells = make([]columnText, len(names))
}

// sum identifies the contents.
func (t *table) sum() []byte {
	h := sha256.New()
	var ends [8]byte
	for c, name := range t.names {
		fmt.Fprintf(h, "%q\n", name)
		h.Write(t.cells[c].text)
		for _, end := range t.cells[c].ends {
			binary.LittleEndian.PutUint64(ends[:], uint64(end))
			h.Write(ends[:])
		}
	}
	return h.Sum(nil)
}

// fault says what is wrong with a cell: damage, if not the file system's refusal.
func (t *table) fault(row int, column string, err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); !ok && !errors.Is(err, loader.ErrCorrupt) {
		err = fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	return fmt.Errorf("line %d, column %q: %w", t.lines[row], column, err)
}

var errUTF8 = errors.New("text is not UTF-8")

// text returns the string that a cell holds.
func (t *table) text(cell []byte) (string, error) {
	if t.isJSON() {
		return syntax.Unquote(cell)
	}
	if !utf8.Valid(cell) {
		return "", errUTF8
	}
	return string(cell), nil
}

// readTable reads the wanted columns of the manifest at path, all if nil.
func readTable(path string, want []string, l format.Limits) (*table, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() { // before the open, which waits for the other end of a FIFO
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	name, r, err := shard.Unpack(strings.ToLower(path), f, maxUnpacked(info.Size(), l.BlockBytes))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	defer r.Close()
	t := &table{}
	switch ext := filepath.Ext(name); ext {
	case ".csv":
		err = t.read(r, syntax.CSV{Comma: ','}, want, l)
	case ".tsv":
		err = t.read(r, syntax.CSV{Comma: '\t'}, want, l)
	case ".jsonl", ".ndjson":
		err = t.read(r, syntax.JSON{}, want, l)
	default:
		err = fmt.Errorf("%q is not one of .csv, .tsv, .jsonl, .ndjson", ext)
	}
	if errors.Is(err, shard.ErrTooLarge) {
		err = fmt.Errorf("the manifest unpacks to too much: %w: %w", err, loader.ErrCorrupt)
	}
	if err == nil && t.rows() == 0 {
		err = fmt.Errorf("no rows: %w", loader.ErrCorrupt)
	}
	return t, err
}

// maxUnpacked returns how much a manifest of so many bytes may unpack to.
func maxUnpacked(size, limit int64) int64 { return min(limit, max(minUnpacked, size*maxRatio)) }

// addRow notes where a row begins.
func (t *table) addRow(line int64, l format.Limits) error {
	if int64(t.rows()) == l.ShardRecords {
		return fmt.Errorf("line %d: more than %d rows: %w", line, l.ShardRecords, loader.ErrCorrupt)
	}
	t.lines = append(t.lines, line)
	return nil
}
