package raw_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

const (
	benchFiles = 2000
	benchBytes = 100 << 10
)

// many makes benchFiles files of benchBytes and returns them.
func many(b *testing.B) (dir string, paths []string) {
	content := strings.Repeat("0123456789abcdef", benchBytes/16)
	dir = b.TempDir()
	for i := range benchFiles {
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("%d/%05d.jpg", i%10, i)))
		put(b, paths[i], content)
	}
	return dir, paths
}

// BenchmarkFiles reads warm files: as a source does, in chunks of 32, as the
// least that the system allows, and as os.ReadFile does.
func BenchmarkFiles(b *testing.B) {
	dir, paths := many(b)
	b.Run("source", func(b *testing.B) {
		src := must[*raw.Source](b)(raw.Open(dir, raw.Options{}))
		b.SetBytes(benchFiles * benchBytes)
		b.ReportAllocs()
		refs := make([]loader.Ref, 0, 32)
		for b.Loop() {
			for i := range benchFiles {
				refs = append(refs, loader.Ref{Row: i})
				if len(refs) == cap(refs) || i == benchFiles-1 {
					rows, err := src.OpenRows(b.Context(), refs)
					if err != nil {
						b.Fatal(err)
					}
					rows.Close()
					refs = refs[:0]
				}
			}
		}
	})
	b.Run("ideal", func(b *testing.B) {
		b.SetBytes(benchFiles * benchBytes)
		b.ReportAllocs()
		buf := make([]byte, 32*benchBytes)
		for b.Loop() {
			for i, p := range paths {
				if err := readIdeal(p, buf[i%32*benchBytes:][:benchBytes]); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("os.ReadFile", func(b *testing.B) {
		b.SetBytes(benchFiles * benchBytes)
		b.ReportAllocs()
		for b.Loop() {
			for _, p := range paths {
				if _, err := os.ReadFile(p); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("loader", func(b *testing.B) {
		b.SetBytes(benchFiles * benchBytes)
		b.ReportAllocs()
		for b.Loop() {
			src, err := raw.Open(dir, raw.Options{Label: raw.ParentDir})
			if err != nil {
				b.Fatal(err)
			}
			epoch(b, src)
		}
	})
}

// epoch runs a loader once over src, shuffled.
func epoch(b *testing.B, src loader.Source) {
	ld, err := loader.New(src, loader.Config{BatchSize: 64, Order: loader.Shuffle{}})
	if err != nil {
		b.Fatal(err)
	}
	defer ld.Close()
	for _, err := range ld.All(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecords reads records of CIFAR's size in random order: as a loader
// does, and record by record.
func BenchmarkRecords(b *testing.B) {
	const n, size = 20000, 3073
	path := filepath.Join(b.TempDir(), "r.bin")
	put(b, path, strings.Repeat("x", n*size))
	fields := loader.Spec{{Name: "label", DType: dtype.Uint8}, {Name: "image", DType: dtype.Uint8, Shape: loader.Dims(3, 32, 32)}}
	b.Run("loader", func(b *testing.B) {
		b.SetBytes(n * size)
		b.ReportAllocs()
		for b.Loop() {
			src, err := raw.OpenRecords([]string{path}, raw.RecordOptions{Fields: fields})
			if err != nil {
				b.Fatal(err)
			}
			epoch(b, src)
		}
	})
	b.Run("ideal", func(b *testing.B) {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		b.SetBytes(n * size)
		b.ReportAllocs()
		buf := make([]byte, 64*size)
		for b.Loop() {
			for i := range n {
				at := i * 7919 % n
				if _, err := f.ReadAt(buf[i%64*size:][:size], int64(at)*size); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkOpen lists files without reading them.
func BenchmarkOpen(b *testing.B) {
	dir, _ := many(b)
	b.Run("folder", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			src, err := raw.Open(dir, raw.Options{Label: raw.ParentDir})
			if err != nil {
				b.Fatal(err)
			}
			src.Close()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFiles, "ns/file")
	})
	var lines strings.Builder
	for i := range benchFiles {
		fmt.Fprintf(&lines, "{\"path\": \"%d/%05d.jpg\", \"boxes\": [[1, 2, 3, %d]], \"weight\": 0.5, \"class\": \"c%d\"}\n", i%10, i, i, i%100)
	}
	path := filepath.Join(dir, "m.jsonl")
	put(b, path, lines.String())
	b.Run("manifest", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			src, err := raw.OpenManifest(path, raw.ManifestOptions{})
			if err != nil {
				b.Fatal(err)
			}
			src.Close()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFiles, "ns/file")
	})
}

// BenchmarkWriteRecords writes floats in the other byte order.
func BenchmarkWriteRecords(b *testing.B) {
	const n = 20000
	path := filepath.Join(b.TempDir(), "r.bin")
	put(b, path, strings.Repeat("x", n*1024))
	src := must[*raw.Records](b)(raw.OpenRecords([]string{path}, raw.RecordOptions{Fields: loader.Spec{{Name: "x", DType: dtype.Float32, Shape: loader.Dims(256)}}}))
	b.SetBytes(n * 1024)
	for b.Loop() {
		ld, err := loader.New(open{src}, loader.Config{BatchSize: 256})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := raw.WriteRecords(b.Context(), path+".out", ld.All(b.Context()), raw.RecordWriteOptions{ByteOrder: binary.BigEndian}); err != nil {
			b.Fatal(err)
		}
		ld.Close()
	}
}
