package raw_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/shard/shardtest"
)

// small is a record of seven bytes, none of them aligned.
var small = loader.Spec{
	{Name: "label", DType: dtype.Uint8, Kind: kind.Label},
	{Name: "x", DType: dtype.Float32},
	{Name: "pair", DType: dtype.Int8, Shape: loader.Dims(2)},
}

// record returns the record that number n has in every test.
func record(order binary.AppendByteOrder, n int) string {
	b := order.AppendUint32([]byte{byte(n)}, math.Float32bits(float32(n)/2))
	return string(append(b, byte(-n), byte(n+1)))
}

// shards writes three files of 5, 0 and 3 records.
func shards(t testing.TB, order binary.AppendByteOrder, header string) string {
	t.Helper()
	files := map[string]string{"0.bin": header, "1.bin": header, "2.bin": header}
	for n := range 8 {
		name := "0.bin"
		if n >= 5 {
			name = "2.bin"
		}
		files[name] += record(order, n)
	}
	return tree(t, files)
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		name   string
		order  binary.AppendByteOrder
		given  binary.ByteOrder
		header string
	}{
		{"little-endian", binary.LittleEndian, nil, ""},
		{"little-endian with header", binary.LittleEndian, binary.LittleEndian, "head"},
		{"big-endian", binary.BigEndian, binary.BigEndian, ""},
		{"big-endian with header", binary.BigEndian, binary.BigEndian, "magic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := shards(t, c.order, c.header)
			src := must[*raw.Records](t)(raw.OpenRecords([]string{dir}, raw.RecordOptions{Fields: small, Header: int64(len(c.header)), ByteOrder: c.given}))
			want := []loader.Block{
				{Rows: 5, Bytes: 35, Shard: filepath.Join(dir, "0.bin")},
				{Rows: 3, Bytes: 21, Shard: filepath.Join(dir, "2.bin")},
			}
			equal(t, src.Blocks(), want)
			equal(t, numbers[uint8](t, src, "label"), []uint8{0, 1, 2, 3, 4, 5, 6, 7})
			equal(t, numbers[float32](t, src, "x"), []float32{0, .5, 1, 1.5, 2, 2.5, 3, 3.5})
			equal(t, numbers[int8](t, src, "pair"), []int8{0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8})
		})
	}
}

// TestRecordTypes reads numbers of each size in both byte orders.
func TestRecordTypes(t *testing.T) {
	fields := loader.Spec{
		{Name: "a", DType: dtype.Uint16, Shape: loader.Dims(2)},
		{Name: "b", DType: dtype.Float64},
		{Name: "c", DType: dtype.Int32},
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		b := order.AppendUint16(order.AppendUint16(nil, 1), 515)
		b = order.AppendUint32(order.AppendUint64(b, math.Float64bits(-1.5)), 7<<24)
		src := must[*raw.Records](t)(raw.OpenRecords([]string{tree(t, map[string]string{"a": string(b)})}, raw.RecordOptions{Fields: fields, ByteOrder: order.(binary.ByteOrder)}))
		equal(t, numbers[uint16](t, src, "a"), []uint16{1, 515})
		equal(t, numbers[float64](t, src, "b"), []float64{-1.5})
		equal(t, numbers[int32](t, src, "c"), []int32{7 << 24})
	}
}

// touch is a transform that works on rows and changes nothing: with it, a
// loader reads row by row instead of gathering columns.
type touch struct{}

func (touch) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error { return nil }}, nil
}

func TestRecordsByRowAndByColumn(t *testing.T) {
	src := must[*raw.Records](t)(raw.OpenRecords([]string{shards(t, binary.LittleEndian, "")}, raw.RecordOptions{Fields: small}))
	for _, order := range []loader.Order{loader.Sequential{}, loader.Shuffle{}} {
		for _, field := range []string{"label", "x", "pair"} {
			columns, err := all(t, src, loader.Config{BatchSize: 3, Order: order}, field)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := all(t, src, loader.Config{BatchSize: 3, Order: order, Transforms: []loader.Transform{touch{}}}, field)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, columns, rows)
		}
	}
}

