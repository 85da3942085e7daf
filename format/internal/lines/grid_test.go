package lines

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// TestGrid reads random tables whose rows are taken apart many at once, and the same row
// by row: values and errors are the same. Some rows are damaged, and some are not for a
// grid: they have quotes, or other ends than the row before.
func TestGrid(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for trial := range 30 {
		text := table(r, trial)
		for _, nulls := range []format.Nulls{format.NullMask, format.NullZero} {
			o := Options{Infer: 1, Nulls: nulls, Nullable: []string{"f", "i"}, Fields: map[string]loader.Field{
				"f": {DType: dtype.Float32}, "g": {DType: dtype.Float64}, "i": {DType: dtype.Int64}, "k": {DType: dtype.Int32}, "s": {Kind: kind.Text},
			}}
			if trial%3 == 1 {
				o.Columns = []string{"i", "s", "f"}
				delete(o.Fields, "g")
				delete(o.Fields, "k")
			}
			fast := read(t, text, o)
			o.Limits.RecordBytes = mostBytes - 1
			slow := read(t, text, o)
			if len(fast) != len(slow) {
				t.Fatalf("trial %d: %d rows, want %d", trial, len(fast), len(slow))
			}
			for i := range fast {
				if fast[i] != slow[i] {
					t.Fatalf("trial %d, row %d is\n%s, want\n%s", trial, i, fast[i], slow[i])
				}
			}
		}
	}
}

// table returns a table of five columns, of which trial 0 is the plainest.
func table(r *rand.Rand, trial int) string {
	row := 0
	odd := func(n int) bool { return trial > 0 && row > 0 && r.IntN(n*(1+trial%9)) == 0 }
	end := []string{"\n", "\r\n"}[trial%2]
	var b strings.Builder
	b.WriteString("f,g,i,k,s" + end)
	for ; row < 2000; row++ {
		cells := []string{
			strconv.FormatFloat(r.NormFloat64(), 'f', r.IntN(7), 64), strconv.FormatFloat(r.NormFloat64()*1e3, 'g', 1+r.IntN(17), 64),
			fmt.Sprint(int64(r.Uint64()) >> r.IntN(64)), fmt.Sprint(r.IntN(1000)), "täxt"[:r.IntN(2)*5],
		}
		switch c := r.IntN(5); {
		case odd(40):
			cells[c] = ""
		case odd(60):
			cells[c] = []string{"x", "1.", "-", "1e3", "+7", "1e99", "nan", " 1", "\xff", "99999999999999999999", "\r"}[r.IntN(11)]
		case odd(80):
			cells[4] = "\"a,\"\"b\"\"\n\""
		case odd(400):
			cells[4] = "\"not closed\"x"
		case odd(200):
			cells = cells[:c]
		case odd(300):
			cells = append(cells, "more")
		}
		b.WriteString(strings.Join(cells, ","))
		switch {
		case odd(200):
			b.WriteString("\r\n")
		case odd(200):
			b.WriteString("\n")
		case odd(300):
			b.WriteString(end + "\n" + end)
		default:
			b.WriteString(end)
		}
	}
	return strings.TrimSuffix(b.String(), end)
}

// read returns the rows of a table, or why they have none.
func read(t *testing.T, text string, o Options) (rows []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	src, err := Open("csv", one(t, path), syntax.CSV{Comma: ','}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for i, b := range src.Blocks() {
		block, err := src.Open(t.Context(), i)
		if err == nil {
			err = block.(loader.Decoder).Decode(nil, 0)
		}
		if err != nil {
			return append(rows, err.Error())
		}
		for i := range b.Rows {
			s := loader.Sample{Fields: make([]loader.Tensor, len(src.Spec()))}
			if err := block.Row(nil, i, &s); err != nil {
				rows = append(rows, err.Error())
				continue
			}
			var row strings.Builder
			for _, f := range s.Fields {
				fmt.Fprintf(&row, "%v%x ", f.Shape, f.Data)
			}
			rows = append(rows, row.String())
		}
		block.Close()
	}
	return rows
}
