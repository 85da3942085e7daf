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
// grid: they are not like the row before.
func TestGrid(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for trial := range 30 {
		fields := map[string]loader.Field{"f": {DType: dtype.Float32}, "i": {DType: dtype.Int64}, "s": {Kind: kind.Text}}
		o := Options{Infer: 1, Columns: []string{"f", "g", "i", "k", "s"}, Nullable: []string{"f", "i"}, Fields: fields}
		if trial%3 == 1 {
			o.Columns = []string{"i", "s", "f"}
		} else {
			fields["g"], fields["k"] = loader.Field{DType: dtype.Float64}, loader.Field{DType: dtype.Int32}
		}
		for _, o.Nulls = range []format.Nulls{format.NullMask, format.NullZero} {
			compare(t, syntax.CSV{Comma: ','}, table(r, trial), o)
			compare(t, syntax.JSON{}, objects(r, trial), o)
		}
	}
}

// compare compares a text that is read with grids and without.
func compare(t *testing.T, s syntax.Syntax, text string, o Options) {
	t.Helper()
	fast := read(t, s, text, o)
	o.Limits.RecordBytes = mostBytes - 1
	slow := read(t, s, text, o)
	if len(fast) != len(slow) {
		t.Fatalf("%d rows, want %d", len(fast), len(slow))
	}
	for i := range fast {
		if fast[i] != slow[i] {
			t.Fatalf("row %d is\n%s, want\n%s", i, fast[i], slow[i])
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

// objects returns rows of JSON like those of table.
func objects(r *rand.Rand, trial int) string {
	row := 0
	odd := func(n int) bool { return trial > 0 && row > 0 && r.IntN(n*(1+trial%9)) == 0 }
	var b strings.Builder
	for ; row < 2000; row++ {
		members := []string{
			`"f": ` + strconv.FormatFloat(r.NormFloat64(), 'f', r.IntN(7), 64), `"more": [{"x": 1}, "y"]`, `"g": ` + strconv.FormatFloat(r.NormFloat64()*1e3, 'g', 1+r.IntN(17), 64),
			fmt.Sprintf(`"i": %d`, int64(r.Uint64())>>r.IntN(64)), fmt.Sprintf(`"k": %d`, r.IntN(1000)), `"s": "t\u00e4x\"t"`[:r.IntN(2)*11+6] + `"`,
		}
		switch c := r.IntN(len(members)); {
		case odd(40):
			members[c] = members[c][:5] + "null"
		case odd(60):
			members[c] = members[c][:5] + []string{"x", "1.", "-", "1e3", "007", "1e99", `"7"`, "true", "\"\xff\"", "99999999999999999999", "[1]"}[r.IntN(11)]
		case odd(200):
			members = append(members[:c], members[c+1:]...)
		case odd(300):
			members = append(members, members[c])
		case odd(100):
			members[0], members[c] = members[c], members[0]
		}
		b.WriteString("{" + strings.Join(members, ", ") + "}" + []string{"\n", "\r\n", "\n\n"}[max(0, r.IntN(100*(1+trial%9))-100*(1+trial%9)+3)])
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// read returns the rows of a table, or why they have none.
func read(t *testing.T, s syntax.Syntax, text string, o Options) (rows []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	src, err := Open("lines", one(t, path), s, o)
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
