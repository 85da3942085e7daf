package parquet

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/internal/cputime"
	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// steadyMallocs is what a row group of 8 columns may allocate when others were
// read before: nothing grows with its rows.
const steadyMallocs = 10

// TestSteadyState reads the same row groups over and over.
func TestSteadyState(t *testing.T) {
	join := []format.Join{{Into: "x", Columns: []string{"a", "c", "e"}, DType: dtype.Float32}}
	for _, c := range []struct {
		name  string
		data  []byte
		joins []format.Join
	}{
		{"written here", steadyFile(t, 20000), nil},
		{"by parquet-go", foreignSteady(t, 20000), nil},
		{"joined", foreignSteady(t, 20000), join},
	} {
		t.Run(c.name, func(t *testing.T) {
			src, err := openBytes(c.data, Options{Nulls: format.NullZero, Joins: c.joins})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			for range 4 {
				decodeAll(t, src)
			}
			var before, after runtime.MemStats
			const rounds = 20
			runtime.ReadMemStats(&before)
			for range rounds {
				decodeAll(t, src)
			}
			runtime.ReadMemStats(&after)
			blocks := rounds * len(src.Blocks())
			mallocs, bytes := (after.Mallocs-before.Mallocs)/uint64(blocks), (after.TotalAlloc-before.TotalAlloc)/uint64(blocks)
			t.Logf("%d allocations, %d bytes a row group", mallocs, bytes)
			if mallocs > steadyMallocs && !invariant.Enabled {
				t.Errorf("%d allocations, %d bytes a row group", mallocs, bytes)
			}
			if lent, _ := src.bufs.Held(); lent != 0 {
				t.Errorf("%d bytes were not given back", lent)
			}
		})
	}
}

