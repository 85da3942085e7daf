package parquet

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	pqformat "github.com/parquet-go/parquet-go/format"

	"github.com/stokerdata/stoker/loader"
)

// pruneRow has columns whose values differ from one row group to the next.
type pruneRow struct {
	I int32    `parquet:"i"`
	L int64    `parquet:"l"`
	U uint64   `parquet:"u"`
	V uint32   `parquet:"v"`
	F float32  `parquet:"f"`
	D *float64 `parquet:"d,optional"`
	S string   `parquet:"s"`
	X []int32  `parquet:"x,list"`
}

const pruneGroup = 10

// pruneRows has nulls alone in its third row group.
func pruneRows(n int) []pruneRow {
	rows := make([]pruneRow, n)
	for i := range rows {
		g := i / pruneGroup
		at := g*100 - 200 + i*7%pruneGroup
		rows[i] = pruneRow{I: int32(at), L: int64(at) << 32, U: uint64(at) << 50, V: uint32(at), F: float32(at) / 4, S: fmt.Sprintf("text %03d", 300+at)}
		if g != 2 {
			rows[i].D = new(float64(at))
		}
	}
	return rows
}

// TestWhere compares the row groups that are left with the rows that should be:
// none of those may be lost, and most others must be.
func TestWhere(t *testing.T) {
	const n = 8 * pruneGroup
	rows := pruneRows(n)
	path := save(t, structs(t, rows, pq.MaxRowsPerRowGroup(pruneGroup)))
	rng := rand.New(rand.NewPCG(1, 1))
	columns := map[string]struct {
		end    func(x int) any
		within func(r *pruneRow, lo, hi int) bool
	}{
		"i": {func(x int) any { return x }, func(r *pruneRow, lo, hi int) bool { return int(r.I) >= lo && int(r.I) <= hi }},
		"l": {func(x int) any { return int64(x) << 32 }, func(r *pruneRow, lo, hi int) bool { return r.L >= int64(lo)<<32 && r.L <= int64(hi)<<32 }},
		"u": {func(x int) any { return int64(x) << 50 }, func(r *pruneRow, lo, hi int) bool {
			return hi >= 0 && r.U >= uint64(max(lo, 0))<<50 && r.U <= uint64(hi)<<50
		}},
		"v": {func(x int) any { return int64(x) }, func(r *pruneRow, lo, hi int) bool { return int64(r.V) >= int64(lo) && int64(r.V) <= int64(hi) }},
		"f": {func(x int) any { return float64(x) / 4 }, func(r *pruneRow, lo, hi int) bool {
			return r.F >= float32(lo)/4 && r.F <= float32(hi)/4
		}},
		"d": {func(x int) any { return float64(x) }, func(r *pruneRow, lo, hi int) bool {
			return r.D != nil && *r.D >= float64(lo) && *r.D <= float64(hi)
		}},
		"s": {func(x int) any { return fmt.Sprintf("text %03d", 300+x) }, func(r *pruneRow, lo, hi int) bool {
			return r.S >= fmt.Sprintf("text %03d", 300+lo) && r.S <= fmt.Sprintf("text %03d", 300+hi)
		}},
	}
	for name, c := range columns {
		left := 0
		for range 40 {
			lo := rng.IntN(700) - 200
			hi := lo + rng.IntN(200)
			groups := groupsWhere(t, path, Range{name, c.end(lo), c.end(hi)})
			left += len(groups)
			for i := range rows {
				if c.within(&rows[i], lo, hi) && !slices.Contains(groups, i/pruneGroup) {
					t.Fatalf("%s from %d to %d: row %d is lost", name, lo, hi, i)
				}
			}
		}
		if left > 40*3 {
			t.Errorf("%s: %d row groups were left in 40 ranges", name, left)
		}
	}
	if got := groupsWhere(t, path, Range{"i", 0, nil}); !slices.Equal(got, []int{2, 3, 4, 5, 6, 7}) {
		t.Errorf("from 0: %v", got)
	}
	if got := groupsWhere(t, path, Range{"i", nil, 0}, Range{"l", int64(-100) << 32, nil}); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("both ends in two columns: %v", got)
	}
	got, err := dump(t, path, Options{Columns: []string{"i"}, Where: []Range{{"s", "text 600", nil}}})
	check(t, got, err, "i()=[300]", "i()=[307]", "i()=[304]", "i()=[301]", "i()=[308]", "i()=[305]", "i()=[302]", "i()=[309]", "i()=[306]", "i()=[303]",
		"i()=[400]", "i()=[407]", "i()=[404]", "i()=[401]", "i()=[408]", "i()=[405]", "i()=[402]", "i()=[409]", "i()=[406]", "i()=[403]",
		"i()=[500]", "i()=[507]", "i()=[504]", "i()=[501]", "i()=[508]", "i()=[505]", "i()=[502]", "i()=[509]", "i()=[506]", "i()=[503]")
}

// groupsWhere returns the numbers of the row groups that are left.
func groupsWhere(t *testing.T, path string, where ...Range) (groups []int) {
	t.Helper()
	src, err := Open(path, Options{Columns: []string{"i"}, Where: where})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for _, b := range src.Blocks() {
		groups = append(groups, int(b.FirstRow)/pruneGroup)
	}
	return groups
}