// TestLargeRecordFiles looks at the blocks of a file of 200 MiB, all of it a hole.
func TestLargeRecordFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.bin")
	put(t, path, "")
	if err := os.Truncate(path, 200<<20); err != nil {
		t.Skip(err)
	}
	src := must[*raw.Records](t)(raw.OpenRecords([]string{path}, raw.RecordOptions{Fields: loader.Spec{{Name: "x", DType: dtype.Uint8, Shape: loader.Dims(1 << 20)}}}))
	var first []int64
	for _, b := range src.Blocks() {
		first = append(first, b.FirstRow)
	}
	equal(t, first, []int64{0, 64, 128, 192})
	rows, err := src.OpenRows(t.Context(), []loader.Ref{{Block: 3, Row: 7}})
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
}

func TestRecordErrors(t *testing.T) {
	dir := tree(t, map[string]string{"bad.bin": "1234567" + "89", "short.bin": "1", "empty.bin": ""})
	bad := []string{filepath.Join(dir, "bad.bin")}
	huge := loader.Spec{{Name: "x", DType: dtype.Float64, Shape: loader.Dims(1<<20, 1<<20)}}
	for _, c := range []struct {
		name  string
		paths []string
		o     raw.RecordOptions
		is    error
		want  string
	}{
		{"remainder", bad, raw.RecordOptions{Fields: small}, loader.ErrCorrupt, "bad.bin: 9 bytes are 1 records of 7 bytes and 2 bytes more"},
		{"remainder behind header", bad, raw.RecordOptions{Fields: small, Header: 1}, loader.ErrCorrupt, "8 bytes are 1 records of 7 bytes and 1 bytes more"},
		{"short header", []string{filepath.Join(dir, "short.bin")}, raw.RecordOptions{Fields: small, Header: 2}, loader.ErrCorrupt, "1 bytes, less than a header of 2"},
		{"no records", []string{filepath.Join(dir, "empty.bin")}, raw.RecordOptions{Fields: small}, loader.ErrCorrupt, "no records"},
		{"no pattern", nil, raw.RecordOptions{Fields: small}, nil, "no pattern"},
		{"no file", []string{filepath.Join(dir, "*.rec")}, raw.RecordOptions{Fields: small}, fs.ErrNotExist, "*.rec"},
		{"too many", bad, raw.RecordOptions{Fields: small[:1], Limits: format.Limits{ShardRecords: 8}}, loader.ErrCorrupt, "9 records, the limit is 8"},
		{"no fields", bad, raw.RecordOptions{}, loader.ErrSpec, "no Fields"},
		{"varying", bad, raw.RecordOptions{Fields: loader.Spec{{Name: "x", DType: dtype.Uint8, Shape: loader.Dims(-1)}}}, loader.ErrSpec, "must be fixed"},
		{"no type", bad, raw.RecordOptions{Fields: loader.Spec{{Name: "x"}}}, loader.ErrSpec, "no element type"},
		{"no name", bad, raw.RecordOptions{Fields: loader.Spec{{DType: dtype.Uint8}}}, loader.ErrSpec, "needs a name"},
		{"one name", bad, raw.RecordOptions{Fields: loader.Spec{small[0], small[0]}}, loader.ErrSpec, `"label"`},
		{"huge", bad, raw.RecordOptions{Fields: huge}, loader.ErrSpec, "below 2 GiB"},
		{"large", bad, raw.RecordOptions{Fields: small, Limits: format.Limits{RecordBytes: 6}}, loader.ErrSpec, "the limit is 6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := raw.OpenRecords(c.paths, c.o)
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.HasPrefix(err.Error(), "raw: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %s", err, c.want)
			}
		})
	}
}

