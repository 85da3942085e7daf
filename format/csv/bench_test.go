package csv_test

import (
	"bytes"
	stdcsv "encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stokerdata/stoker/format/csv"
	"github.com/stokerdata/stoker/internal/cputime"
	"github.com/stokerdata/stoker/loader"
)

const (
	benchRows  = 100_000
	benchBatch = 4096
)

// numbers returns a file of five columns of whole numbers and ten of others.
func numbers() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for c := range 15 {
		fmt.Fprintf(&b, "c%d%s", c, []string{",", "\n"}[c/14])
	}
	for range benchRows {
		for range 5 {
			fmt.Fprintf(&b, "%d,", r.IntN(100_000))
		}
		for c := range 10 {
			fmt.Fprintf(&b, "%.4f%s", r.NormFloat64()*10, []string{",", "\n"}[c/9])
		}
	}
	return b.Bytes()
}

// perCPU returns what reports, at the end, how much is read in a second of CPU time,
// which a machine that others use as well can still tell.
func perCPU(b *testing.B, bytes int) func() {
	began := cputime.Now()
	return func() {
		b.ReportMetric(float64(bytes)*float64(b.N)/1e6/(cputime.Now()-began).Seconds(), "MB/cpu-s")
	}
}

// BenchmarkNumbers reads a file in the page cache into batches, beside encoding/csv
// with strconv. Run it with -cpu 1.
func BenchmarkNumbers(b *testing.B) {
	text := numbers()
	path := filepath.Join(folder(b, map[string]string{"a.csv": string(text)}), "a.csv")
	b.Run("batches", func(b *testing.B) {
		ld, err := loader.New(open(b, path, csv.Options{}), loader.Config{BatchSize: benchBatch})
		if err != nil {
			b.Fatal(err)
		}
		defer ld.Close()
		b.SetBytes(int64(len(text)))
		defer perCPU(b, len(text))()
		for b.Loop() {
			for _, err := range ld.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		defer perCPU(b, len(text))()
		for b.Loop() {
			open(b, path, csv.Options{}).Close()
		}
	})
	b.Run("encoding-csv", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		defer perCPU(b, len(text))()
		for b.Loop() {
			f, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			r := stdcsv.NewReader(f)
			r.ReuseRecord = true
			r.Read()
			ints, floats := make([]int64, 5*benchBatch), make([]float32, 10*benchBatch)
			for n := 0; ; n++ {
				cells, err := r.Read()
				if err == io.EOF {
					break
				}
				for c, cell := range cells[:5] {
					ints[c*benchBatch+n%benchBatch], _ = strconv.ParseInt(cell, 10, 64)
				}
				for c, cell := range cells[5:] {
					v, _ := strconv.ParseFloat(cell, 32)
					floats[c*benchBatch+n%benchBatch] = float32(v)
				}
			}
			f.Close()
		}
	})
}
