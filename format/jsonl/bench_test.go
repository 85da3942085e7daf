package jsonl_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/jsonl"
	"github.com/stokerdata/stoker/internal/cputime"
	"github.com/stokerdata/stoker/loader"
)

// perCPU returns what reports, at the end, how much is read in a second of CPU time,
// which a machine that others use as well can still tell.
func perCPU(b *testing.B, bytes int) func() {
	began := cputime.Now()
	return func() {
		b.ReportMetric(float64(bytes)*float64(b.N)/1e6/(cputime.Now()-began).Seconds(), "MB/cpu-s")
	}
}

// BenchmarkRecords reads records of numbers, a list and a text, from a file in the
// page cache, into batches, beside encoding/json into a struct. Run it with -cpu 1.
func BenchmarkRecords(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var text bytes.Buffer
	for i := range 30_000 {
		fmt.Fprintf(&text, `{"id": %d, "x": %.4f, "y": %.2f, "tags": [%d, %d, %d], "text": "%s", "ok": true}`+"\n",
			i, r.NormFloat64(), r.NormFloat64()*100, r.IntN(1000), r.IntN(1000), r.IntN(1000), strings.Repeat("some words ", 1+r.IntN(30)))
	}
	path := filepath.Join(folder(b, map[string]string{"a.jsonl": text.String()}), "a.jsonl")
	b.Run("batches", func(b *testing.B) {
		ld, err := loader.New(open(b, path, jsonl.Options{}), loader.Config{BatchSize: 256})
		if err != nil {
			b.Fatal(err)
		}
		defer ld.Close()
		b.SetBytes(int64(text.Len()))
		defer perCPU(b, text.Len())()
		for b.Loop() {
			for _, err := range ld.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(text.Len()))
		defer perCPU(b, text.Len())()
		for b.Loop() {
			f, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			for lines := bufio.NewScanner(f); lines.Scan(); {
				var record struct {
					ID   int64   `json:"id"`
					X    float32 `json:"x"`
					Y    float32 `json:"y"`
					Tags []int64 `json:"tags"`
					Text string  `json:"text"`
					OK   bool    `json:"ok"`
				}
				if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
					b.Fatal(err)
				}
			}
			f.Close()
		}
	})
}