// TestDamagedRecords damages files behind Open: only the rows of those fail.
func TestDamagedRecords(t *testing.T) {
	for _, gather := range []bool{true, false} {
		for _, damage := range []func(path string) error{os.Remove, func(p string) error { return os.Truncate(p, 30) }} {
			dir := shards(t, binary.LittleEndian, "")
			path := filepath.Join(dir, "2.bin")
			src := must[*raw.Records](t)(raw.OpenRecords([]string{dir}, raw.RecordOptions{Fields: small}))
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			cfg := loader.Config{BatchSize: 4}
			if !gather {
				cfg.Transforms = []loader.Transform{touch{}}
			}
			_, err := all(t, src, cfg, "label")
			e, ok := errors.AsType[*loader.SampleError](err)
			if !ok || e.ID != 5 || e.Row != 0 || e.Shard != path || e.Stage != "read" {
				t.Errorf("error %v does not tell which sample", err)
			}
			cfg.OnError = loader.Skip(3)
			got, err := all(t, src, cfg, "label")
			if err != nil {
				t.Fatal(err)
			}
			equal(t, got, []string{"\x00", "\x01", "\x02", "\x03", "\x04"})
		}
	}
}

func TestRecordsHungRead(t *testing.T) {
	dir := shards(t, binary.LittleEndian, "")
	faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Path: "2.bin", Count: -1, Effect: shardtest.Hang()}}}
	defer faulty.Release()
	src := must[*raw.Records](t)(raw.OpenRecords([]string{dir}, raw.RecordOptions{Fields: small, Pool: shard.PoolConfig{FS: faulty, Deadline: 10 * time.Millisecond}}))
	got, err := all(t, src, loader.Config{BatchSize: 8, OnError: loader.Skip(3)}, "label")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, []string{"\x00", "\x01", "\x02", "\x03", "\x04"})
}

// TestRecordSizes looks when records are read straight into batches: if they are
// values as they lie.
func TestRecordSizes(t *testing.T) {
	other := binary.ByteOrder(binary.BigEndian)
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		other = binary.LittleEndian
	}
	for _, c := range []struct {
		what  string
		o     raw.RecordOptions
		field int
	}{
		{"one field", raw.RecordOptions{Fields: triple, ByteOrder: binary.NativeEndian}, 0},
		{"one field of bytes", raw.RecordOptions{Fields: loader.Spec{{Name: "x", DType: dtype.Uint8, Shape: loader.Dims(12)}}, ByteOrder: other}, 0},
		{"the other byte order", raw.RecordOptions{Fields: triple, ByteOrder: other}, -1},
		{"several fields", raw.RecordOptions{Fields: append(triple.Clone(), loader.Field{Name: "y", DType: dtype.Float64, Shape: loader.Dims(3)})}, -1},
		{"a deadline", raw.RecordOptions{Fields: triple, Pool: shard.PoolConfig{Deadline: time.Second}}, -1},
	} {
		src := must[*raw.Records](t)(raw.OpenRecords([]string{triples(t, 3, 6)}, c.o))
		sizes := make([]int64, 2)
		field := src.Sizes([]loader.Ref{{Row: 2}, {Row: 1}}, sizes)
		if field != c.field || field == 0 && !slices.Equal(sizes, []int64{12, 12}) {
			t.Errorf("%s: field %d, sizes %v", c.what, field, sizes)
		}
	}
}

