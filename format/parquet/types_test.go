package parquet

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"
	pqenc "github.com/parquet-go/parquet-go/encoding"

	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// A typeCase is a Parquet type: how value i is written and how it is read.
type typeCase struct {
	name  string
	node  pq.Node
	value func(i int) pq.Value
	want  func(i int) any // element, or slice of bytes
	null  any

	dtype     dtype.Type
	kind      kind.Kind
	encodings []pqenc.Encoding
}

func typeCases() []typeCase {
	ints := []pqenc.Encoding{&pq.Plain, &pq.RLEDictionary, &pq.DeltaBinaryPacked}
	floats := []pqenc.Encoding{&pq.Plain, &pq.RLEDictionary, &pq.ByteStreamSplit}
	strs := []pqenc.Encoding{&pq.Plain, &pq.RLEDictionary, &pq.DeltaLengthByteArray, &pq.DeltaByteArray}
	fixed := []pqenc.Encoding{&pq.Plain, &pq.RLEDictionary, &pq.DeltaByteArray}
	i32 := func(i int) pq.Value { return pq.Int32Value(int32(i%7*9 - 11)) }
	u32 := func(i int) pq.Value { return pq.Int32Value(int32(i % 7 * 9)) }
	i64 := func(i int) pq.Value { return pq.Int64Value(int64(i%7)<<40 - 11) }
	text := func(i int) []byte { return []byte(strings.Repeat("ab", i%4) + fmt.Sprint(i%5)) }
	str := func(i int) pq.Value { return pq.ByteArrayValue(text(i)) }
	six := func(i int) []byte { return []byte{'x', 'y', byte(i), byte(i % 3), 5, 6} }
	return []typeCase{
		{"bool", pq.Leaf(pq.BooleanType), func(i int) pq.Value { return pq.BooleanValue(i%3 == 1) }, func(i int) any { return i%3 == 1 }, false, dtype.Bool, 0, []pqenc.Encoding{&pq.Plain, &pq.RLE}},
		{"int32", pq.Leaf(pq.Int32Type), i32, func(i int) any { return i%7*9 - 11 }, 0, dtype.Int32, 0, append(ints, &pq.ByteStreamSplit)},
		{"int8", pq.Int(8), i32, func(i int) any { return i%7*9 - 11 }, 0, dtype.Int8, 0, ints},
		{"uint8", pq.Uint(8), u32, func(i int) any { return i % 7 * 9 }, 0, dtype.Uint8, 0, ints},
		{"int16", pq.Int(16), i32, func(i int) any { return i%7*9 - 11 }, 0, dtype.Int16, 0, ints},
		{"uint16", pq.Uint(16), u32, func(i int) any { return i % 7 * 9 }, 0, dtype.Uint16, 0, ints},
		{"uint32", pq.Uint(32), i32, func(i int) any { return uint32(i%7*9 - 11) }, 0, dtype.Uint32, 0, ints},
		{"date", pq.Date(), i32, func(i int) any { return i%7*9 - 11 }, 0, dtype.Int32, 0, ints},
		{"decimal", pq.Decimal(2, 8, pq.Int32Type), i32, func(i int) any { return i%7*9 - 11 }, 0, dtype.Int32, 0, ints[:1]},
		{"time", pq.Time(pq.Millisecond), u32, func(i int) any { return i % 7 * 9 }, 0, dtype.Int32, 0, ints[:1]},
		{"int64", pq.Leaf(pq.Int64Type), i64, func(i int) any { return int64(i%7)<<40 - 11 }, 0, dtype.Int64, 0, append(ints, &pq.ByteStreamSplit)},
		{"uint64", pq.Uint(64), i64, func(i int) any { return uint64(int64(i%7)<<40 - 11) }, 0, dtype.Uint64, 0, ints},
		{"timestamp", pq.Timestamp(pq.Microsecond), i64, func(i int) any { return int64(i%7)<<40 - 11 }, 0, dtype.Int64, 0, ints},
		{"float", pq.Leaf(pq.FloatType), func(i int) pq.Value { return pq.FloatValue(float32(i) / 4) }, func(i int) any { return float32(i) / 4 }, float32(math.NaN()), dtype.Float32, 0, floats},
		{"double", pq.Leaf(pq.DoubleType), func(i int) pq.Value { return pq.DoubleValue(-float64(i) / 4) }, func(i int) any { return -float64(i) / 4 }, math.NaN(), dtype.Float64, 0, floats},
		{"int96", pq.Leaf(pq.Int96Type), func(i int) pq.Value { return pq.Int96Value(deprecated.Int96{uint32(i), 2, 3}) }, func(i int) any { return []byte{byte(i), 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0} }, make([]byte, 12), dtype.Uint8, 0, fixed[:2]},
		{"fixed", pq.Leaf(pq.FixedLenByteArrayType(6)), func(i int) pq.Value { return pq.FixedLenByteArrayValue(six(i)) }, func(i int) any { return six(i) }, make([]byte, 6), dtype.Uint8, 0, append(fixed, &pq.ByteStreamSplit)},
		{"uuid", pq.UUID(), func(i int) pq.Value { return pq.FixedLenByteArrayValue(bytes.Repeat([]byte{byte(i)}, 16)) }, func(i int) any { return bytes.Repeat([]byte{byte(i)}, 16) }, make([]byte, 16), dtype.Uint8, 0, fixed},
		{"string", pq.String(), str, func(i int) any { return text(i) }, []byte{}, dtype.Uint8, kind.Text, strs},
		{"json", pq.JSON(), str, func(i int) any { return text(i) }, []byte{}, dtype.Uint8, kind.Text, strs[:1]},
		{"enum", pq.Enum(), str, func(i int) any { return text(i) }, []byte{}, dtype.Uint8, kind.Text, strs[:2]},
		{"binary", pq.Leaf(pq.ByteArrayType), str, func(i int) any { return text(i) }, []byte{}, dtype.Uint8, kind.Plain, strs},
	}
}

