package main

import (
	"bufio"
	"context"
	stdcsv "encoding/csv"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/format/csv"
	"github.com/stokerdata/stoker/format/jsonl"
	"github.com/stokerdata/stoker/loader"
)

const (
	textRows   = 300_000 // of numbers
	textInts   = 5       // columns
	textFloats = 10
	textDocs   = 15_000
)

// textConfig is what the contenders that read texts are given.
type textConfig struct {
	Path    string `json:"path"`
	MB      int    `json:"mb"`
	Batch   int    `json:"batch"`
	Workers int    `json:"workers"`
	Kind    string `json:"kind"` // which of the contenders that share a program
}

// workloadText is reading tables of numbers, as CSV and as JSON lines, and documents.
func workloadText(b *bench) (all []rounds.Match, err error) {
	for _, m := range []struct {
		name, about, file string
		rows              int
		write             func(w *bufio.Writer, rows int)
		std               string // the peer in Go
	}{
		{"csv", "a CSV file of 5 columns of whole numbers and 10 of others with 4 decimals", "numbers.csv", textRows, writeNumbersCSV, "encoding/csv with strconv"},
		{"jsonl", "the same as JSON lines", "numbers.jsonl", textRows, writeNumbersJSON, "encoding/json"},
		{"jsonl_documents", "JSON lines of documents of some 2.5 kB, with an id", "documents.jsonl", textDocs, writeDocuments, "encoding/json"},
	} {
		match, err := b.text(m.name, m.about, filepath.Join(b.work, m.file), b.scaled(m.rows), m.write, m.std)
		if err != nil {
			return nil, err
		}
		all = append(all, match)
	}
	return all, nil
}

// text returns the match for one file, which std reads in Go.
func (b *bench) text(name, about, path string, rows int, write func(*bufio.Writer, int), std string) (rounds.Match, error) {
	m := rounds.Match{Name: name, About: about + fmt.Sprintf(", in the page cache, to batches of %d; items are MB of text", tableBatch)}
	size, err := writeText(path, rows, write)
	if err != nil {
		return m, err
	}
	c := textConfig{Path: path, MB: max(1, int(size/1e6)), Batch: tableBatch}
	want, err := textDigest(c)
	if err != nil {
		return m, err
	}
	check := sameDigest(filepath.Join(b.work, "digest11"), want)
	with := func(kind string, workers int) textConfig {
		c.Kind, c.Workers = kind, workers
		return c
	}
	m.Entries = []rounds.Entry{
		b.own("ours", "stoker, rows shuffled, a worker for each core", "text", with("shuffled", 0), check),
		b.own("ours_in_order", "one worker, in order, as the peers", "text", with("", 1), check),
		b.own(strings.ReplaceAll(strings.Fields(std)[0], "/", "_"), std+", one goroutine", "text", with("std", 1), check),
		b.python("polars", "Polars, all of it into memory, its columns to NumPy", "text.py", with("polars", 0), check),
		b.python("pyarrow", "pyarrow, likewise", "text.py", with("pyarrow", 0), check),
		b.python("pandas", "pandas, likewise", "text.py", with("pandas", 0), check),
	}
	m.Ratios = append(against("ours", m.Entries), against("ours_in_order", m.Entries)...)
	return m, nil
}

// writeText writes a file and returns its size.
func writeText(path string, rows int, write func(*bufio.Writer, int)) (int64, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	write(w, rows)
	if err := w.Flush(); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), f.Close()
}

// numberRow returns the texts of a row of numbers.
func numberRow(r *rand.Rand) (row [textInts + textFloats]string) {
	for k := range row {
		if k < textInts {
			row[k] = strconv.Itoa(r.IntN(100_000))
		} else {
			row[k] = strconv.FormatFloat(r.NormFloat64()*10, 'f', 4, 64)
		}
	}
	return row
}