func decodeAll(t testing.TB, src *Source) {
	for i := range src.Blocks() {
		r, err := src.Open(context.Background(), i)
		if err != nil {
			t.Fatal(err)
		}
		for k := range r.(*rows).Parts() {
			if err := r.(*rows).Decode(nil, k); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// steadyFile is a file of n rows in 4 row groups that Write made.
func steadyFile(t testing.TB, n int) []byte {
	ints, floats := make([]int64, n), make([]float32, 16*n)
	tokens, texts := make([][]int32, n), make([]string, n)
	for i := range n {
		ints[i], floats[i], tokens[i], texts[i] = int64(i), float32(i), make([]int32, i%50), fmt.Sprint("text ", i)
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "int", DType: dtype.Int64}, {Name: "embedding", DType: dtype.Float32, Shape: loader.Dims(16)},
		{Name: "tokens", DType: dtype.Int32, Shape: loader.Dims(-1)}, {Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1)},
	}, mem.Of(ints), mem.Of(floats), mem.Varying(tokens), mem.Strings(texts))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	if _, err := Write(context.Background(), path, batches(t, src, 1000), WriteOptions{RowsPerGroup: n / 4}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// foreignSteady is a file of n rows that parquet-go made, with dictionaries,
// nulls and delta encodings.
func foreignSteady(t testing.TB, n int) []byte {
	type rec struct {
		A int32    `parquet:"a,delta,zstd"`
		B string   `parquet:"b,dict,snappy"`
		C *float64 `parquet:"c,optional,split,zstd"`
		D []int64  `parquet:"d,list,snappy"`
		E int64    `parquet:"e,dict,gzip"`
	}
	rows := make([]rec, n)
	for i := range rows {
		rows[i] = rec{A: int32(i), B: fmt.Sprint(i % 100), D: make([]int64, i%5), E: int64(i % 9)}
		if i%3 > 0 {
			rows[i].C = new(float64(i))
		}
	}
	return structs(t, rows, pq.MaxRowsPerRowGroup(int64(n/4)))
}

// The table of the benchmarks: 40 columns in 8 row groups.
const (
	benchRows   = 1 << 20
	benchGroups = 8
	benchBytes  = benchRows * (10*8 + 10*4 + 15*8 + 5*4)
)

// benchTable writes the table, in pages of about 1 MB as arrow does.
func benchTable(b *testing.B, codec pq.WriterOption) []byte {
	root := pq.Group{}
	for i := range 10 {
		root[fmt.Sprintf("a%02d", i)] = pq.Leaf(pq.Int64Type)
		root[fmt.Sprintf("b%02d", i)] = pq.Leaf(pq.FloatType)
	}
	for i := range 15 {
		root[fmt.Sprintf("c%02d", i)] = pq.Leaf(pq.DoubleType)
	}
	for i := range 5 {
		root[fmt.Sprintf("d%02d", i)] = pq.Encoded(pq.String(), &pq.RLEDictionary)
	}
	var out bytes.Buffer
	w := pq.NewWriter(&out, pq.NewSchema("t", root), codec, pq.PageBufferSize(1<<20))
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]pq.Value, benchRows/benchGroups)
	for range benchGroups {
		for k, c := range w.ColumnWriters() {
			for i := range values {
				values[i] = benchValue(rng, k).Level(0, 0, k)
			}
			if _, err := c.WriteRowValues(values); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func benchValue(rng *rand.Rand, k int) pq.Value {
	switch {
	case k < 10:
		return pq.Int64Value(rng.Int64N(1 << 20))
	case k < 20:
		return pq.FloatValue(float32(rng.IntN(1000)) / 8)
	case k < 35:
		return pq.DoubleValue(float64(rng.IntN(100000)) / 16)
	}
	return pq.ByteArrayValue(fmt.Appendf(nil, "category %d", rng.IntN(50)))
}

var benchCodecs = []struct {
	name   string
	option pq.WriterOption
}{{"none", pq.Compression(&pq.Uncompressed)}, {"snappy", pq.Compression(&pq.Snappy)}}

// BenchmarkGather reads the table with a Loader on one worker, in batches of
// 1024 rows, all columns gathered.
func BenchmarkGather(b *testing.B) {
	for _, c := range benchCodecs {
		b.Run(c.name, func(b *testing.B) {
			path := save(b, benchTable(b, c.option))
			for _, order := range []loader.Order{loader.Sequential{}, loader.Shuffle{}} {
				b.Run(fmt.Sprintf("%T", order), func(b *testing.B) { benchLoader(b, path, order) })
			}
		})
	}
}

func benchLoader(b *testing.B, path string, order loader.Order) {
	src, err := Open(path, Options{})
	if err != nil {
		b.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1024, Order: order, Workers: 1, Epochs: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer ld.Close()
	b.ReportAllocs()
	b.SetBytes(benchBytes)
	rows, began := -benchRows, cputime.Now() // the first epoch is not counted
	for _, err := range ld.All(context.Background()) {
		if err != nil {
			b.Fatal(err)
		}
		switch rows += 1024; {
		case rows == 0:
			b.ResetTimer()
			began = cputime.Now()
		case rows > 0 && rows%benchRows == 0 && !b.Loop():
			b.ReportMetric((cputime.Now()-began).Seconds()/(float64(rows)/benchRows*benchBytes/1e9), "CPU-s/GB")
			return
		}
	}
}

// BenchmarkDecode reads and decodes the table, and nothing else.
func BenchmarkDecode(b *testing.B) {
	for _, c := range benchCodecs {
		b.Run(c.name, func(b *testing.B) {
			src, err := Open(save(b, benchTable(b, c.option)), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer src.Close()
			b.ReportAllocs()
			b.SetBytes(benchBytes)
			for b.Loop() {
				decodeAll(b, src)
			}
		})
	}
}

// BenchmarkPages is the ideal that parquet-go allows: its pages, whose values
// are copied into one slice a column.
func BenchmarkPages(b *testing.B) {
	for _, c := range benchCodecs {
		b.Run(c.name, func(b *testing.B) {
			f, err := os.Open(save(b, benchTable(b, c.option)))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				b.Fatal(err)
			}
			file, err := pq.OpenFile(f, info.Size(), pq.SkipPageIndex(true), pq.SkipBloomFilters(true), pq.ReadBufferSize(1<<20))
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]byte, 8*benchRows/benchGroups)
			b.ReportAllocs()
			b.SetBytes(benchBytes)
			for b.Loop() {
				for _, g := range file.RowGroups() {
					for _, c := range g.ColumnChunks() {
						benchPages(b, c, dst)
					}
				}
			}
		})
	}
}

func benchPages(b *testing.B, c pq.ColumnChunk, dst []byte) {
	pages := c.Pages()
	defer pages.Close()
	at := 0
	for {
		p, err := pages.ReadPage()
		if err == io.EOF {
			return
		}
		if err != nil {
			b.Fatal(err)
		}
		data := p.Data()
		switch {
		case p.Dictionary() != nil:
			for _, x := range data.Int32() {
				binary.LittleEndian.PutUint32(dst[at:], uint32(x))
				at += 4
			}
		case c.Type().Kind() == pq.Int64:
			for _, x := range data.Int64() {
				binary.LittleEndian.PutUint64(dst[at:], uint64(x))
				at += 8
			}
		case c.Type().Kind() == pq.Float:
			for _, x := range data.Float() {
				binary.LittleEndian.PutUint32(dst[at:], math.Float32bits(x))
				at += 4
			}
		default:
			for _, x := range data.Double() {
				binary.LittleEndian.PutUint64(dst[at:], math.Float64bits(x))
				at += 8
			}
		}
		pq.Release(p)
	}
}

// BenchmarkInPlace decodes embeddings, tokens and images that are not compressed, and
// makes batches of them, beside two ideals: what it takes to read them, and to copy
// them from memory that no cache holds. Other writers leave checksums out.
func BenchmarkInPlace(b *testing.B) {
	const n = 20000
	embeddings, tokens, images := make([]float32, 512*n), make([][]int32, n), make([][]byte, n/50)
	for i := range embeddings {
		embeddings[i] = float32(i)
	}
	for i := range tokens {
		tokens[i] = make([]int32, 200+i%600)
	}
	for i := range images {
		images[i] = make([]byte, 100000)
	}
	embedding := loader.Field{Name: "embedding", DType: dtype.Float32, Shape: loader.Dims(512)}
	for _, c := range []struct {
		name  string
		field loader.Field
		data  mem.Column
		batch int
		lists []string
	}{
		{"embedding", embedding, mem.Of(embeddings), 512, nil},
		{"embedding, lists", embedding, mem.Of(embeddings), 512, []string{"embedding"}},
		{"tokens", loader.Field{Name: "tokens", DType: dtype.Int32, Shape: loader.Dims(-1)}, mem.Varying(tokens), 512, nil},
		{"image", loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1)}, mem.Varying(images), 10, nil},
	} {
		src, err := mem.Columns(loader.Spec{c.field}, c.data)
		if err != nil {
			b.Fatal(err)
		}
		path := filepath.Join(b.TempDir(), "a.parquet")
		o := WriteOptions{Codec: Uncompressed, RowsPerGroup: src.Blocks()[0].Rows / 4, Tensors: c.lists}
		if _, err := Write(b.Context(), path, batches(b, src, 100), o); err != nil {
			b.Fatal(err)
		}
		for _, what := range []string{"decode", "decode, no checksums", "read", "batches", "batches, mapped", "batches, mapped, shuffled", "copy"} {
			b.Run(c.name+"/"+what, func(b *testing.B) { benchInPlace(b, path, what, c.batch) })
		}
	}
}