// TestNumbersLost reads records straight into batches from a file that has lost its
// end: the others of the batch are there.
func TestNumbersLost(t *testing.T) {
	dir := triples(t, 5, 6, 5)
	src := must[*raw.Records](t)(raw.OpenRecords([]string{dir}, raw.RecordOptions{Fields: triple}))
	if err := os.Truncate(filepath.Join(dir, "1.bin"), 12); err != nil {
		t.Fatal(err)
	}
	for _, c := range []loader.Config{{BatchSize: 16}, {BatchSize: 3, Order: loader.Shuffle{}}} {
		c.OnError = loader.Skip(6)
		got, err := all(t, src, c, "x")
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for id := range 16 {
			if id < 5 || id >= 11 {
				var b []byte
				for k := range 3 {
					b = binary.NativeEndian.AppendUint32(b, math.Float32bits(float32(3*id+k)))
				}
				want = append(want, string(b))
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		equal(t, got, want)
	}
}

func TestRecordsCancelled(t *testing.T) {
	src := must[*raw.Records](t)(raw.OpenRecords([]string{shards(t, binary.LittleEndian, "")}, raw.RecordOptions{Fields: small}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.Open(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	src.Close()
	if _, err := src.Open(t.Context(), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("error is %v, want %v", err, fs.ErrClosed)
	}
}

func TestRecordsFingerprint(t *testing.T) {
	dir := shards(t, binary.LittleEndian, "")
	opened := func(patterns ...string) string {
		return must[*raw.Records](t)(raw.OpenRecords(patterns, raw.RecordOptions{Fields: small})).Fingerprint()
	}
	first, last := filepath.Join(dir, "0.bin"), filepath.Join(dir, "2.bin")
	if opened(dir) != opened(first, last) || opened(dir) != opened(shards(t, binary.LittleEndian, "")) {
		t.Error("the same data has two fingerprints")
	}
	if opened(dir) == opened(last, first) {
		t.Error("another order has the same fingerprint")
	}
}

func TestBoolRecords(t *testing.T) {
	dir := tree(t, map[string]string{"a": "\x00\x01\x02\x01"})
	src := must[*raw.Records](t)(raw.OpenRecords([]string{dir}, raw.RecordOptions{Fields: loader.Spec{{Name: "b", DType: dtype.Bool}}}))
	_, err := all(t, src, loader.Config{BatchSize: 4}, "b")
	if e, ok := errors.AsType[*loader.SampleError](err); !ok || e.ID != 2 || !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), `field "b"`) {
		t.Errorf("a bool of 2: error is %v", err)
	}
	got, err := all(t, src, loader.Config{BatchSize: 4, OnError: loader.Skip(1)}, "b")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, []string{"\x00", "\x01", "\x01"})
}

func TestRecordsPassingFaults(t *testing.T) {
	dir := shards(t, binary.LittleEndian, "")
	for nth := 1; nth <= 4; nth++ {
		faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Nth: nth, Effect: shardtest.Error(syscall.EIO)}}}
		src := must[*raw.Records](t)(raw.OpenRecords([]string{dir}, raw.RecordOptions{Fields: small, Pool: shard.PoolConfig{FS: faulty, Backoff: time.Microsecond}}))
		got, err := all(t, src, loader.Config{BatchSize: 2}, "label")
		if err != nil || len(got) != 8 {
			t.Errorf("fault at read %d: %d rows and %v", nth, len(got), err)
		}
	}
}

// TestOpenRecordRowsAllocates nothing once buffers have been through the pool.
func TestOpenRecordRowsAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools")
	}
	src := must[*raw.Records](t)(raw.OpenRecords([]string{shards(t, binary.LittleEndian, "")}, raw.RecordOptions{Fields: small}))
	refs := make([]loader.Ref, 64)
	for i := range refs {
		refs[i] = loader.Ref{Block: i % 2, Row: i % 3}
	}
	n := testing.AllocsPerRun(200, func() {
		rows, err := src.OpenRows(t.Context(), refs)
		if err != nil {
			t.Fatal(err)
		}
		rows.Close()
	})
	if n > 0 {
		t.Errorf("%v allocations for %d rows", n, len(refs))
	}
}

// rotated returns an order of fields that differs from that of small.
func rotated() []string { return []string{"pair", "label", "x"} }