func writeNumbersCSV(w *bufio.Writer, rows int) {
	r := rand.New(rand.NewPCG(11, 1))
	for k := range textInts + textFloats {
		fmt.Fprintf(w, "c%d%s", k, ending(k))
	}
	for range rows {
		for k, x := range numberRow(r) {
			w.WriteString(x + ending(k))
		}
	}
}

// ending is what follows on column k in CSV.
func ending(k int) string {
	if k == textInts+textFloats-1 {
		return "\n"
	}
	return ","
}

func writeNumbersJSON(w *bufio.Writer, rows int) {
	r := rand.New(rand.NewPCG(11, 1))
	for range rows {
		for k, x := range numberRow(r) {
			before := ", "
			if k == 0 {
				before = "{"
			}
			fmt.Fprintf(w, "%s\"c%d\": %s", before, k, x)
		}
		w.WriteString("}\n")
	}
}

// writeDocuments writes documents with a line of text in each 70 to 80 bytes, and some
// quotes and letters that are not ASCII.
func writeDocuments(w *bufio.Writer, rows int) {
	r := rand.New(rand.NewPCG(11, 2))
	words := make([]string, 5000)
	for i := range words {
		for range 2 + r.IntN(8) {
			words[i] += string(rune('a' + r.IntN(26)))
		}
	}
	words = append(words, "naïve", "日本", `"quoted"`, "it's", "—")
	e := json.NewEncoder(w)
	for i := range rows {
		var text strings.Builder
		for range 5 + r.IntN(56) {
			for range 5 + r.IntN(13) {
				text.WriteString(words[r.IntN(len(words))] + " ")
			}
			text.WriteString("\n")
		}
		if err := e.Encode(document{int64(i), text.String()}); err != nil {
			panic(err) // a bufio.Writer keeps its error
		}
	}
}

type document struct {
	ID   int64  `json:"id"`
	Text string `json:"text"`
}

// textLoader returns the library's loader.
func textLoader(c textConfig) (*loader.Loader, error) {
	var src loader.Source
	var err error
	if filepath.Ext(c.Path) == ".csv" {
		src, err = csv.Open(c.Path, csv.Options{})
	} else {
		src, err = jsonl.Open(c.Path, jsonl.Options{})
	}
	if err != nil {
		return nil, err
	}
	o := loader.Config{BatchSize: c.Batch, Seed: 1, Workers: c.Workers}
	if c.Kind == "shuffled" {
		o.Order = loader.Shuffle{}
	}
	return loader.New(src, o)
}

// numbers adds a row of numbers to a digest.
func (d *digest) numbers(ints []int64, floats []float32) {
	sum := uint64(0)
	for k, x := range ints {
		sum += weight(k) * uint64(x)
	}
	for k, x := range floats {
		sum += weight(textInts+k) * uint64(math.Float32bits(x))
	}
	d.sum += sum * sum
}

// document adds a document.
func (d *digest) document(id int64, text []byte) {
	sum := weight(0)*uint64(id) + weight(1)*uint64(crc32.ChecksumIEEE(text))
	d.sum += sum * sum
}

// batch adds a batch of the library.
func (d *digest) batch(b *loader.Batch) {
	if b.Spec()[0].Name == "id" {
		for i := range b.Len() {
			d.document(loader.View[int64](b.Row("id", i))[0], b.Row("text", i).Data)
		}
		return
	}
	var ints [textInts][]int64
	var floats [textFloats][]float32
	for k := range ints {
		ints[k] = loader.View[int64](b.Column(k))
	}
	for k := range floats {
		floats[k] = loader.View[float32](b.Column(textInts + k))
	}
	var i, f = make([]int64, textInts), make([]float32, textFloats)
	for row := range b.Len() {
		for k := range i {
			i[k] = ints[k][row]
		}
		for k := range f {
			f[k] = floats[k][row]
		}
		d.numbers(i, f)
	}
}

