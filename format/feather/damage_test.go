package feather

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// memFile is a file system of one file in memory.
type memFile []byte

func (m memFile) Open(string) (shard.Handle, error) { return m, nil }

func (m memFile) ReadAt(b []byte, off int64) (int, error) {
	if off > int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(b, m[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m memFile) Stat() (int64, time.Time, error) { return int64(len(m)), time.Time{}, nil }

func (m memFile) Close() error { return nil }

// tight are limits under which no small file makes much of itself.
var tight = format.Limits{BlockBytes: 4 << 20, PageBytes: 1 << 20, ValueBytes: 1 << 20, FooterBytes: 1 << 20}

// readAll reads every value of the file b and returns the first error, having
// gone on behind it.
func readAll(b []byte, o Options) error {
	o.Pool.FS = memFile(b)
	src, err := open(shard.Set{{Path: "a.arrow", Size: int64(len(b))}}, o)
	if err != nil {
		return err
	}
	defer src.(io.Closer).Close()
	s := loader.Sample{Fields: make([]loader.Tensor, len(src.Spec()))}
	var first error
	touch := func(rows loader.Rows, n int) {
		for i := range min(n, 4096) {
			if err := rows.Row(nil, i, &s); err != nil {
				first = cmpOr(first, err)
				continue
			}
			for f, v := range s.Fields {
				if len(v.Data) != v.Shape.Len()*v.DType.Size() || !src.Spec()[f].Shape.Fits(v.Shape) {
					panic(fmt.Sprintf("field %v: %d bytes of shape %v", src.Spec()[f], len(v.Data), v.Shape))
				}
				for _, x := range v.Data {
					sink += int(x)
				}
				if names := src.Spec()[f].Names; names != nil {
					sink += len(names[loader.View[int32](v)[0]])
				}
			}
		}
	}
	for i, block := range src.Blocks() {
		rows, err := src.Open(context.Background(), i)
		if err != nil {
			first = cmpOr(first, err)
			continue
		}
		for k := range rows.(loader.Decoder).Parts() {
			first = cmpOr(first, rows.(loader.Decoder).Decode(nil, k))
		}
		touch(rows, block.Rows)
		rows.Close()
		if rs := byRow(src, o); rs != nil && block.Rows > 0 {
			rows, err := rs.OpenRows(context.Background(), []loader.Ref{{Block: i}, {Block: i, Row: block.Rows - 1}})
			if err != nil {
				first = cmpOr(first, err)
				continue
			}
			touch(rows, 2)
			rows.Close()
			first = cmpOr(first, placeAll(rs, i, block.Rows, touch))
		}
	}
	return first
}

// placeAll reads the rows of a block to where they belong in a batch.
func placeAll(r *randomSource, block, rows int, touch func(loader.Rows, int)) error {
	refs, sizes := make([]loader.Ref, min(rows, 100)), make([]int64, min(rows, 100))
	for i := range refs {
		refs[i] = loader.Ref{Block: block, Row: rows - 1 - i}
	}
	if r.Sizes(refs, sizes) < 0 {
		return nil
	}
	total := int64(0)
	for _, n := range sizes {
		total += n
	}
	opened, err := r.OpenInto(context.Background(), refs, make([]byte, total))
	if err != nil {
		return err
	}
	touch(opened, len(refs))
	return opened.Close()
}

func cmpOr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

var sink int

// seeds are small files of all types, some read by rows.
func seeds(t testing.TB) [][]byte {
	var list [][]byte
	for _, codec := range codecs {
		schema := allTypes(true)
		list = append(list, ipcFile(t, schema, records(grower{rand.New(rand.NewPCG(11, 12)), 0.2}, schema, 9, 0, 3), codec.options...))
	}
	schema := largeRows()
	rows := records(grower{rand.New(rand.NewPCG(13, 14)), 0.2}, schema, 5, 4)
	plain := arrow.NewSchema([]arrow.Field{{Name: "text", Type: arrow.BinaryTypes.String}, {Name: "id", Type: arrow.PrimitiveTypes.Int64}}, nil)
	letters := fromJSON(t, plain, fmt.Sprintf(`[{"text": %q, "id": 1}, {"text": "", "id": 2}, {"text": "x", "id": 3}]`, strings.Repeat("dear reader, ", 150)))
	return append(list, ipcFile(t, schema, rows), ipcStream(t, schema, rows, ipc.WithLZ4()), ipcFile(t, plain, []arrow.Record{letters}))
}

// largeRows is a schema whose rows are read one by one.
func largeRows() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{
		{Name: "embedding", Type: arrow.FixedSizeListOfNonNullable(256, arrow.PrimitiveTypes.Float32)},
		{Name: "half", Type: arrow.FixedSizeListOfNonNullable(3, arrow.FixedWidthTypes.Float16)},
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "list", Type: arrow.LargeListOfField(arrow.Field{Name: "item", Type: arrow.PrimitiveTypes.Int16}), Nullable: true},
		{Name: "boxes", Type: arrow.ListOfNonNullable(arrow.FixedSizeListOfNonNullable(4, arrow.PrimitiveTypes.Float32))},
		{Name: "ok", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "label", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.BinaryTypes.String}, Nullable: true},
		{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	}, nil)
}

