package parquet

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	pqformat "github.com/parquet-go/parquet-go/format"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// small is a file that Write made, of a few rows of the given fields.
func small(t testing.TB, codec Codec, columns ...string) []byte {
	path := filepath.Join(t.TempDir(), "a.parquet")
	if _, err := Write(context.Background(), path, batches(t, everySource(t, 5), 3, grow{}), WriteOptions{RowsPerGroup: 3, Codec: codec, Columns: columns}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readDamaged returns the digest of a file that may be damaged. The error, if
// any, must be of a kind that says so.
func readDamaged(t testing.TB, data []byte, o Options) (string, error) {
	return readWith(t, data, o, false)
}

func readWith(t testing.TB, data []byte, o Options, noSums bool) (string, error) {
	src, err := openBytes(data, o)
	if err == nil {
		defer src.Close()
		src.noSums = noSums
		var s string
		if s, err = digest(src); err == nil {
			return s, nil
		}
	}
	if !errors.Is(err, loader.ErrCorrupt) && !errors.Is(err, loader.ErrSpec) {
		t.Fatalf("error of the wrong kind: %v", err)
	}
	return "", err
}

// TestBitFlips flips every bit of files that Write made: the checksums of pages
// and footer leave no flip that changes a value unnoticed.
func TestBitFlips(t *testing.T) {
	for _, c := range []struct {
		codec   Codec
		columns []string
		step    int // odd, so that all bits of a byte have their turn
	}{
		{Snappy, []string{"int32", "text"}, 1},
		{Uncompressed, []string{"bool", "boxes", "image"}, 3},
		{Zstd, []string{"photo"}, 3},
		{Snappy, []string{"embedding"}, 3},
	} {
		data := small(t, c.codec, c.columns...)
		want, err := readDamaged(t, data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		same := 0
		for bit := 0; bit < 8*len(data); bit += c.step {
			data[bit/8] ^= 1 << (bit % 8)
			got, err := readDamaged(t, data, Options{})
			if err == nil && got != want {
				t.Fatalf("%v: bit %d of byte %d changes the data unnoticed:\n%s\n%s", c.columns, bit%8, bit/8, got, want)
			}
			same += b2i(err == nil)
			data[bit/8] ^= 1 << (bit % 8)
		}
		if n := 8 * len(data) / c.step; same > n/2 {
			t.Errorf("%d of %d flips went unnoticed, although harmless", same, n)
		}
	}
}

// pairs is a file of lists of lists, of which Arrow's schema tells the length.
func pairs(t testing.TB) []byte {
	return nested(t, 0, [][2]int{{0, deepest}, {3, deepest}, {2, deepest}, {3, deepest}, {0, 1}, {0, 0}})
}

// TestFlipsWithoutSum flips bits of files whose footer has no checksum and whose
// pages hold all encodings and codecs, while the checksums of pages are ignored:
// no panic, no error of the wrong kind.
func TestFlipsWithoutSum(t *testing.T) {
	for _, data := range append(foreign(t), pairs(t), structs(t, textsRows(5), pq.PageBufferSize(64))) {
		for bit := 0; bit < 8*len(data); bit += 11 {
			data[bit/8] ^= 1 << (bit % 8)
			readWith(t, data, Options{}, true)
			readWith(t, data, foreignJoin, true)
			data[bit/8] ^= 1 << (bit % 8)
		}
	}
}

// TestAfterDamage decompresses a page with the decoder of one that another page
// follows, of which nothing may be left.
func TestAfterDamage(t *testing.T) {
	want, other := bytes.Repeat([]byte("a page that is whole "), 100), bytes.Repeat([]byte("a page of the others "), 100)
	for codec, by := range map[codec]compress.Codec{gzipCodec: &pq.Gzip, brotliCodec: &pq.Brotli, zstdCodec: &pq.Zstd} {
		page, err := by.Encode(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		follows, err := by.Encode(nil, other)
		if err != nil {
			t.Fatal(err)
		}
		c, got := new(tools), make([]byte, len(want))
		if err := c.decompress(got, append(slices.Clone(page), follows...), codec); err == nil {
			t.Errorf("%v: two pages are taken for one", codec)
		}
		clear(got)
		if err := c.decompress(got, page, codec); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: behind damage, a page that is whole is %q, %v", codec, got[:20], err)
		}
	}
}

// TestFirstDamage damages two columns of a join, the second one at an earlier row: the
// error is of the first one, whether pages are held or not.
func TestFirstDamage(t *testing.T) {
	const n = 5000
	rows := make([]struct {
		A int64 `parquet:"a,snappy"`
		B int64 `parquet:"b,snappy"`
	}, n)
	for i := range rows {
		rows[i].A, rows[i].B = int64(i), int64(i)
	}
	data := structs(t, rows, pq.PageBufferSize(8<<10))
	src, err := openBytes(data, Options{Columns: []string{}, Joins: []format.Join{{Into: "x", Columns: []string{"a", "b"}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	src.noSums = true
	a, b := src.groups[0].chunks[0], src.groups[0].chunks[1]
	late := data[a.off+a.size-6000:][:100]
	early := data[b.off+40:][:100]
	for _, damaged := range [][][]byte{{late}, {early}, {late, early}} {
		for _, d := range damaged {
			for i := range d {
				d[i] ^= 0xff
			}
		}
		want := `"a"`
		if &damaged[0][0] == &early[0] {
			want = `"b"`
		}
		_, err := digest(src)
		fails(t, err, loader.ErrCorrupt, want)
		for _, d := range damaged {
			for i := range d {
				d[i] ^= 0xff
			}
		}
	}
	if _, err := digest(src); err != nil {
		t.Errorf("undamaged: %v", err)
	}
}

// foreignJoin joins the columns of foreign files that can be, in row groups that
// are chosen.
var foreignJoin = Options{Columns: []string{}, Where: []Range{{"a", -100, 100}}, Joins: []format.Join{{Into: "x", Columns: []string{"a", "d"}, DType: dtype.Float32}}}

// foreign returns small files that parquet-go's writer made.
func foreign(t testing.TB) (files [][]byte) {
	type rec struct {
		A int32     `parquet:"a,delta,zstd"`
		B string    `parquet:"b,dict,gzip"`
		C []byte    `parquet:"c,delta,lz4"`
		D *float64  `parquet:"d,optional,split,snappy"`
		E []int64   `parquet:"e,list,brotli"`
		F []float32 `parquet:"f,list"`
	}
	var rows []rec
	for i := range 9 {
		rows = append(rows, rec{A: int32(i * i), B: fmt.Sprint(i % 2), C: bytes.Repeat([]byte{'x'}, i), E: make([]int64, i%3), F: make([]float32, 6)})
		if i%2 == 0 {
			rows[i].D = new(float64(i))
		}
	}
	return [][]byte{structs(t, rows, arrowSchema(map[string]arrowschema.Field{"b": dictionary(), "f": tensor("[2,3]")}, "abcdef")), structs(t, rows, pq.DataPageVersion(1)),
		structs(t, rows, pq.PageBufferSize(32), pq.DataPageVersion(1))}
}

func TestTruncated(t *testing.T) {
	data := small(t, Snappy, "int32", "text", "boxes")
	for n := range data {
		if s, err := readDamaged(t, data[:n], Options{}); err == nil {
			t.Fatalf("%d of %d bytes read as %s", n, len(data), s)
		}
	}
}

func TestFooters(t *testing.T) {
	good := small(t, Snappy, "int32")
	with := func(change func(b []byte)) []byte {
		b := slices.Clone(good)
		change(b)
		return b
	}
	length := func(n uint32) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint32(b[len(b)-8:], n) }
	}
	for _, c := range []struct {
		name  string
		data  []byte
		o     Options
		want  error
		words string
	}{
		{"empty", nil, Options{}, loader.ErrCorrupt, "0 bytes are no Parquet file"},
		{"magic", []byte("PAR1"), Options{}, loader.ErrCorrupt, "4 bytes are no Parquet file"},
		{"two magics", []byte("PAR1PAR1"), Options{}, loader.ErrCorrupt, "8 bytes"},
		{"no footer", []byte("PAR1\x00\x00\x00\x00PAR1"), Options{}, loader.ErrCorrupt, "footer is malformed"},
		{"text", []byte("this is no Parquet file, but text"), Options{}, loader.ErrCorrupt, "PAR1"},
		{"encrypted", []byte("PARE\x00\x00\x00\x00\x00\x00\x00\x00PARE"), Options{}, loader.ErrSpec, "encrypted"},
		{"length 4 GiB", with(length(math.MaxUint32)), Options{}, loader.ErrCorrupt, "footer of 4294967295 bytes"},
		{"length of the file", with(length(uint32(len(good)))), Options{}, loader.ErrCorrupt, "footer of"},
		{"length 0", with(length(0)), Options{}, loader.ErrCorrupt, "malformed"},
		{"length 1 short", with(length(binary.LittleEndian.Uint32(good[len(good)-8:]) - 1)), Options{}, loader.ErrCorrupt, ""},
		{"limit", good, Options{Limits: format.Limits{FooterBytes: 10}}, loader.ErrCorrupt, "limit of 10"},
		{"rows", good, Options{Limits: format.Limits{ShardRecords: 4}}, loader.ErrCorrupt, "limit is 4"},
		{"block", good, Options{Limits: format.Limits{BlockBytes: 4}}, loader.ErrCorrupt, "int32"},
	} {
		_, err := openBytes(c.data, c.o)
		if err == nil {
			t.Errorf("%s: opened", c.name)
			continue
		}
		fails(t, err, c.want, "a.parquet", c.words)
	}
}

// rewritten returns a file with one page and a footer that parquet-go's thrift
// package makes of m after change.
func rewritten(t *testing.T, page []byte, h pqformat.PageHeader, change func(m *pqformat.FileMetaData)) []byte {
	t.Helper()
	file := []byte(magic)
	head := marshal(t, &h)
	file = append(append(file, head...), page...)
	size := int64(len(file) - len(magic))
	m := pqformat.FileMetaData{Version: 1, NumRows: 3}
	m.Schema = append(m.Schema, pqformat.SchemaElement{Name: "root"}, pqformat.SchemaElement{Name: "x"})
	m.Schema[0].NumChildren.V, m.Schema[0].NumChildren.Valid = 1, true
	m.Schema[1].Type.V, m.Schema[1].Type.Valid = pqformat.Int32, true
	m.RowGroups = append(m.RowGroups, pqformat.RowGroup{NumRows: 3, Columns: []pqformat.ColumnChunk{{MetaData: pqformat.ColumnMetaData{
		Type: pqformat.Int32, NumValues: 3, DataPageOffset: 4, TotalCompressedSize: size, TotalUncompressedSize: size, PathInSchema: []string{"x"},
	}}}})
	change(&m)
	foot := marshal(t, &m)
	file = append(file, foot...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(foot)))
	return append(file, magic...)
}

// TestMetadata gives a reader metadata that does not fit the data.
func TestMetadata(t *testing.T) {
	page := []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}
	good := func() pqformat.PageHeader {
		h := pqformat.PageHeader{UncompressedPageSize: 12, CompressedPageSize: 12, CRC: int32(crc32.ChecksumIEEE(page))}
		h.DataPageHeader.V, h.DataPageHeader.Valid = pqformat.DataPageHeader{NumValues: 3}, true
		return h
	}
	none := func(*pqformat.FileMetaData) {}
	meta := func(f func(m *pqformat.ColumnMetaData)) func(*pqformat.FileMetaData) {
		return func(m *pqformat.FileMetaData) { f(&m.RowGroups[0].Columns[0].MetaData) }
	}
	header := func(f func(h *pqformat.PageHeader)) pqformat.PageHeader {
		h := good()
		f(&h)
		return h
	}
	got, err := readDamaged(t, rewritten(t, page, good(), none), Options{})
	if err != nil || !bytes.HasSuffix([]byte(got), []byte("01000000,02000000,03000000,")) {
		t.Fatalf("%s, %v", got, err)
	}
	for _, c := range []struct {
		name   string
		header pqformat.PageHeader
		change func(m *pqformat.FileMetaData)
		words  string
	}{
		{"checksum", header(func(h *pqformat.PageHeader) { h.CRC++ }), none, "checksum"},
		{"page beyond the chunk", header(func(h *pqformat.PageHeader) { h.CompressedPageSize = 13 }), none, "13 bytes where 12 are left"},
		{"page of 2 GiB", header(func(h *pqformat.PageHeader) { h.UncompressedPageSize = math.MaxInt32 }), meta(func(m *pqformat.ColumnMetaData) { m.Codec = pqformat.Zstd }), "the limit is"},
		{"page larger than its codec allows", header(func(h *pqformat.PageHeader) { h.UncompressedPageSize = 265 }), meta(func(m *pqformat.ColumnMetaData) { m.Codec = pqformat.Snappy }), "12 bytes cannot become 265"},
		{"page larger than the chunk", header(func(h *pqformat.PageHeader) { h.UncompressedPageSize = 264 }), meta(func(m *pqformat.ColumnMetaData) { m.Codec = pqformat.Snappy }), "the metadata says"},
		{"negative page", header(func(h *pqformat.PageHeader) { h.CompressedPageSize = -1 }), none, "-1 bytes"},
		{"more values", header(func(h *pqformat.PageHeader) { h.DataPageHeader.V.NumValues = 4 }), none, "4 values where 3 are left"},
		{"fewer values", header(func(h *pqformat.PageHeader) { h.DataPageHeader.V.NumValues = 2 }), none, "2 values, the metadata says 3"},
		{"no header of its kind", header(func(h *pqformat.PageHeader) { h.DataPageHeader.Valid = false }), none, "unknown type"},
		{"encoding", header(func(h *pqformat.PageHeader) { h.DataPageHeader.V.Encoding = pqformat.RLEDictionary }), none, "without a dictionary"},
		{"unknown encoding", header(func(h *pqformat.PageHeader) { h.DataPageHeader.V.Encoding = 77 }), none, "unknown encoding"},
		{"chunk before the file", good(), meta(func(m *pqformat.ColumnMetaData) { m.DataPageOffset = 1 }), "outside"},
		{"chunk behind the file", good(), meta(func(m *pqformat.ColumnMetaData) { m.TotalCompressedSize = 1 << 40 }), "outside"},
		{"offset overflows", good(), meta(func(m *pqformat.ColumnMetaData) { m.DataPageOffset = math.MaxInt64 - 3 }), "outside"},
		{"values", good(), meta(func(m *pqformat.ColumnMetaData) { m.NumValues = 1 << 50 }), "values for 3 rows"},
		{"type", good(), meta(func(m *pqformat.ColumnMetaData) { m.Type = pqformat.Int64 }), "type differs"},
		{"LZO", good(), meta(func(m *pqformat.ColumnMetaData) { m.Codec = 3 }), "LZO, which is not supported"},
		{"LZ4 of Hadoop", good(), meta(func(m *pqformat.ColumnMetaData) { m.Codec = pqformat.Lz4 }), "LZ4, which is not supported"},
		{"encoding of later days", good(), meta(func(m *pqformat.ColumnMetaData) { m.Encoding = []pqformat.Encoding{pqformat.Plain, 10} }), "number 10, which is not supported"},
		{"wrong codec", good(), meta(func(m *pqformat.ColumnMetaData) { m.Codec = pqformat.Snappy }), "decompress"},
		{"rows", good(), func(m *pqformat.FileMetaData) { m.RowGroups[0].NumRows = 2 }, "3 values for 2 rows"},
		{"2^40 rows", good(), func(m *pqformat.FileMetaData) {
			m.RowGroups[0].NumRows = 1 << 40
			m.RowGroups[0].Columns[0].MetaData.NumValues = 1 << 40
		}, "bytes of memory"},
		{"no columns", good(), func(m *pqformat.FileMetaData) { m.RowGroups[0].Columns = nil }, "0 columns"},
		{"missing node", good(), func(m *pqformat.FileMetaData) { m.Schema[0].NumChildren.V = 2 }, "ends within a group"},
		{"extra node", good(), func(m *pqformat.FileMetaData) { m.Schema = append(m.Schema, m.Schema[1]) }, "3 nodes"},
		{"unknown type", good(), func(m *pqformat.FileMetaData) { m.Schema[1].Type.V = 9 }, "unknown type 9"},
		{"stored spec", good(), stored(`{"name":"x","dtype":"int32","shape":[2]}`), "stoker.spec"},
		{"stored type", good(), stored(`{"name":"x","dtype":"float32","shape":[]}`), "stoker.spec"},
		{"stored nonsense", good(), stored(`{"name":"x","dtype":"int32","shape":[-7]}`), "impossible shape"},
		{"stored kind", good(), stored(`{"name":"x","dtype":"int32","shape":[],"kind":"moon"}`), "unknown kind"},
		{"stored text", good(), stored(`hello`), "stoker.spec"},
		{"stored shapes", good(), stored(`{"name":"x","dtype":"int32","shape":[-1,-1]}`), "is of fixed size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readDamaged(t, rewritten(t, page, c.header, c.change), Options{})
			if err == nil {
				t.Fatal("read")
			}
			for _, w := range []string{"a.parquet", c.words} {
				if !bytes.Contains([]byte(err.Error()), []byte(w)) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
		})
	}
}

func stored(text string) func(m *pqformat.FileMetaData) {
	return func(m *pqformat.FileMetaData) {
		m.KeyValueMetadata = append(m.KeyValueMetadata, pqformat.KeyValue{Key: format.SpecKey, Value: `{"version":1,"fields":[` + text + `]}`})
	}
}

// TestChanged makes sure that a shard that was replaced after Open is not read.
func TestChanged(t *testing.T) {
	path := save(t, small(t, Snappy, "int32"))
	src, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := os.WriteFile(path, small(t, Snappy, "int64"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Open(context.Background(), 0); err == nil {
		t.Error("read a file that was replaced")
	}
}

// mutantBytes is more than a mutant of a file of some kilobytes has any reason
// to have allocated.
const mutantBytes = 32 << 20

// TestMutants flips one to three bits at random, in files with all encodings, one
// for each codec, with and without heed to checksums. Whatever comes out, nothing
// panics or allocates much, and with checksums no flip within pages goes
// unnoticed.
func TestMutants(t *testing.T) {
	mutants := 3000
	if testing.Short() {
		mutants = 200
	}
	for _, codec := range []compress.Codec{&pq.Uncompressed, &pq.Snappy, &pq.Gzip, &pq.Brotli, &pq.Zstd, &pq.Lz4Raw} {
		t.Run(codec.String(), func(t *testing.T) {
			data := structs(t, joinRows(60), pq.Compression(codec), pq.PageBufferSize(200), pq.MaxRowsPerRowGroup(40))
			want, err := readDamaged(t, data, Options{})
			if err != nil {
				t.Fatal(err)
			}
			bodies := pageBodies(t, data)
			rng := rand.New(rand.NewPCG(1, uint64(len(data))))
			refused := 0
			for range mutants {
				bad, inBodies := slices.Clone(data), true
				for range 1 + rng.IntN(3) {
					at := rng.IntN(len(bad))
					bad[at] ^= 1 << rng.IntN(8)
					inBodies = inBodies && bodies[at]
				}
				got, err := mutant(t, bad, false)
				if err == nil && got != want && inBodies {
					t.Fatal("pages were changed unnoticed")
				}
				refused += b2i(err != nil)
				mutant(t, bad, true)
			}
			t.Logf("%d bytes, %d of %d mutants refused", len(data), refused, mutants)
			if refused < mutants/2 {
				t.Errorf("only %d of %d mutants were refused", refused, mutants)
			}
		})
	}
}

// mutant reads a file and makes sure that it did not allocate much.
func mutant(t *testing.T, data []byte, noSums bool) (string, error) {
	allocated := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(allocated)
	before := allocated[0].Value.Uint64()
	s, err := readWith(t, data, Options{}, noSums)
	metrics.Read(allocated)
	if n := allocated[0].Value.Uint64() - before; n > mutantBytes {
		t.Fatalf("%d bytes allocated, and %v", n, err)
	}
	return s, err
}

// pageBodies says of each byte of a file whether it is part of the body of a page.
func pageBodies(t *testing.T, data []byte) []bool {
	src, err := openBytes(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	in := make([]bool, len(data))
	for i := range src.Blocks() {
		x, err := src.Open(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		r := x.(*rows)
		d := decoder{tools: new(tools)}
		for k := range r.chunks {
			if err := d.begin(r, k); err != nil {
				t.Fatal(err)
			}
			for _, p := range d.pages {
				for at := range p.body {
					in[r.group.chunks[k].off+p.at+int64(at)] = true
				}
			}
			d.end()
		}
		r.Close()
	}
	return in
}

// FuzzOpen reads whole files, also as if page checksums were right. The limits
// keep what a lie can cost small.
func FuzzOpen(f *testing.F) {
	for _, data := range append(foreign(f), pairs(f), structs(f, textsRows(9))) {
		f.Add(data)
	}
	f.Add(small(f, Snappy, "int32", "text"))
	f.Add(small(f, Uncompressed, "boxes", "photo", "flags"))
	o := Options{Nulls: format.NullZero, Limits: format.Limits{BlockBytes: 4 << 20, PageBytes: 1 << 20, FooterBytes: 1 << 20, Columns: 100}}
	f.Fuzz(func(t *testing.T, data []byte) {
		readDamaged(t, data, o)
		readWith(t, data, o, true)
		join := o
		join.Columns, join.Where, join.Joins = foreignJoin.Columns, foreignJoin.Where, foreignJoin.Joins
		readWith(t, data, join, true)
		if _, err := dumpRows(data); err != nil && !errors.Is(err, loader.ErrCorrupt) && !errors.Is(err, loader.ErrSpec) {
			t.Fatalf("error of the wrong kind: %v", err)
		}
	})
}

// FuzzHybrid decodes runs of levels and indexes against a slow twin.
func FuzzHybrid(f *testing.F) {
	f.Add([]byte{3, 0xff, 8, 1}, 20, uint8(1))
	f.Add([]byte{5, 1, 2, 3, 4, 5, 6}, 16, uint8(3))
	f.Fuzz(func(t *testing.T, src []byte, n int, width uint8) {
		if n < 0 || n > 1<<12 || width > 32 {
			return
		}
		got := make([]uint32, n)
		err := readIndexes(got, append([]byte{width}, src...))
		want, ok := slowHybrid(src, n, uint(width))
		if ok != (err == nil) || ok && !slices.Equal(got, want) {
			t.Fatalf("%v, %v\nwant %v, %v", got, err, want, ok)
		}
		if width == 0 || width > 7 {
			return
		}
		for _, x := range want { // a run can hold a value that is wider than it should be
			ok = ok && x < 1<<width
		}
		small := make([]byte, n)
		if err := levels(small, src, 1<<width-1); (err == nil) != ok {
			t.Fatalf("levels: %v, want %v", err, ok)
		}
		for i := range small {
			if ok && uint32(small[i]) != want[i] {
				t.Fatalf("level %d is %d, want %d", i, small[i], want[i])
			}
		}
	})
}

// readIndexes reads indexes a few at a time.
func readIndexes(dst []uint32, src []byte) error {
	h, err := newIndexes(src, len(dst))
	for k := 1; len(dst) > 0 && err == nil; k = k%11 + 1 {
		n := min(k, len(dst))
		err = h.indexes(dst[:n], math.MaxInt)
		dst = dst[n:]
	}
	return err
}

func slowHybrid(src []byte, n int, width uint) (out []uint32, ok bool) {
	for len(out) < n {
		head, k := binary.Uvarint(src)
		if k <= 0 {
			return nil, false
		}
		src = src[k:]
		if head&1 == 0 {
			var v uint32
			for i := range int(width+7) / 8 {
				if i >= len(src) {
					return nil, false
				}
				v |= uint32(src[i]) << (8 * i)
			}
			src = src[(width+7)/8:]
			for i := uint64(0); i < head>>1 && len(out) < n; i++ {
				out = append(out, v)
			}
			continue
		}
		bit := uint64(0)
		for i := uint64(0); i < head>>1*8 && len(out) < n; i++ {
			var v uint32
			for b := range width {
				if bit/8 >= uint64(len(src)) {
					return nil, false
				}
				v |= uint32(src[bit/8]>>(bit%8)&1) << b
				bit++
			}
			out = append(out, v)
		}
		src = src[min(uint64(len(src)), (head>>1)*uint64(width)):]
	}
	return out, true
}