// textDigest returns the digest of a file as the standard library reads it.
func textDigest(c textConfig) (uint64, error) {
	var d digest
	err := readText(c, &d)
	return d.sum, err
}

// readText reads a file with the standard library. It adds all rows to d, if there is
// one.
func readText(c textConfig, d *digest) error {
	f, err := os.Open(c.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	switch filepath.Base(c.Path) {
	case "numbers.csv":
		return readNumbersCSV(f, c.Batch, d)
	case "numbers.jsonl":
		return readNumbersJSON(f, c.Batch, d)
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<20), 1<<24)
	for lines.Scan() {
		var x document
		if err := json.Unmarshal(lines.Bytes(), &x); err != nil {
			return err
		}
		if d != nil {
			d.document(x.ID, []byte(x.Text))
		}
	}
	return lines.Err()
}

// numberBatch is the columns of a batch that the standard library reads.
type numberBatch struct {
	ints   [textInts][]int64
	floats [textFloats][]float32
}

func newNumberBatch(rows int) *numberBatch {
	b := new(numberBatch)
	for k := range b.ints {
		b.ints[k] = make([]int64, rows)
	}
	for k := range b.floats {
		b.floats[k] = make([]float32, rows)
	}
	return b
}

// put sets a row.
func (b *numberBatch) put(row int, ints []int64, floats []float32) {
	for k, x := range ints {
		b.ints[k][row] = x
	}
	for k, x := range floats {
		b.floats[k][row] = x
	}
}

func readNumbersCSV(f io.Reader, batch int, d *digest) error {
	r := stdcsv.NewReader(f)
	r.ReuseRecord = true
	if _, err := r.Read(); err != nil {
		return err
	}
	b, ints, floats := newNumberBatch(batch), make([]int64, textInts), make([]float32, textFloats)
	for n := 0; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for k := range ints {
			if ints[k], err = strconv.ParseInt(row[k], 10, 64); err != nil {
				return err
			}
		}
		for k := range floats {
			x, err := strconv.ParseFloat(row[textInts+k], 32)
			if err != nil {
				return err
			}
			floats[k] = float32(x)
		}
		b.put(n%batch, ints, floats)
		if d != nil {
			d.numbers(ints, floats)
		}
	}
}

// numberObject is a row in JSON.
type numberObject struct {
	C0, C1, C2, C3, C4                          int64
	C5, C6, C7, C8, C9, C10, C11, C12, C13, C14 float32
}

func readNumbersJSON(f io.Reader, batch int, d *digest) error {
	lines := bufio.NewScanner(f)
	b := newNumberBatch(batch)
	for n := 0; lines.Scan(); n++ {
		var x numberObject
		if err := json.Unmarshal(lines.Bytes(), &x); err != nil {
			return err
		}
		ints := []int64{x.C0, x.C1, x.C2, x.C3, x.C4}
		floats := []float32{x.C5, x.C6, x.C7, x.C8, x.C9, x.C10, x.C11, x.C12, x.C13, x.C14}
		b.put(n%batch, ints, floats)
		if d != nil {
			d.numbers(ints, floats)
		}
	}
	return lines.Err()
}

// openText opens the contenders that are in Go.
func openText(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c textConfig) (*rounds.Work, error) {
		if c.Kind == "std" {
			return c.work(func(d *digest) error { return readText(c, d) }), nil
		}
		ld, err := textLoader(c)
		if err != nil {
			return nil, err
		}
		return c.work(func(d *digest) error {
			for b, err := range ld.All(context.Background()) {
				if err != nil {
					return err
				}
				if d != nil {
					d.batch(b)
				}
			}
			return nil
		}), nil
	})(config)
}

// work returns work that reads the file, and adds its rows to a digest when it is
// checked.
func (c textConfig) work(read func(*digest) error) *rounds.Work {
	return &rounds.Work{Run: func(int, int) (int, error) { return c.MB, read(nil) }, Check: digested(read)}
}
