package syntax

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/stokerdata/stoker/loader"
)

// Syntax is how rows lie in a file.
type Syntax interface {
	// Head returns the names of columns that a file tells at its beginning, b, and
	// how many bytes of b stand before the first row. Names are nil if the rows
	// tell them.
	Head(b []byte) (names []string, n int, err error)
	// Split returns the bytes of the row, or empty line, that b begins with, the end
	// of its last line included, or 0 if it does not end in b.
	Split(b []byte) int
	// Whole reports whether rows end in b wherever a line does.
	Whole(b []byte) bool
	// Names calls add for the names that a row tells, which is none where Head does.
	// It stops at the first error of add.
	Names(row []byte, add func(name string) error) error
	// Reader returns what reads rows of a file whose Head gave names, of which
	// some are wanted. A name that is not there is an error that wraps
	// loader.ErrSpec.
	Reader(names, want []string) (Reader, error)
}

// Reader takes rows apart.
type Reader interface {
	// Read sets cells to those of the wanted columns of a row, in the order of want,
	// and to nil where the row has none. They are lent until the next Read, and with
	// the row.
	Read(row []byte, cells [][]byte) error
	// Grid sets g to the rows that text begins with, up to one that does not end in it
	// or is for Read: one that is damaged, empty, or not of the form of the first.
	Grid(g *Grid, text []byte)
	// Unquote returns what a cell of a grid that begins with a quote holds, which is
	// lent until the next call.
	Unquote(cell []byte) []byte
}

const byteOrderMark = "\ufeff"

// mark returns the length of the byte order mark that b begins with.
func mark(b []byte) (int, error) {
	switch {
	case bytes.HasPrefix(b, []byte(byteOrderMark)):
		return len(byteOrderMark), nil
	case bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")):
		return 0, corrupt("the text is UTF-16, must be UTF-8")
	}
	return 0, nil
}

// Lead returns how many bytes of b, the beginning of a file, are a byte order mark and
// empty lines.
func Lead(b []byte) int {
	n, err := mark(b)
	if err != nil {
		return 0
	}
	for {
		i := bytes.IndexByte(b[n:], '\n')
		if i < 0 || !IsEmpty(b[n:n+i+1]) {
			return n
		}
		n += i + 1
	}
}

// IsEmpty reports whether a line has nothing but its end.
func IsEmpty(line []byte) bool { return len(bare(line)) == 0 }

// bare returns a line without its end.
func bare(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

// CheckNames returns an error if columns could not be called so. most is how many
// there may be.
func CheckNames(names []string, most int) error {
	if len(names) > most {
		return corrupt("%d columns, the limit is %d", len(names), most)
	}
	seen := make(map[string]bool, len(names))
	for i, n := range names {
		switch {
		case !utf8.ValidString(n):
			return corrupt("column %d: %w", i+1, errUTF8)
		case seen[n]:
			return corrupt("column %.64q twice", n)
		}
		seen[n] = true
	}
	return nil
}

// NameList is a list of different names.
type NameList struct {
	Names []string
	index map[string]int
}

// Add appends a name that is not there yet. most is how many there may be.
func (l *NameList) Add(name string, most int) error {
	if l.Has(name) {
		return nil
	}
	if len(l.Names) >= most {
		return corrupt("more than %d columns", most)
	}
	if l.index == nil {
		l.index = map[string]int{}
	}
	l.index[name] = len(l.Names)
	l.Names = append(l.Names, name)
	return nil
}

// Has reports whether name is in the list.
func (l *NameList) Has(name string) bool {
	_, ok := l.index[name]
	return ok
}

var errUTF8 = errors.New("text is not UTF-8")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %w", fmt.Errorf(format, args...), loader.ErrCorrupt)
}