func benchInPlace(b *testing.B, path, what string, batch int) {
	var o Options
	if strings.Contains(what, "mapped") {
		o.Pool.Backend = shard.MmapTrusted
	}
	src, err := Open(path, o)
	if err != nil {
		b.Fatal(err)
	}
	src.noSums = what != "decode"
	size := int64(0)
	for _, x := range src.Blocks() {
		size += x.Bytes
	}
	once := func() { decodeAll(b, src) }
	switch what {
	case "decode", "decode, no checksums":
		defer src.Close()
	case "read":
		defer src.Close()
		once = func() { readAll(b, src) }
	case "copy":
		defer src.Close()
		once = copyAll(b, path)
	default:
		c := loader.Config{BatchSize: batch, Workers: 1, Epochs: -1}
		if strings.HasSuffix(what, "shuffled") {
			c.Order = loader.Shuffle{}
		}
		ld, err := loader.New(src, c)
		if err != nil {
			b.Fatal(err)
		}
		defer ld.Close()
		next, stop := iter.Pull2(ld.All(b.Context()))
		defer stop()
		once = func() {
			for rows := int64(0); rows < src.rows; {
				batch, err, _ := next()
				if err != nil {
					b.Fatal(err)
				}
				rows += int64(batch.Len())
			}
		}
	}
	b.SetBytes(size)
	b.ReportAllocs()
	once()
	began, rounds := cputime.Now(), 0
	for b.Loop() {
		rounds++
		once()
	}
	b.ReportMetric(float64(size)*float64(rounds)/1e9/(cputime.Now()-began).Seconds(), "GB/CPU-s")
}