func TestTruncated(t *testing.T) {
	for _, b := range [][]byte{smallFile(t), seeds(t)[3]} {
		for n := range len(b) {
			if err := readAll(b[:n], Options{Limits: tight}); !errors.Is(err, loader.ErrCorrupt) {
				t.Fatalf("%d of %d bytes: error %v, want ErrCorrupt", n, len(b), err)
			}
		}
	}
}

func TestBitFlips(t *testing.T) {
	mutants := 3000
	if invariant.Enabled {
		mutants = 200 // the race detector takes its time
	}
	for k, b := range seeds(t) {
		if err := readAll(b, Options{Limits: tight}); err != nil {
			t.Fatalf("seed %d: %v", k, err)
		}
		rng := rand.New(rand.NewPCG(21, uint64(k)))
		mutant := make([]byte, len(b))
		failed := 0
		for i := range mutants {
			copy(mutant, b)
			for range 1 + rng.IntN(3) {
				bit := rng.IntN(8 * len(b))
				mutant[bit/8] ^= 1 << (bit % 8)
			}
			if err := boundedRead(t, mutant); err != nil {
				failed++
				if !errors.Is(err, loader.ErrCorrupt) && !errors.Is(err, loader.ErrSpec) {
					t.Fatalf("seed %d, mutant %d: error %v wraps neither ErrCorrupt nor ErrSpec", k, i, err)
				}
			}
		}
		t.Logf("seed %d: %d of %d mutants gave an error", k, failed, mutants)
		if failed == 0 {
			t.Errorf("seed %d: no mutant gave an error", k)
		}
	}
}

// boundedRead reads b and fails if that takes more memory or time than b can be
// worth.
func boundedRead(t testing.TB, b []byte) error {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	err := readAll(b, Options{Limits: tight})
	if took := time.Since(start); took > 5*time.Second {
		t.Fatalf("reading %d bytes took %v", len(b), took)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20+32*uint64(len(b)) {
		t.Fatalf("reading %d bytes allocated %d", len(b), n)
	}
	return err
}

// smallFile is a compressed file of three columns.
func smallFile(t testing.TB) []byte {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "a", Type: arrow.PrimitiveTypes.Int32}, {Name: "b", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "c", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}},
	}, nil)
	return ipcFile(t, schema, records(grower{rand.New(rand.NewPCG(15, 16)), 0.2}, schema, 4), ipc.WithZstd())
}

// TestNoRows opens a file whose rows would be large if it had some.
func TestNoRows(t *testing.T) {
	var fields []arrow.Field
	for i := range 4 {
		typ := arrow.FixedSizeListOf(1<<26, arrow.PrimitiveTypes.Float64)
		fields = append(fields, arrow.Field{Name: fmt.Sprint(i), Type: typ, Nullable: true})
	}
	path := save(t, "a.arrows", ipcStream(t, arrow.NewSchema(fields, nil), nil))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	mustOpen(t, path, Options{})
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}

// TestHostileBytes sets every byte and word to what hurts most.
func TestHostileBytes(t *testing.T) {
	b := smallFile(t)
	mutant := make([]byte, len(b))
	for i := range b {
		for _, v := range []byte{0, 1, 0x7f, 0x80, 0xff} {
			copy(mutant, b)
			mutant[i] = v
			if err := boundedRead(t, mutant); err != nil && !errors.Is(err, loader.ErrCorrupt) && !errors.Is(err, loader.ErrSpec) {
				t.Fatalf("byte %d = %d: error %v", i, v, err)
			}
		}
		if i+8 <= len(b) && i%4 == 0 {
			for _, v := range []uint64{math.MaxUint64, math.MaxInt64, math.MaxUint32, 1 << 31, 1 << 40} {
				copy(mutant, b)
				binary.LittleEndian.PutUint64(mutant[i:], v)
				if err := boundedRead(t, mutant); err != nil && !errors.Is(err, loader.ErrCorrupt) && !errors.Is(err, loader.ErrSpec) {
					t.Fatalf("word at %d = %#x: error %v", i, v, err)
				}
			}
		}
	}
}

