package feather

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
)

// tableFile writes a table of 16 batches of 62,500 rows and 40 columns: 10
// int64, 10 float32, 15 float64 and 5 of texts. All batches are the same one.
func tableFile(b *testing.B, options ...ipc.Option) (path string, decoded int64) {
	b.Helper()
	const rows, batches = 62_500, 16
	rng := rand.New(rand.NewPCG(51, 52))
	var fields []arrow.Field
	var columns []arrow.Array
	add := func(bd array.Builder, one func()) {
		for range rows {
			one()
		}
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%02d", len(fields)), Type: bd.Type()})
		columns = append(columns, bd.NewArray())
	}
	for range 10 {
		i := array.NewInt64Builder(memory.DefaultAllocator)
		add(i, func() { i.Append(1_700_000_000_000 + rng.Int64N(1_000_000)) })
		f := array.NewFloat32Builder(memory.DefaultAllocator)
		add(f, func() { f.Append(float32(rng.NormFloat64())) })
	}
	for range 15 {
		d := array.NewFloat64Builder(memory.DefaultAllocator)
		add(d, func() { d.Append(float64(rng.IntN(10_000)) / 1000) })
	}
	for range 5 {
		s := array.NewStringBuilder(memory.DefaultAllocator)
		add(s, func() { s.Append(fmt.Sprintf("category_%d", rng.IntN(2000))) })
	}
	schema := arrow.NewSchema(fields, nil)
	rec := array.NewRecord(schema, columns, rows)
	for _, c := range columns {
		for _, buf := range c.Data().Buffers()[1:] {
			decoded += batches * int64(buf.Len())
		}
	}
	var list []arrow.Record
	for range batches {
		list = append(list, rec)
	}
	return save(b, "table.arrow", ipcFile(b, schema, list, options...)), decoded
}

// BenchmarkTable reads a million rows of 40 columns: into batches, with the
// loader ("batches", and "shuffled" ones), block by block in one goroutine
// ("blocks"), with Arrow's reader ("arrow") and, as the ideal, the bytes of the
// file alone ("pread").
func BenchmarkTable(b *testing.B) {
	for _, codec := range codecs {
		path, decoded := tableFile(b, codec.options...)
		run := func(name string, f func(b *testing.B)) {
			b.Run(codec.name+"/"+name, func(b *testing.B) {
				b.SetBytes(decoded)
				b.ReportAllocs()
				f(b)
			})
		}
		src := mustOpen(b, path, Options{})
		for name, order := range map[string]loader.Order{"batches": loader.Sequential{}, "shuffled": loader.Shuffle{}} {
			run(name, func(b *testing.B) {
				ld, err := loader.New(src, loader.Config{BatchSize: 1024, Order: order, Epochs: -1})
				if err != nil {
					b.Fatal(err)
				}
				const steps = 977 // an epoch
				n := 0
				for batch, err := range ld.All(b.Context()) {
					if err != nil {
						b.Fatal(err)
					}
					sink += batch.Len()
					if n++; n%steps == 0 && !b.Loop() {
						break
					}
				}
			})
		}
		run("blocks", func(b *testing.B) {
			for b.Loop() {
				for i := range src.Blocks() {
					rows, err := readBlock(b, src, i)
					if err != nil {
						b.Fatal(err)
					}
					rows.Close()
				}
			}
		})
		run("arrow", func(b *testing.B) {
			for b.Loop() {
				readArrow(b, path)
			}
		})
		run("pread", func(b *testing.B) {
			buf := make([]byte, 4<<20)
			for b.Loop() {
				preadAll(b, path, buf)
			}
		})
	}
}

func readArrow(b *testing.B, path string) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r, err := ipc.NewFileReader(f)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for i := range r.NumRecords() {
		rec, err := r.Record(i)
		if err != nil {
			b.Fatal(err)
		}
		sink += int(rec.NumRows())
	}
}