// readAll reads all row groups, and decodes nothing.
func readAll(b *testing.B, src *Source) {
	for i := range src.Blocks() {
		r, err := src.Open(b.Context(), i)
		if err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}

// copyAll returns a copy of a file in memory, to a place that the second-level cache
// holds.
func copyAll(b *testing.B, path string) func() {
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	to := make([]byte, 1<<20)
	return func() {
		for rest := data; len(rest) > 0; {
			rest = rest[copy(to, rest):]
		}
	}
}

// BenchmarkTensors writes and decodes vectors of 16 and of 512 floats, as lists that
// Arrow reads and as bytes.
func BenchmarkTensors(b *testing.B) {
	floats := make([]float32, 5<<20)
	for i := range floats {
		floats[i] = float32(i%1000) / 7
	}
	size := float64(4 * len(floats))
	for _, width := range []int{16, 512} {
		src, err := mem.Columns(loader.Spec{{Name: "x", DType: dtype.Float32, Shape: loader.Dims(width)}}, mem.Of(floats))
		if err != nil {
			b.Fatal(err)
		}
		for name, o := range map[string]WriteOptions{"lists": {Tensors: []string{"x"}}, "bytes": {}} {
			path := filepath.Join(b.TempDir(), "a.parquet")
			per := func(what string, work func(b *testing.B)) {
				b.Run(fmt.Sprint(what, "/", width, "/", name), func(b *testing.B) {
					began, rounds := cputime.Now(), 0
					for b.Loop() {
						work(b)
						rounds++
					}
					b.ReportMetric(size*float64(rounds)/1e9/(cputime.Now()-began).Seconds(), "GB/CPU-s")
				})
			}
			write := func(b *testing.B) {
				if _, err := Write(b.Context(), path, batches(b, src, 1000), o); err != nil {
					b.Fatal(err)
				}
			}
			per("write", write)
			write(b)
			read, err := Open(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			per("decode", func(b *testing.B) { decodeAll(b, read) })
			read.Close()
		}
	}
}

// BenchmarkOpen reads the footers of 1000 shards of 40 columns and 8 row groups.
func BenchmarkOpen(b *testing.B) {
	root := pq.Group{}
	var row pq.Row
	for k := range 40 {
		root[fmt.Sprintf("column%02d", k)] = pq.Leaf(pq.DoubleType)
		row = append(row, pq.DoubleValue(1).Level(0, 0, k))
	}
	var out bytes.Buffer
	w := pq.NewWriter(&out, pq.NewSchema("t", root), pq.MaxRowsPerRowGroup(1))
	for range 8 {
		if _, err := w.WriteRows([]pq.Row{row}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.parquet", i)), out.Bytes(), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		src, err := Open(dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := src.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
