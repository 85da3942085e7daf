package feather

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/internal/cputime"
	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
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

// BenchmarkTable reads a million rows of 40 columns, and says how many decoded
// gigabytes a second of CPU time gives: into batches, with the loader
// ("batches", and "shuffled" ones; "numbers" without the 5 columns of texts, and
// "mapped", which are numbers of a mapped file),
// block by block ("blocks") and with Arrow's reader ("arrow"). The ideals are the
// bytes of the file alone ("pread"), what its buffers decompress to, copied or
// decompressed ("buffers"), and as many bytes copied from memory that is too large for
// the cache ("memcpy").
func BenchmarkTable(b *testing.B) {
	for _, codec := range codecs {
		path, decoded := tableFile(b, codec.options...)
		run := func(name string, bytes int64, f func(b *testing.B)) {
			b.Run(codec.name+"/"+name, func(b *testing.B) {
				b.SetBytes(bytes)
				b.ReportAllocs()
				began = cputime.Now()
				f(b)
				b.ReportMetric(float64(bytes)*float64(b.N)/float64(cputime.Now()-began), "GB/cpu-s")
			})
		}
		src := mustOpen(b, path, Options{})
		numbers := mustOpen(b, path, Options{Columns: numberColumns()})
		run("batches", decoded, func(b *testing.B) { readBatches(b, src, loader.Sequential{}) })
		run("numbers", numberBytes, func(b *testing.B) { readBatches(b, numbers, loader.Sequential{}) })
		mapped := mustOpen(b, path, Options{Columns: numberColumns(), Pool: shard.PoolConfig{Backend: shard.MmapTrusted}})
		run("mapped", numberBytes, func(b *testing.B) { readBatches(b, mapped, loader.Sequential{}) })
		run("shuffled", decoded, func(b *testing.B) { readBatches(b, src, loader.Shuffle{}) })
		run("blocks", decoded, func(b *testing.B) {
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
		run("buffers", decoded, func(b *testing.B) {
			for b.Loop() {
				decompressAll(b, src.(*source))
			}
		})
		run("arrow", decoded, func(b *testing.B) {
			for b.Loop() {
				readArrow(b, path)
			}
		})
		buf, to := make([]byte, 4<<20), make([]byte, 4<<20)
		run("pread", decoded, func(b *testing.B) {
			for b.Loop() {
				preadAll(b, path, buf)
			}
		})
		whole := bytes.Repeat([]byte{1}, int(decoded))
		run("memcpy", decoded, func(b *testing.B) {
			for b.Loop() {
				for from := whole; len(from) > 0; {
					from = from[copy(to, from):]
				}
			}
		})
	}
}

// numberColumns lists the columns of tableFile that are not texts.
func numberColumns() (list []string) {
	for i := range 35 {
		list = append(list, fmt.Sprintf("c%02d", i))
	}
	return list
}

// began is when BenchmarkTable's clock of CPU time started.
var began time.Duration

// numberBytes is the size of their values.
const numberBytes = 1_000_000 * (10*8 + 10*4 + 15*8)

// readBatches reads epochs of tableFile with the loader.
func readBatches(b *testing.B, src loader.Source, order loader.Order) {
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
		if n++; n%steps > 0 {
			continue
		}
		if !b.Loop() {
			break
		}
		if n == steps {
			began = cputime.Now()
		}
	}
}

// decompressAll makes the decompressed buffers of all blocks, and nothing of them.
func decompressAll(b *testing.B, src *source) {
	for i := range src.Blocks() {
		r, err := src.fetch(b.Context(), src.layouts[0], &src.batches[i])
		if err != nil {
			b.Fatal(err)
		}
		for c := range r.l.columns {
			d := &r.cols[c]
			if r.b.codec == codecNone {
				for _, raw := range d.raw {
					d.made = grow(d.made, len(raw))
					sink += copy(d.made, raw)
				}
			} else if err := d.decompress(r.b.codec); err != nil {
				b.Fatal(err)
			}
		}
		r.Close()
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

// BenchmarkRandomBatch opens record batches of a mapped file at random, and says what
// CPU time that takes beside the time on the clock.
func BenchmarkRandomBatch(b *testing.B) {
	path, _ := tableFile(b)
	for _, n := range []int{2, 35} {
		b.Run(fmt.Sprintf("%d columns", n), func(b *testing.B) {
			src := mustOpen(b, path, Options{Columns: numberColumns()[:n], Pool: shard.PoolConfig{Backend: shard.MmapTrusted}})
			rng := rand.New(rand.NewPCG(81, 82))
			b.ReportAllocs()
			began := cputime.Now()
			for b.Loop() {
				rows, err := src.Open(b.Context(), rng.IntN(16))
				if err != nil {
					b.Fatal(err)
				}
				rows.Close()
			}
			b.ReportMetric(float64(cputime.Now()-began)/float64(b.N), "cpu-ns/op")
		})
	}
}

// embeddings returns a file of record batches of 1024 rows: so many float32s and a label.
func embeddings(t testing.TB, width, rows int) string {
	t.Helper()
	vectors, labels := make([]float32, rows*width), make([]int32, rows)
	for i := range vectors {
		vectors[i], labels[i/width] = float32(i/width), int32(i/width)
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "x", DType: dtype.Float32, Shape: loader.Dims(width)},
		{Name: "label", DType: dtype.Int32},
	}, mem.Of(vectors), mem.Of(labels))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "embeddings.arrow")
	if _, err := Write(t.Context(), path, stream(t, src, loader.Config{BatchSize: 1024}), WriteOptions{RowsPerBatch: 1024}); err != nil {
		t.Fatal(err)
	}
	return path
}