// isBytes reports whether a value is a slice of bytes.
func (c *typeCase) isBytes() bool { _, ok := c.null.([]byte); return ok }

func (c *typeCase) varies() bool { return c.isBytes() && len(c.null.([]byte)) == 0 }

// Rows 3, 10, 17, ... are null; list i has i%4 elements.
func isNull(i int) bool { return i%7 == 3 }

// write writes n rows of a required and an optional column and, unless values
// vary, two LIST columns; after cut rows a new row group begins.
func (c *typeCase) write(t *testing.T, n, cut int, enc pqenc.Encoding, options ...pq.WriterOption) []byte {
	leaf := pq.Encoded(c.node, enc)
	root := pq.Group{"o": pq.Optional(leaf), "r": leaf}
	if !c.varies() {
		root["l"] = pq.List(leaf)
		root["n"] = pq.Optional(pq.List(pq.Optional(leaf)))
	}
	var b bytes.Buffer
	w := pq.NewWriter(&b, append(options, pq.NewSchema("t", root))...)
	for i := range n {
		if i > 0 && i%cut == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.WriteRows([]pq.Row{c.row(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (c *typeCase) row(i int) (row pq.Row) {
	k := 0
	if !c.varies() {
		for j := range max(1, i%4) {
			v, def := c.value(i+j), 1
			if i%4 == 0 {
				v, def = pq.NullValue(), 0
			}
			row = append(row, v.Level(b2i(j > 0), def, 0))
		}
		for j := range max(1, i%4) {
			v, def := c.value(i+j), 3
			switch {
			case isNull(i):
				v, def = pq.NullValue(), 0
			case i%4 == 0:
				v, def = pq.NullValue(), 1
			case c.nullInside(i + j):
				v, def = pq.NullValue(), 2
			}
			if j > 0 && isNull(i) {
				break
			}
			row = append(row, v.Level(b2i(j > 0), def, 1))
		}
		k = 2
	}
	if isNull(i) {
		row = append(row, pq.NullValue().Level(0, 0, k))
	} else {
		row = append(row, c.value(i).Level(0, 1, k))
	}
	return append(row, c.value(i).Level(0, 0, k+1))
}

func b2i(x bool) int { return int(b2u(x)) }

// nullInside says which elements of the list column "n" are null: with floats
// only, as masks say nothing about elements.
func (c *typeCase) nullInside(i int) bool { return c.dtype.Float() && i%5 == 2 }

// read returns what dump should give for row i.
func (c *typeCase) read(i int) string {
	var s strings.Builder
	one := func(v any) string {
		if c.isBytes() {
			return strings.Trim(fmt.Sprint(v), "[]")
		}
		return fmt.Sprint(v)
	}
	if !c.varies() {
		var l, n []string
		for j := range i % 4 {
			l = append(l, one(c.want(i+j)))
			if c.nullInside(i + j) {
				n = append(n, one(c.null))
			} else if !isNull(i) {
				n = append(n, one(c.want(i+j)))
			}
		}
		if isNull(i) {
			n = nil
		}
		inner := ""
		if c.isBytes() {
			inner = fmt.Sprintf(", %d", len(c.null.([]byte)))
		}
		fmt.Fprintf(&s, "l(%d%s)=[%s] n(%d%s)=[%s] n.valid()=[%v] ", len(l), inner, strings.Join(l, " "), len(n), inner, strings.Join(n, " "), !isNull(i))
	}
	v := c.want(i)
	if isNull(i) {
		v = c.null
	}
	shape := func(v any) string {
		if c.isBytes() {
			return fmt.Sprintf("(%d)", len(v.([]byte)))
		}
		return "()"
	}
	fmt.Fprintf(&s, "o%s=[%s] ", shape(v), one(v))
	if !c.dtype.Float() {
		fmt.Fprintf(&s, "o.valid()=[%v] ", !isNull(i))
	}
	fmt.Fprintf(&s, "r%s=[%s]", shape(c.want(i)), one(c.want(i)))
	return s.String()
}

// TestTypes reads every type in every encoding that parquet-go writes, both page
// versions, with pages of a few rows.
func TestTypes(t *testing.T) {
	const n = 31
	for _, c := range typeCases() {
		want := make([]string, n)
		for i := range want {
			want[i] = c.read(i)
		}
		for _, enc := range c.encodings {
			for version := 1; version <= 2; version++ {
				t.Run(fmt.Sprintf("%s/%v/v%d", c.name, enc, version), func(t *testing.T) {
					path := save(t, c.write(t, n, 13, enc, pq.DataPageVersion(version), pq.PageBufferSize(40)))
					src, err := Open(path, Options{})
					if err != nil {
						t.Fatal(err)
					}
					defer src.Close()
					f := src.Spec()[src.Spec().Index("r")]
					if f.DType != c.dtype || f.Kind != c.kind {
						t.Errorf("field is %v", f)
					}
					got, err := dumpSource(src)
					check(t, got, err, want...)
				})
			}
		}
	}
}

// TestCodecs reads every codec, LZ4_RAW included, whose pages parquet-go itself
// cannot read back (parquet-go#608).
func TestCodecs(t *testing.T) {
	codecs := []compress.Codec{&pq.Uncompressed, &pq.Snappy, &pq.Gzip, &pq.Brotli, &pq.Zstd, &pq.Lz4Raw}
	for k, c := range typeCases() {
		if k%4 != 2 {
			continue // the types differ in what TestTypes has seen
		}
		want := make([]string, 40)
		for i := range want {
			want[i] = c.read(i)
		}
		for _, by := range codecs {
			t.Run(c.name+"/"+by.String(), func(t *testing.T) {
				version := 1 + len(c.name)%2
				got, err := dump(t, save(t, c.write(t, len(want), 17, c.encodings[0], pq.Compression(by), pq.DataPageVersion(version))), Options{})
				check(t, got, err, want...)
			})
		}
	}
}