func TestNotFeather(t *testing.T) {
	whole := seeds(t)[0]
	big := append([]byte(magicV1), make([]byte, 64)...)
	for _, test := range []struct {
		name string
		data []byte
		want error
		text string
	}{
		{"empty", nil, loader.ErrCorrupt, "0 bytes are too few"},
		{"magic only", []byte(magic), loader.ErrCorrupt, "too few"},
		{"both magics", []byte("ARROW1\x00\x00\x00\x00\x00\x00ARROW1"), loader.ErrCorrupt, "footer of 0 bytes"},
		{"not closed", whole[:len(whole)-6], loader.ErrCorrupt, "does not end in ARROW1"},
		{"text", []byte(strings.Repeat("not feather ", 9)), loader.ErrCorrupt, "does not begin with ARROW1"},
		{"V1", append(big, magicV1...), loader.ErrSpec, "Feather V1"},
		{"without the magic", whole[8:], loader.ErrCorrupt, "no message begins at"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Open(save(t, "a.feather", test.data), Options{})
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) || !strings.HasPrefix(err.Error(), "feather: open ") {
				t.Errorf("error %v, want one with %q that wraps %v", err, test.text, test.want)
			}
		})
	}
	if _, err := Open(t.TempDir()+"/none.arrow", Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

// TestOverlaps lets two batches, and two buffers, be in the same place: what is
// read twice would cost memory that is not in the file.
func TestOverlaps(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}, {Name: "b", Type: arrow.PrimitiveTypes.Int64}}, nil)
	whole := ipcFile(t, schema, records(grower{Rand: rand.New(rand.NewPCG(19, 20))}, schema, 100, 100))
	src, err := open(shard.Set{{Path: "a.arrow", Size: int64(len(whole))}}, Options{Pool: shard.PoolConfig{FS: memFile(whole)}})
	if err != nil {
		t.Fatal(err)
	}
	defer src.(io.Closer).Close()
	s := src.(*source)
	a, b := s.batches[0].spans[2].off, s.batches[0].spans[5].off // values of the two columns
	f := file{pool: s.pool, size: int64(len(whole)), lim: s.lim}
	ft, err := f.footer()
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	body := ft.batches[0].off + int64(ft.batches[0].meta)
	for _, test := range []struct {
		name     string
		old, new uint64
		from     int64 // where to look
		want     string
	}{
		{"batches", uint64(ft.batches[1].off), uint64(ft.batches[0].off), body, "overlaps what is before it"},
		{"buffers", uint64(b - body), uint64(b - body - 8), ft.batches[0].off, "overlaps another"},
		{"buffer behind the body", uint64(b - body), 1 << 20, ft.batches[0].off, "outside of the body"},
		{"buffer at an odd place", uint64(b - body), uint64(b - body + 4), ft.batches[0].off, "not aligned"},
	} {
		mutant := bytes.Clone(whole)
		at := bytes.LastIndex(mutant, le.AppendUint64(nil, test.old))
		if test.name != "batches" {
			buffer := le.AppendUint64(le.AppendUint64(nil, test.old), 800) // Buffer{offset, length}
			at = int(test.from) + bytes.LastIndex(mutant[test.from:a], buffer)
		}
		le.PutUint64(mutant[at:], test.new)
		if test.want == "not aligned" {
			le.PutUint64(mutant[at+8:], 796) // so that it ends within the body
		}
		if err := readAll(mutant, Options{}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

func TestLimits(t *testing.T) {
	b := seeds(t)[2]
	for name, l := range map[string]format.Limits{
		"BlockBytes": {BlockBytes: 2000}, "PageBytes": {PageBytes: 16}, "ValueBytes": {ValueBytes: 4},
		"more than 5 fields": {Columns: 5}, "nested more than 1 deep": {Depth: 1}, "more than 9 rows": {ShardRecords: 9},
		"bytes in a file of": {FooterBytes: 64},
	} {
		if err := readAll(b, Options{Limits: l}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: error %v, want one about %s", l, err, name)
		}
	}
	many := make([]arrow.Field, 10) // each column is below the limit
	for i := range many {
		many[i] = arrow.Field{Name: fmt.Sprint(i), Type: arrow.PrimitiveTypes.Int64}
	}
	schema := arrow.NewSchema(many, nil)
	b = ipcFile(t, schema, records(grower{Rand: rand.New(rand.NewPCG(25, 26))}, schema, 30))
	if err := readAll(b, Options{Limits: format.Limits{BlockBytes: 1000}}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "bytes in memory, Limits.BlockBytes is 1000") {
		t.Errorf("10 columns of 240 bytes in 1000: error %v", err)
	}
}

// TestDictionaryIndex reads an index behind the end of its dictionary, by block
// and by row.
func TestDictionaryIndex(t *testing.T) {
	index := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	schema := one("c", index, false)
	b := ipcFile(t, schema, records(grower{Rand: rand.New(rand.NewPCG(23, 24))}, schema, 30))
	o := Options{Pool: shard.PoolConfig{FS: memFile(b)}}
	src, err := open(shard.Set{{Path: "a.arrow", Size: int64(len(b))}}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer src.(io.Closer).Close()
	single := byRow(src, o)
	_, _, values := single.layouts[0].spans(0, &single.batches[0])
	for _, bad := range []byte{7, 0x7f, 0xff} { // there are 7 classes
		b[values.off+29] = bad
		if err := readAll(b, Options{}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), `record batch 0, column "c": dictionary index`) {
			t.Errorf("index %d: error %v", int8(bad), err)
		}
		rows, err := single.OpenRows(t.Context(), []loader.Ref{{Row: 29}})
		if err != nil {
			t.Fatal(err)
		}
		sample := loader.Sample{Fields: make([]loader.Tensor, 1)}
		if err := rows.Row(nil, 0, &sample); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), `column "c": dictionary index`) {
			t.Errorf("index %d of a single row: error %v", int8(bad), err)
		}
		rows.Close()
	}
}