func TestWriteRecords(t *testing.T) {
	src := must[*raw.Records](t)(raw.OpenRecords([]string{shards(t, binary.LittleEndian, "")}, raw.RecordOptions{Fields: small}))
	for _, c := range []struct {
		name string
		o    raw.RecordWriteOptions
		rows []int64
	}{
		{"one file", raw.RecordWriteOptions{}, []int64{8}},
		{"by rows", raw.RecordWriteOptions{RowsPerShard: 3}, []int64{3, 3, 2}},
		{"by bytes", raw.RecordWriteOptions{BytesPerShard: 20, Header: []byte("head")}, []int64{2, 2, 2, 2}},
		{"less than one", raw.RecordWriteOptions{BytesPerShard: 1}, []int64{1, 1, 1, 1, 1, 1, 1, 1}},
		{"big-endian, other fields first", raw.RecordWriteOptions{ByteOrder: binary.BigEndian, Columns: rotated()}, []int64{8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			var last format.Written
			c.o.Progress = func(w format.Written) { last = w }
			ld, err := loader.New(open{src}, loader.Config{BatchSize: 3})
			if err != nil {
				t.Fatal(err)
			}
			defer ld.Close()
			written, err := raw.WriteRecords(t.Context(), filepath.Join(dir, "r.bin"), ld.All(t.Context()), c.o)
			if err != nil {
				t.Fatal(err)
			}
			var rows []int64
			var total int64
			for i, w := range written {
				info, err := os.Stat(w.Path)
				if err != nil || info.Size() != w.Bytes {
					t.Errorf("%+v: there are %v bytes, %v", w, info.Size(), err)
				}
				if len(written) > 1 && filepath.Base(w.Path) != fmt.Sprintf("r-%05d-of-%05d.bin", i, len(written)) {
					t.Errorf("shard %d is called %s", i, w.Path)
				}
				rows, total = append(rows, w.Rows), total+w.Bytes
			}
			equal(t, rows, c.rows)
			if last.Rows != 8 || last.Bytes != total {
				t.Errorf("progress ends at %+v", last)
			}
			fields := small
			if c.o.Columns != nil {
				fields = loader.Spec{small[2], small[0], small[1]}
			}
			copied := must[*raw.Records](t)(raw.OpenRecords([]string{dir}, raw.RecordOptions{Fields: fields, Header: int64(len(c.o.Header)), ByteOrder: c.o.ByteOrder}))
			for _, f := range rotated() {
				want, _ := all(t, src, loader.Config{}, f)
				got, _ := all(t, copied, loader.Config{}, f)
				equal(t, got, want)
			}
		})
	}
}

func TestWriteRecordsErrors(t *testing.T) {
	src := must[*raw.Records](t)(raw.OpenRecords([]string{shards(t, binary.LittleEndian, "")}, raw.RecordOptions{Fields: small}))
	folder := must[*raw.Source](t)(raw.Open(tree(t, pets), raw.Options{}))
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		src  loader.RandomSource
		o    raw.RecordWriteOptions
		at   int // the batch in whose place is an error
		is   error
	}{
		{"error in the stream", src, raw.RecordWriteOptions{RowsPerShard: 1}, 2, broken},
		{"error at once", src, raw.RecordWriteOptions{}, 0, broken},
		{"no such field", src, raw.RecordWriteOptions{Columns: []string{"y"}}, 9, loader.ErrSpec},
		{"varying field", folder, raw.RecordWriteOptions{}, 9, loader.ErrSpec},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			ld, err := loader.New(open{c.src}, loader.Config{BatchSize: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer ld.Close()
			batches := func(yield func(*loader.Batch, error) bool) {
				n := 0
				for b, err := range ld.All(t.Context()) {
					if n == c.at {
						b, err = nil, broken
					}
					if n++; !yield(b, err) {
						return
					}
				}
			}
			if _, err := raw.WriteRecords(t.Context(), filepath.Join(dir, "r.bin"), batches, c.o); !errors.Is(err, c.is) {
				t.Errorf("error is %v, want %v", err, c.is)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	if _, err := raw.WriteRecords(t.Context(), filepath.Join(t.TempDir(), "r.bin"), nothing, raw.RecordWriteOptions{}); err == nil {
		t.Error("no rows are no error")
	}
}

func nothing(func(*loader.Batch, error) bool) {}
