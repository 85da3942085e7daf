package lines

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/shard"
)

// scanned returns a source of one file whose blocks are about size bytes.
func scanned(t *testing.T, text []byte, s syntax.Syntax, size int) (*Source, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	set, err := shard.Find(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := shard.NewPool(set, shard.PoolConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	src := &Source{syntax: s, set: set, pool: pool, heads: make([][]string, 1), o: Options{Limits: format.Limits{RecordBytes: math.MaxInt32}.WithDefaults()}}
	l, err := src.scan(0, size)
	if err == nil {
		src.add(0, l)
	}
	return src, err
}

// TestScan cuts random files into blocks of all sizes and compares the rows of the
// blocks, and the numbers of their lines, with those of the file.
func TestScan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "\n", "\n", "\r\n", "\"", "\"\n\"", ",", "\"\""}
	for range 150 {
		text := []byte([...]string{"", "\n\r\n\n", "\ufeff", "\ufeff\r\n\n"}[r.IntN(4)] + "x,y\n")
		for range r.IntN(40) {
			text = append(text, parts[r.IntN(len(parts))]...)
		}
		for _, s := range []syntax.Syntax{syntax.CSV{Comma: ','}, syntax.CSV{Comma: ',', Columns: []string{"x", "y"}}, syntax.JSON{}} {
			_, head, err := s.Head(text)
			if err != nil {
				t.Fatal(err)
			}
			want := rowsOf(s, text, head, 1)
			for _, size := range []int{1, 7, 16, 100} {
				src, err := scanned(t, text, s, size)
				if err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				var got []string
				for i, p := range src.places {
					part := rowsOf(s, text[:p.off+int64(p.n)], int(p.off), p.line)
					if len(part) != src.blocks[i].Rows || src.blocks[i].FirstRow != int64(len(got)) {
						t.Errorf("%q in blocks of %d: block %d is %+v, and has the rows %q", text, size, i, src.blocks[i], part)
					}
					got = append(got, part...)
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%q in blocks of %d has the rows\n%q\nwant\n%q", text, size, got, want)
				}
			}
		}
	}
}

// rowsOf returns the rows of text from the given place on, which is in the given
// line or begins it, each with the number of its first line.
func rowsOf(s syntax.Syntax, text []byte, from int, line int64) (rows []string) {
	if line == 1 {
		line += int64(bytes.Count(text[:from], newline))
	}
	for from < len(text) {
		row := text[from:]
		if n := s.Split(row); n > 0 {
			row = row[:n]
		}
		if !syntax.IsEmpty(row) {
			rows = append(rows, fmt.Sprintf("%d: %q", line, row))
		}
		line += int64(bytes.Count(row, newline))
		from += len(row)
	}
	return rows
}
