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
	names []string
	cells []cells
	lines []int64 // where each row begins, from 1
	json  bool    // cells are JSON values, otherwise plain text
}

// cells is the text of one column.
type cells struct {
	text []byte
	ends []int64
}

func add[S string | []byte](c *cells, cell S) {
	c.text = append(c.text, cell...)
	c.ends = append(c.ends, int64(len(c.text)))
}

func (c *cells) at(row int) []byte {
	start := int64(0)
	if row > 0 {
		start = c.ends[row-1]
	}
	return c.text[start:c.ends[row]]
}

func (t *table) rows() int { return len(t.lines) }

func (t *table) index(name string) int { return slices.Index(t.names, name) }

// keep makes t hold the named columns.
func (t *table) keep(names []string) {
	t.names = names
	t.cells = make([]cells, len(names))
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
	if t.json {
		return unquote(cell)
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
		err = t.readCSV(r, ',', want, l)
	case ".tsv":
		err = t.readCSV(r, '\t', want, l)
	case ".jsonl", ".ndjson":
		err = t.readJSON(r, want, l)
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

// checkNames returns an error if a manifest could not have such columns.
func checkNames(names []string, l format.Limits) error {
	if len(names) > l.Columns {
		return fmt.Errorf("line 1: %d columns, the limit is %d: %w", len(names), l.Columns, loader.ErrCorrupt)
	}
	seen := make(map[string]bool, len(names))
	for i, n := range names {
		switch {
		case !utf8.ValidString(n):
			return fmt.Errorf("line 1: column %d: %w: %w", i+1, errUTF8, loader.ErrCorrupt)
		case seen[n]:
			return fmt.Errorf("line 1: column %q twice: %w", n, loader.ErrCorrupt)
		}
		seen[n] = true
	}
	return nil
}
