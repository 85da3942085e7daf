package cache_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/format/cache"
	"github.com/stokerdata/stoker/internal/cputime"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

const (
	benchRows  = 1024 // 200 MB, far more than any CPU's caches
	benchEdge  = 256
	benchCrop  = 224
	benchBatch = 128
	benchPool  = 64 // different pictures
)

// album is a source of pictures out of a few, each read as a file would be.
type album struct {
	pixels []uint8
	bytes  int64
}

func newAlbum(bytes int64) *album {
	a := &album{make([]uint8, benchPool*benchEdge*benchEdge*3), bytes}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range a.pixels {
		a.pixels[i] = uint8(r.Uint32())
	}
	return a
}

func (a *album) picture(row int) []uint8 {
	n := benchEdge * benchEdge * 3
	return a.pixels[row%benchPool*n:][:n:n]
}

func (a *album) Spec() loader.Spec {
	return loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(benchEdge, benchEdge, 3), Kind: kind.Image},
		{Name: "label", DType: dtype.Int32, Kind: kind.Label},
	}
}
func (a *album) Blocks() []loader.Block {
	return []loader.Block{{Rows: benchRows, Bytes: a.bytes * benchRows}}
}
func (a *album) Open(context.Context, int) (loader.Rows, error) { return &albumRows{a, nil}, nil }
func (a *album) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	return &albumRows{a, refs}, nil
}

type albumRows struct {
	*album
	refs []loader.Ref
}

func (r *albumRows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	row := r.refs[i].Row
	s.Set(0, dtype.Uint8, r.Spec()[0].Shape, r.picture(row))
	loader.View[int32](*w.Out(s, 1, dtype.Int32, loader.Dims()))[0] = int32(row)
	return nil
}
func (r *albumRows) Close() error { return nil }

// BenchmarkCache streams pictures of 256 x 256 that are cached through a random
// crop to 224 and a flip into batches of planes of bytes, shuffled. The metric
// x/hand is the ratio of CPU time to that of a loop written by hand over one
// flat array, measured in turns, which draws and calls nothing.
func BenchmarkCache(b *testing.B) {
	for _, c := range []struct {
		name       string
		bytes      int64
		transforms []loader.Transform
		spill      bool
	}{
		{"memory", 100 << 10, train, false},
		{"memory/inline", 0, train, false},
		{"folder", 100 << 10, train, true},
		{"memory/crop alone", 100 << 10, train[:1], false},
	} {
		b.Run(c.name, func(b *testing.B) {
			o := cache.Options{Transforms: []loader.Transform{}}
			if c.spill {
				o.Dir = b.TempDir()
			}
			s, err := cache.Open(newAlbum(c.bytes), o)
			if err != nil {
				b.Fatal(err)
			}
			ld, err := loader.New(s, loader.Config{BatchSize: benchBatch, Order: loader.Shuffle{}, Transforms: c.transforms})
			if err != nil {
				b.Fatal(err)
			}
			defer ld.Close()
			ours := func() {
				for batch, err := range ld.All(context.Background()) {
					if err != nil {
						b.Fatal(err)
					}
					sink += batch.Tensor("image").Data[7]
				}
			}
			ours() // fills it
			h := newHand(len(c.transforms) > 1)
			compare(b, h.epoch, ours)
		})
	}
}

var (
	train = []loader.Transform{vision.RandomCrop{Size: benchCrop}, vision.FlipH{P: 0.5}, vision.ToTensor{}}
	sink  uint8
)

// compare runs both in turns, b.N times but at least 5, and reports medians of
// CPU time.
func compare(b *testing.B, hand, ours func()) {
	hand()
	var ratios, costs []float64
	for range max(b.N, 5) {
		t0 := cputime.Now()
		hand()
		t1 := cputime.Now()
		ours()
		t2 := cputime.Now()
		ratios = append(ratios, float64(t2-t1)/float64(t1-t0))
		costs = append(costs, float64(t2-t1)/benchRows)
	}
	slices.Sort(ratios)
	slices.Sort(costs)
	cost := costs[len(costs)/2]
	b.ReportMetric(ratios[len(ratios)/2], "x/hand")
	b.ReportMetric(cost, "cpu-ns/image")
	b.ReportMetric(1e9/cost, "images/s/core")
}

// hand is the loop by hand.
type hand struct {
	rows, batch []uint8
	order       []int
	planes      bool
}

func newHand(planes bool) *hand {
	n := benchEdge * benchEdge * 3
	h := &hand{make([]uint8, benchRows*n), make([]uint8, benchBatch*benchCrop*benchCrop*3), nil, planes}
	a := newAlbum(0)
	for i := range benchRows {
		copy(h.rows[i*n:], a.picture(i))
	}
	h.order = rand.New(rand.NewPCG(3, 4)).Perm(benchRows)
	return h
}

func (h *hand) epoch() {
	const n, out, edge = benchEdge * benchEdge * 3, benchCrop * benchCrop * 3, benchEdge - benchCrop
	for i, row := range h.order {
		src, dst := h.rows[row*n:][:n], h.batch[i%benchBatch*out:][:out]
		x, y := row*7%(edge+1), row*5%(edge+1)
		for r := range benchCrop {
			line := src[((y+r)*benchEdge+x)*3:][:benchCrop*3]
			switch at := r * benchCrop; {
			case !h.planes:
				copy(dst[3*at:], line)
			case row&1 == 0:
				split(dst[at:], dst[at+out/3:], dst[at+2*out/3:], line)
			default:
				splitBack(dst[at:], dst[at+out/3:], dst[at+2*out/3:], line)
			}
		}
		sink += dst[7]
	}
}

func split(r, g, b, line []uint8) {
	for i := 0; len(line) >= 3 && i < len(r) && i < len(g) && i < len(b); i++ {
		r[i], g[i], b[i] = line[0], line[1], line[2]
		line = line[3:]
	}
}

func splitBack(r, g, b, line []uint8) {
	for i := 0; len(line) >= 3 && i < len(r) && i < len(g) && i < len(b); i++ {
		p := line[len(line)-3:]
		r[i], g[i], b[i] = p[0], p[1], p[2]
		line = line[:len(line)-3]
	}
}