// BenchmarkShuffled shuffles rows of 1 to 16 KiB, by blocks and one by one.
func BenchmarkShuffled(b *testing.B) {
	for _, width := range []int{256, 1024, 4096} {
		path := embeddings(b, width, 32<<20/width)
		for _, one := range []bool{false, true} {
			src := mustOpen(b, path, Options{})
			if r, random := src.(*randomSource); one {
				src = byRow(src, Options{})
			} else if random {
				src = r.source
			}
			b.Run(fmt.Sprintf("%d bytes/one by one=%v", 4*width+4, one), func(b *testing.B) {
				const batch = 256
				ld, err := loader.New(src, loader.Config{BatchSize: batch, Order: loader.Shuffle{}, Epochs: -1})
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(batch * 4 * (width + 1)))
				warm, began := 32<<20/width/batch, cputime.Now()
				for _, err := range ld.All(b.Context()) {
					if err != nil {
						b.Fatal(err)
					}
					if warm--; warm >= 0 { // the memory of blocks is new
						began = cputime.Now()
						continue
					}
					if !b.Loop() {
						break
					}
				}
				b.ReportMetric(float64(cputime.Now()-began)/float64(b.N)/batch, "cpu-ns/row")
			})
		}
	}
}

// BenchmarkRandomRows reads 64 random rows of 512 float32s and a label at a
// time, by pread, by a ring and mapped, and as the ideal the same bytes by
// themselves.
func BenchmarkRandomRows(b *testing.B) {
	const rows, width, n = 16_384, 512, 64
	path := embeddings(b, width, rows)
	rng := rand.New(rand.NewPCG(61, 62))
	refs := make([]loader.Ref, n)
	pick := func() {
		for i := range refs {
			refs[i].Row = rng.IntN(rows)
		}
	}
	for name, pool := range map[string]shard.PoolConfig{"rows": {}, "ring": {Backend: shard.Ring}, "mapped": {Backend: shard.MmapTrusted}} {
		b.Run(name, func(b *testing.B) {
			o := Options{Pool: pool}
			src := byRow(mustOpen(b, path, o), o)
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
	}
	b.Run("loader", func(b *testing.B) {
		ld, err := loader.New(byRow(mustOpen(b, path, Options{}), Options{}), loader.Config{BatchSize: n, Order: loader.Shuffle{}, Epochs: -1})
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
	src := byRow(mustOpen(t, save(t, "b.arrow", ipcFile(t, schema, records(grower{rand.New(rand.NewPCG(73, 74)), 0.1}, schema, rows))), Options{}), Options{})
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
