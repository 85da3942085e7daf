package tabular

import (
	"slices"
	"testing"

	"github.com/stokerdata/stoker/internal/interleave"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

const benchRows, benchColumns = 4096, 64

func benchData() (columns [][]float32, dst []float32) {
	for range benchColumns {
		columns = append(columns, make([]float32, benchRows))
	}
	return columns, make([]float32, benchRows*benchColumns)
}

// BenchmarkInterleave is the inner part of Concat: 64 columns of 4096 rows.
func BenchmarkInterleave(b *testing.B) {
	columns, dst := benchData()
	b.SetBytes(int64(4 * len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < benchRows; at += concatTile {
			for c := 0; c < benchColumns; c += 8 {
				var from [8][]float32
				for g := range from {
					from[g] = columns[c+g][at : at+concatTile]
				}
				interleave.Columns(dst[at*benchColumns+c:], benchColumns, from[:])
			}
		}
	}
}

// BenchmarkInterleaveIdeal copies the same bytes, column by column.
func BenchmarkInterleaveIdeal(b *testing.B) {
	columns, dst := benchData()
	b.SetBytes(int64(4 * len(dst)))
	for b.Loop() {
		for c, column := range columns {
			copy(dst[c*benchRows:], column)
		}
	}
}

func BenchmarkStandardize(b *testing.B) {
	for _, t := range []dtype.Type{dtype.Float32, dtype.Float64, dtype.Int32} {
		b.Run(t.String(), func(b *testing.B) {
			from := loader.Tensor{DType: t, Data: make([]byte, t.Size()*benchRows)}
			dst := make([]float32, benchRows)
			b.SetBytes(int64(len(from.Data)))
			b.ReportAllocs()
			for b.Loop() {
				standardize(dst, from, 1.5, 0.5)
			}
		})
	}
}

func BenchmarkSummarize(b *testing.B) {
	x := slices.Repeat([]float64{1, 2, 3, 4}, tile/4)
	b.SetBytes(int64(8 * len(x)))
	b.ReportAllocs()
	for b.Loop() {
		summarize(x)
	}
}