func preadAll(b *testing.B, path string, buf []byte) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for {
		n, err := f.Read(buf)
		sink += n
		if err == io.EOF {
			return
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRandomRows reads 64 random rows of 512 float32s and a label at a
// time, and as the ideal the same bytes by themselves.
func BenchmarkRandomRows(b *testing.B) {
	const rows, width, n = 16_384, 512, 64
	v := array.NewFixedSizeListBuilder(memory.DefaultAllocator, width, arrow.PrimitiveTypes.Float32)
	l := array.NewInt32Builder(memory.DefaultAllocator)
	for i := range rows {
		v.Append(true)
		for range width {
			v.ValueBuilder().(*array.Float32Builder).Append(float32(i))
		}
		l.Append(int32(i))
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: v.Type()}, {Name: "label", Type: l.Type()}}, nil)
	path := save(b, "embeddings.arrow", ipcFile(b, schema, []arrow.Record{array.NewRecord(schema, []arrow.Array{v.NewArray(), l.NewArray()}, rows)}))
	rng := rand.New(rand.NewPCG(61, 62))
	refs := make([]loader.Ref, n)
	pick := func() {
		for i := range refs {
			refs[i].Row = rng.IntN(rows)
		}
	}
	b.Run("rows", func(b *testing.B) {
		src := mustOpen(b, path, Options{}).(loader.RandomSource)
		b.SetBytes(n * 4 * (width + 1))
		b.ReportAllocs()
		for b.Loop() {
			pick()
			r, err := src.OpenRows(context.Background(), refs)
			if err != nil {
				b.Fatal(err)
			}
			r.Close()
		}
	})
	b.Run("loader", func(b *testing.B) {
		ld, err := loader.New(mustOpen(b, path, Options{}), loader.Config{BatchSize: n, Order: loader.Shuffle{}, Epochs: -1})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(n * 4 * (width + 1))
		b.ReportAllocs()
		for _, err := range ld.All(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			if !b.Loop() {
				break
			}
		}
	})
	b.Run("pread", func(b *testing.B) {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		buf := make([]byte, 4*width)
		b.SetBytes(n * 4 * (width + 1))
		for b.Loop() {
			pick()
			for _, ref := range refs {
				for _, part := range [][]byte{buf, buf[:4]} {
					if _, err := f.ReadAt(part, int64(512+ref.Row*4*width)); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	})
}

// TestAllocations reads blocks and rows over and over: what is allocated must
// not grow with the rows.
func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("a sync.Pool forgets at random under the race detector")
	}
	const rows = 2000
	for _, codec := range codecs {
		schema := allTypes(true)
		path := save(t, "a.arrow", ipcFile(t, schema, records(grower{rand.New(rand.NewPCG(71, 72)), 0.1}, schema, rows), codec.options...))
		src := mustOpen(t, path, Options{})
		s := loader.Sample{Fields: make([]loader.Tensor, len(src.Spec()))}
		n := testing.AllocsPerRun(20, func() {
			r, err := readBlock(t, src, 0)
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				if err := r.Row(nil, i, &s); err != nil {
					t.Fatal(err)
				}
			}
			r.Close()
		})
		if n > rows/50 {
			t.Errorf("%s: %v allocations for a block of %d rows", codec.name, n, rows)
		}
	}
	schema := largeRows()
	src := mustOpen(t, save(t, "b.arrow", ipcFile(t, schema, records(grower{rand.New(rand.NewPCG(73, 74)), 0.1}, schema, rows))), Options{}).(loader.RandomSource)
	refs := make([]loader.Ref, 500)
	for i := range refs {
		refs[i].Row = i * 7 % rows
	}
	s := loader.Sample{Fields: make([]loader.Tensor, len(src.Spec()))}
	n := testing.AllocsPerRun(20, func() {
		r, err := src.OpenRows(context.Background(), refs)
		if err != nil {
			t.Fatal(err)
		}
		for i := range refs {
			if err := r.Row(nil, i, &s); err != nil {
				t.Fatal(err)
			}
		}
		r.Close()
	})
	if n > 60 {
		t.Errorf("%v allocations for %d random rows", n, len(refs))
	}
}