// TestBloom asks for single values that lie within the statistics of all row
// groups.
func TestBloom(t *testing.T) {
	type rec struct {
		I int32  `parquet:"i"`
		L int64  `parquet:"l"`
		S string `parquet:"s"`
	}
	const groups = 6
	var rows []rec
	for g := range groups {
		for i := range pruneGroup {
			at := i*1000 + g
			rows = append(rows, rec{int32(at), int64(at) << 40, fmt.Sprint("text ", at)})
		}
	}
	bloom := pq.BloomFilters(pq.SplitBlockFilter(16, "i"), pq.SplitBlockFilter(16, "l"), pq.SplitBlockFilter(16, "s"))
	path := save(t, structs(t, rows, pq.MaxRowsPerRowGroup(pruneGroup), bloom))
	left := 0
	for i, r := range rows {
		for _, where := range []Range{{"i", int(r.I), int(r.I)}, {"l", r.L, r.L}, {"s", r.S, r.S}} {
			got := groupsWhere(t, path, where)
			if !slices.Contains(got, i/pruneGroup) {
				t.Fatalf("%v: row group %d is lost, left are %v", where, i/pruneGroup, got)
			}
			left += len(got)
		}
	}
	if most := 3 * len(rows) * 5 / 4; left > most {
		t.Errorf("%d row groups were left, want no more than %d", left, most)
	}
	if got := groupsWhere(t, path, Range{"i", 1000, 1001}); len(got) != groups {
		t.Errorf("a range of two values leaves %v", got)
	}
}

// TestStatistics gives statistics that say nothing.
func TestStatistics(t *testing.T) {
	page := []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}
	h := pqformat.PageHeader{UncompressedPageSize: 12, CompressedPageSize: 12}
	h.DataPageHeader.V, h.DataPageHeader.Valid = pqformat.DataPageHeader{NumValues: 3}, true
	out := Options{Where: []Range{{"x", 70, 80}}}
	for name, c := range map[string]struct {
		change func(m *pqformat.ColumnMetaData)
		left   int
	}{
		"none":      {func(m *pqformat.ColumnMetaData) {}, 1},
		"excluding": {func(m *pqformat.ColumnMetaData) { m.Statistics.MaxValue = page[8:] }, 0},
		"old":       {func(m *pqformat.ColumnMetaData) { m.Statistics.Max = page[8:] }, 0},
		"short":     {func(m *pqformat.ColumnMetaData) { m.Statistics.MaxValue = page[9:] }, 1},
		"minimum":   {func(m *pqformat.ColumnMetaData) { m.Statistics.MinValue = page[:4] }, 1},
		"bloom":     {func(m *pqformat.ColumnMetaData) { m.BloomFilterOffset = 4 }, 1},
		"bloom far": {func(m *pqformat.ColumnMetaData) { m.BloomFilterOffset = math.MaxInt64 }, 1},
	} {
		data := rewritten(t, page, h, func(m *pqformat.FileMetaData) { c.change(&m.RowGroups[0].Columns[0].MetaData) })
		src, err := openBytes(data, out)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(src.Blocks()); n != c.left {
			t.Errorf("%s: %d row groups are left, want %d", name, n, c.left)
		}
		src.Close()
	}
}

func TestWhereErrors(t *testing.T) {
	path := save(t, structs(t, pruneRows(20)))
	for _, r := range []Range{{"zz", 1, 2}, {"x", 1, 2}, {"i", 1.5, nil}, {"i", nil, "x"}, {"f", 1, nil}, {"f", math.NaN(), nil}, {"s", 1, nil}, {"i", uint8(1), nil}} {
		_, err := dump(t, path, Options{Where: []Range{r}})
		fails(t, err, loader.ErrSpec, "a.parquet", fmt.Sprintf("%q", r.Column))
	}
}

// TestWhereDecimals refuses a range of decimals that are bytes: their least value
// can be the greatest byte by byte.
func TestWhereDecimals(t *testing.T) {
	page := []byte{1, 0, 0, 0, 0xff, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1}
	h := pqformat.PageHeader{UncompressedPageSize: 15, CompressedPageSize: 15}
	h.DataPageHeader.V, h.DataPageHeader.Valid = pqformat.DataPageHeader{NumValues: 3}, true
	src, err := openBytes(rewritten(t, page, h, func(m *pqformat.FileMetaData) {
		m.Schema[1].Type.V, m.Schema[1].ConvertedType.V, m.Schema[1].ConvertedType.Valid = pqformat.ByteArray, deprecated.Decimal, true
		c := &m.RowGroups[0].Columns[0].MetaData
		c.Type, c.Statistics.MinValue, c.Statistics.MaxValue = pqformat.ByteArray, []byte{0xff}, []byte{1} // -1 to 1
	}), Options{Where: []Range{{"x", "\x00", "\x00"}}})
	if err == nil {
		t.Fatalf("%d of 1 row groups are left", len(src.Blocks()))
	}
	fails(t, err, loader.ErrSpec, "a.parquet", `"x"`, "DECIMAL")
}
