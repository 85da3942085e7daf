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
	// Names appends to names those of a row that are not among them.
	Names(names []string, row []byte) ([]string, error)
	// Reader returns what reads rows of a file whose Head gave names, of which
	// some are wanted. A name that is not there is an error that wraps
	// loader.ErrSpec.
	Reader(names, want []string) (Reader, error)
}

// Reader takes rows apart.
type Reader interface {
	// Read calls set for the wanted cells of a row, with the number of the column
	// among those that are wanted. It stops at the first error of set.
	Read(row []byte, set func(column int, cell []byte) error) error
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

var errUTF8 = errors.New("text is not UTF-8")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %w", fmt.Errorf(format, args...), loader.ErrCorrupt)
}