// TestDamagedBlock reads a data set, through the loader, of which one column of
// one record batch is damaged.
func TestDamagedBlock(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "text", Type: arrow.BinaryTypes.String}}, nil)
	path := save(t, "a.arrow", ipcFile(t, schema, records(grower{Rand: rand.New(rand.NewPCG(17, 18))}, schema, 40, 50, 60), ipc.WithZstd()))
	src := mustOpen(t, path, Options{})
	_, _, values := src.(*source).layouts[0].spans(1, &src.(*source).batches[1])
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[values.off+int64(values.n)-1] ^= 0x10 // the frame's checksum
	path = save(t, "b.arrow", b)

	read := func(policy loader.ErrorPolicy) (ids int, err error) {
		for b, err := range stream(t, mustOpen(t, path, Options{}), loader.Config{BatchSize: 10, OnError: policy}) {
			if err != nil {
				return ids, err
			}
			ids += b.Len()
		}
		return ids, nil
	}
	n, err := read(loader.ErrorPolicy{})
	var at *loader.SampleError
	if n != 40 || !errors.As(err, &at) || at.Shard != path || at.Row != 40 || !errors.Is(err, loader.ErrCorrupt) ||
		!strings.Contains(err.Error(), `record batch 1, column "text": compressed buffer`) {
		t.Errorf("%d samples, then error %v", n, err)
	}
	if n, err := read(loader.Skip(100)); n != 100 || err != nil {
		t.Errorf("skipping: %d samples, want 100, error %v", n, err)
	}
}

func FuzzOpen(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { boundedRead(t, b) })
}

// TestDamagedOffsets gathers texts whose offsets do not decompress.
func TestDamagedOffsets(t *testing.T) {
	schema := one("text", arrow.BinaryTypes.String, false)
	b := ipcFile(t, schema, records(grower{Rand: rand.New(rand.NewPCG(17, 18))}, schema, 40), ipc.WithZstd())
	src := mustOpen(t, save(t, "a.arrow", b), Options{}).(*source)
	_, starts, _ := src.layouts[0].spans(0, &src.batches[0])
	b[starts.off+int64(starts.n)-1] ^= 0x10 // the frame's checksum
	opened, err := mustOpen(t, save(t, "b.arrow", b), Options{}).Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	bad := opened.(*rows).Decode(nil, 0)
	if !errors.Is(bad, loader.ErrCorrupt) {
		t.Fatalf("error %v", bad)
	}
	if err := opened.(*rows).Gather(nil, loader.Pick{Rows: []int{39, 3}, At: []int{0, 1}}, nil); err != bad {
		t.Errorf("error %v, not that of Decode, %v", err, bad)
	}
}
