package feather

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
)

// ipcStream returns the bytes of a stream of records.
func ipcStream(t testing.TB, schema *arrow.Schema, records []arrow.Record, options ...ipc.Option) []byte {
	t.Helper()
	var b bytes.Buffer
	w := ipc.NewWriter(&b, append(options, ipc.WithSchema(schema))...)
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checkStream is checkFile for a stream.
func checkStream(t *testing.T, b []byte, o Options) {
	t.Helper()
	r, err := ipc.NewReader(bytes.NewReader(b), ipc.WithDelayReadSchema(true))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	var records []arrow.Record
	for r.Next() {
		r.Record().Retain()
		records = append(records, r.Record())
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	checkRecords(t, b, records, o)
}

func TestStream(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.name, func(t *testing.T) {
			schema := allTypes(true)
			b := ipcStream(t, schema, records(grower{rand.New(rand.NewPCG(1, 2)), 0.2}, schema, 100, 1, 0, 17), codec.options...)
			checkStream(t, b, Options{})
			checkStream(t, b[:len(b)-8], Options{})                      // the end may be left out
			checkStream(t, append(bytes.Clone(b), "more"...), Options{}) // and is the end
		})
	}
	schema := largeRows() // rows read one by one
	checkStream(t, ipcStream(t, schema, records(grower{rand.New(rand.NewPCG(3, 4)), 0.2}, schema, 40, 30)), Options{})
}

func TestStreamWithoutRows(t *testing.T) {
	src := mustOpen(t, save(t, "a.arrows", ipcStream(t, allTypes(true), nil)), Options{})
	if n := len(src.Blocks()); n != 0 || src.Spec().Index("c00") < 0 {
		t.Errorf("%d blocks of %v", n, src.Spec())
	}
}

// TestStreamedDictionaries reads streams in which a dictionary grows, and is
// replaced by one in which the same numbers stand for other values.
func TestStreamedDictionaries(t *testing.T) {
	for _, test := range []struct {
		deltas bool
		rows   []string
		names  []string
		texts  []string
	}{
		{true, []string{`[{"c":"a"},{"c":"b"}]`, `[{"c":"a"},{"c":"b"},{"c":"c"}]`, `[{"c":"c"},{"c":"a"}]`},
			[]string{"a", "b", "c"}, []string{"a", "b", "a", "b", "c", "c", "a"}},
		{false, []string{`[{"c":"a"},{"c":"b"}]`, `[{"c":"x"},{"c":"b"}]`, `[{"c":"y"}]`},
			[]string{"a", "b", "x", "y"}, []string{"a", "b", "x", "b", "y"}},
	} {
		b := dictionaryStream(t, test.deltas, test.rows...)
		src := mustOpen(t, save(t, "a.arrows", b), Options{})
		equal(t, src.Spec()[0].Names, test.names...)
		equal(t, texts(t, src, "c"), test.texts...)
	}
}

// TestDictionaryAt finds the dictionary that holds at a place of a stream.
func TestDictionaryAt(t *testing.T) {
	c := column{dicts: []dictionary{{from: 8, n: 1}, {from: 24, n: 2}, {from: 32, n: 3}}}
	for off, want := range map[int64]int{0: 0, 7: 0, 8: 1, 23: 1, 24: 2, 31: 2, 32: 3, 1 << 40: 3} {
		if got := c.at(off).n; got != want {
			t.Errorf("at %d is dictionary %d, want %d", off, got, want)
		}
	}
}

// TestTruncatedStream cuts a stream everywhere: what is left is damaged, or ends
// between two messages.
func TestTruncatedStream(t *testing.T) {
	schema := largeRows()
	b := ipcStream(t, schema, records(grower{rand.New(rand.NewPCG(13, 14)), 0.2}, schema, 5, 4))
	whole := 0
	for n := range len(b) {
		switch err := readAll(b[:n], Options{Limits: tight}); {
		case err == nil:
			whole++
		case !errors.Is(err, loader.ErrCorrupt):
			t.Fatalf("%d of %d bytes: error %v, want ErrCorrupt", n, len(b), err)
		}
	}
	if whole != 4 { // behind the schema, the dictionary and each batch
		t.Errorf("%d cuts were not noticed, want 4", whole)
	}
}

func TestDamagedStream(t *testing.T) {
	schema := one("x", arrow.PrimitiveTypes.Int32, false)
	b := ipcStream(t, schema, records(grower{Rand: rand.New(rand.NewPCG(5, 6))}, schema, 3, 3))
	first := 8 + int(b[4]) + int(b[5])<<8 // where the first batch begins
	for _, test := range []struct {
		name string
		b    []byte
		want string
	}{
		{"no schema", b[first:], "begins with a message of kind 3"},
		{"two schemas", append(bytes.Clone(b[:first]), b...), "is of kind 1"},
		{"only the end", append([]byte{0xff, 0xff, 0xff, 0xff}, make([]byte, 20)...), "stream has no schema"},
		{"no message", append(bytes.Clone(b[:first]), make([]byte, 64)...), "no message begins at"},
		{"a long message", append(bytes.Clone(b[:first]), 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1), "reaches to"},
	} {
		if err := readAll(test.b, Options{}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

// TestDictionaryLimit has a dictionary replaced until all take too much memory.
func TestDictionaryLimit(t *testing.T) {
	var rows []string
	for i := range 100 {
		rows = append(rows, fmt.Sprintf(`[{"c":"%d"}]`, i))
	}
	b := dictionaryStream(t, false, rows...)
	err := readAll(b, Options{Limits: format.Limits{BlockBytes: 4000}})
	if !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "dictionaries need more than the 4000 bytes") {
		t.Errorf("error %v", err)
	}
}
