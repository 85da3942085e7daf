package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/arrow-go/v18/parquet/compress"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

const (
	tableRows  = 4_000_000
	tableBatch = 4096 // rows of a batch of W5
)

// tableConfig is what the contenders of W5 are given.
type tableConfig struct {
	Path    string `json:"path"`
	Rows    int    `json:"rows"`
	Group   int    `json:"group"` // rows of a row group
	Batch   int    `json:"batch"`
	Workers int    `json:"workers"` // 0 means as many as there are cores
	Kind    string `json:"kind"`    // which of the contenders that share a program
}

// megabytes returns the size of all values, which are the items of W5: CPU
// milliseconds for one are CPU seconds for a gigabyte.
func (c *tableConfig) megabytes() int { return max(1, c.Rows*tableRowBytes/1e6) }

// tableCheck asks for the digest of a table to be written to Out.
type tableCheck struct {
	Out string `json:"out"`
}

// workload5 is training on a table: Parquet to a label, a dense float32 matrix and
// a dense int32 matrix.
func workload5(b *bench) ([]rounds.Match, error) {
	var all []rounds.Match
	rows := b.scaled(tableRows)
	paths, err := makeTables(filepath.Join(os.TempDir(), "stoker-benchmarks", "tables"), rows)
	if err != nil {
		return nil, err
	}
	_ = evict(paths) // so that they lie in the page cache as an epoch of ours brings them there, if they have a drive
	var want uint64  // of all files
	for i, f := range tableFiles {
		c := tableConfig{Path: paths[i], Rows: rows, Group: groupRows, Batch: tableBatch}
		if i == 0 {
			if want, err = tableDigest(c); err != nil {
				return nil, err
			}
		}
		m, err := b.table(f, c, want)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// table returns the match for one file, whose values have the digest want.
func (b *bench) table(f tableFile, c tableConfig, want uint64) (rounds.Match, error) {
	check := sameDigest(filepath.Join(b.work, "digest5"), want)
	with := func(kind string, workers int) tableConfig {
		c.Kind, c.Workers = kind, workers
		return c
	}
	size, err := os.Stat(c.Path)
	if err != nil {
		return rounds.Match{}, err
	}
	m := rounds.Match{Name: "W5_" + f.name, About: fmt.Sprintf("Parquet (%s, %d columns, %.1f GB of values in %.1f GB) to dense float32 and int32 batches of %d; items are MB of values",
		f.about, tableColumns, float64(c.Rows)*tableRowBytes/1e9, float64(size.Size())/1e9, c.Batch)}
	m.Entries = []rounds.Entry{
		b.own("ours", "stoker, row groups shuffled and rows mixed among many of them, a worker for each core", "table", with("join", 0), check),
		b.own("ours_1", "the same with one worker", "table", with("join", 1), check),
		b.own("ours_group", "one worker, row groups shuffled and rows within each of them", "table", with("group", 1), check),
		b.own("ours_runs", "one worker, row groups shuffled and their rows in order, as the peers have them", "table", with("runs", 1), check),
		b.own("ours_in_order", "one worker, not shuffled", "table", with("order", 1), check),
		b.own("parquet_go", "pages of parquet-go, row groups shuffled, one goroutine", "table", with("parquet-go", 1), check),
		b.own("arrow_go", "records of arrow-go, row groups shuffled, one goroutine", "table", with("arrow-go", 1), check),
		b.python("polars", "Polars, a row group at a time, shuffled, to_numpy", "polars_table.py", with("polars", 0), check),
		b.python("pyarrow", "pyarrow, a row group at a time, shuffled, numpy.stack", "polars_table.py", with("pyarrow", 0), check),
		b.python("polars_read", "Polars, all of it into memory at once, column by column", "polars_table.py", with("read", 0), nil),
		b.own("decompress", "limit: pages read and decompressed, no more", "table", with("decompress", 1), nil),
		b.own("memcpy", "limit: as many bytes copied as the values take", "table", with("copy", 1), nil),
	}
	if f == tableFiles[0] { // a codec has little to do with what it costs, which is much
		m.Entries = append(m.Entries, b.own("ours_concat", "one worker, rows laid out by tabular.Concat (floats alone)", "table", with("concat", 1), nil))
	}
	if f.codec == compress.Codecs.Uncompressed { // what is left when nothing is read or decompressed
		m.Entries = append(m.Entries,
			b.own("ours_mapped", "ours_runs over a file that is mapped, not read", "table", with("mapped", 1), check),
			b.own("ours_columns", "the same, each column a tensor of its own", "table", with("columns", 1), check))
	}
	m.Ratios = append(against("ours", m.Entries), against("ours_runs", m.Entries)...)
	return m, nil
}

// tableNames returns the names of columns lo to hi.
func tableNames(lo, hi int) (names []string) {
	for k := lo; k < hi; k++ {
		names = append(names, tableColumn(k))
	}
	return names
}

// tableLoader returns the loader of W5.
func tableLoader(c tableConfig) (*loader.Loader, error) {
	p := parquet.Options{
		Columns: []string{},
		Nulls:   format.NullZero,
		Joins: []format.Join{
			{Into: "label", Columns: tableNames(0, 1)},
			{Into: "dense", Columns: tableNames(1, 1+denseColumns), DType: dtype.Float32},
			{Into: "sparse", Columns: tableNames(1+denseColumns, tableColumns)},
		},
	}
	o := loader.Config{BatchSize: c.Batch, Seed: 1, Order: loader.Shuffle{}, Workers: c.Workers}
	switch c.Kind {
	case "order":
		o.Order = loader.Sequential{}
	case "group":
		o.Order = loader.Shuffle{Live: 1, Lanes: 1}
	case "runs":
		o.Order = groupOrder{}
	case "columns":
		p.Columns, p.Joins = nil, nil
		fallthrough
	case "mapped":
		o.Order = groupOrder{}
		p.Pool.Backend = shard.MmapTrusted
	}
	src, err := parquet.Open(c.Path, p)
	if err != nil {
		return nil, err
	}
	return loader.New(src, o)
}

// groupOrder is the order of row groups that are shuffled and whose rows are not.
type groupOrder struct{}

// Plan implements loader.Order.
func (groupOrder) Plan(p loader.Pass) loader.Plan {
	plan := groupPlan{order: rand.New(rand.NewPCG(p.Seed, p.Epoch)).Perm(len(p.Blocks)), ends: make([]int64, len(p.Blocks))}
	end := int64(0)
	for i, b := range plan.order {
		end += int64(p.Blocks[b].Rows)
		plan.ends[i] = end
	}
	return plan
}

// groupPlan says which row group is the i-th, and at which position it ends.
type groupPlan struct {
	order []int
	ends  []int64
}

// Len implements loader.Plan.
func (g groupPlan) Len() int64 { return g.ends[len(g.ends)-1] }

// At implements loader.Plan.
func (g groupPlan) At(pos int64, refs []loader.Ref) {
	for i := range refs {
		refs[i], _ = g.Run(pos + int64(i))
	}
}

// Run tells where rows follow one another, as loader.Plan says.
func (g groupPlan) Run(pos int64) (first loader.Ref, n int64) {
	i, _ := slices.BinarySearch(g.ends, pos+1)
	begin := int64(0)
	if i > 0 {
		begin = g.ends[i-1]
	}
	return loader.Ref{Block: g.order[i], Row: int(pos - begin)}, g.ends[i] - pos
}

// tableDigest returns the digest of a table as the library reads it.
func tableDigest(c tableConfig) (uint64, error) {
	ld, err := tableLoader(c)
	if err != nil {
		return 0, err
	}
	defer ld.Close()
	var d digest
	for batch, err := range ld.All(context.Background()) {
		if err != nil {
			return 0, err
		}
		d.rows(loader.View[int32](batch.Tensor("label")), loader.View[float32](batch.Tensor("dense")), loader.View[int32](batch.Tensor("sparse")))
	}
	return d.sum, nil
}

// A digest tells tables apart whose rows may stand in any order: it adds up the
// squares of weighted sums of each row.
type digest struct{ sum uint64 }

// weight returns the weight of column k.
func weight(k int) uint64 { return 0x9e3779b97f4a7c15 * uint64(2*k+1) }

func (d *digest) rows(label []int32, dense []float32, sparse []int32) {
	for i, x := range label {
		sum := weight(0) * uint64(int64(x))
		for k, x := range dense[i*denseColumns:][:denseColumns] {
			sum += weight(1+k) * uint64(int64(x))
		}
		for k, x := range sparse[i*sparseColumns:][:sparseColumns] {
			sum += weight(1+denseColumns+k) * uint64(int64(x))
		}
		d.sum += sum * sum
	}
}

// sameDigest returns a check that has a child write its digest to a file.
func sameDigest(file string, want uint64) asking {
	return func(_ context.Context, ask func(any) error) (string, error) {
		defer os.Remove(file)
		if err := ask(tableCheck{file}); err != nil {
			return "", err
		}
		got, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if len(got) != 8 || binary.LittleEndian.Uint64(got) != want {
			return "", fmt.Errorf("digest %x, not %016x", got, want)
		}
		return "equal", nil
	}
}

// openTable opens the contenders of W5 that are in Go.
func openTable(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c tableConfig) (*rounds.Work, error) {
		var epoch func(batch func(label []int32, dense []float32, sparse []int32)) error
		switch c.Kind {
		case "join", "group", "runs", "order", "mapped", "columns":
			return ownTable(c)
		case "concat":
			ld, err := concatLoader(c)
			if err != nil {
				return nil, err
			}
			return c.work(func() error { _, err := drain(ld); return err }), nil
		case "parquet-go":
			epoch = func(batch func([]int32, []float32, []int32)) error { return readParquetGo(c, batch) }
		case "arrow-go":
			epoch = func(batch func([]int32, []float32, []int32)) error { return readArrowGo(c, batch) }
		case "decompress":
			return c.work(func() error { return decompressOnly(c.Path) }), nil
		case "copy":
			return c.work(newCopy(c)), nil
		default:
			return nil, fmt.Errorf("no contender %q", c.Kind)
		}
		w := c.work(func() error { return epoch(func([]int32, []float32, []int32) {}) })
		w.Check = checkDigest(epoch)
		return w, nil
	})(config)
}

// work returns work whose items are megabytes.
func (c *tableConfig) work(run func() error) *rounds.Work {
	n := c.megabytes()
	return &rounds.Work{Run: func(int, int) (int, error) { return n, run() }}
}

// checkDigest answers tableCheck for a contender that hands out batches.
func checkDigest(epoch func(batch func(label []int32, dense []float32, sparse []int32)) error) func(json.RawMessage) error {
	return digested(func(d *digest) error { return epoch(d.rows) })
}

// digested answers tableCheck for a contender that can add all that it reads to a digest.
func digested(read func(*digest) error) func(json.RawMessage) error {
	return func(what json.RawMessage) error {
		var k tableCheck
		if err := json.Unmarshal(what, &k); err != nil {
			return err
		}
		var d digest
		if err := read(&d); err != nil {
			return err
		}
		return os.WriteFile(k.Out, binary.LittleEndian.AppendUint64(nil, d.sum), 0o666)
	}
}

// ownTable returns the library as a contender.
func ownTable(c tableConfig) (*rounds.Work, error) {
	ld, err := tableLoader(c)
	if err != nil {
		return nil, err
	}
	w := c.work(func() error { _, err := drain(ld); return err })
	w.Check = checkDigest(func(rows func([]int32, []float32, []int32)) error {
		t := newTable(c.Batch)
		for batch, err := range ld.All(context.Background()) {
			if err != nil {
				return err
			}
			if c.Kind == "columns" {
				for k := range t.columns {
					copy(t.columns[k], loader.View[int32](batch.Tensor(tableColumn(k))))
				}
				t.batches(batch.Len(), rows)
				continue
			}
			rows(loader.View[int32](batch.Tensor("label")), loader.View[float32](batch.Tensor("dense")), loader.View[int32](batch.Tensor("sparse")))
		}
		return nil
	})
	return w, nil
}
