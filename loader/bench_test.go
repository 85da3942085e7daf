package loader_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/internal/cputime"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// BenchmarkOverhead compares the engine with loops written by hand that do the
// same work, one for each worker, as two cores that share a cache are slower
// than one: random crop, flip, brightness and conversion to float32. The metric
// x/hand is the ratio of CPU time, measured in turns.
func BenchmarkOverhead(b *testing.B) {
	for _, c := range []struct{ in, out, n, batch int }{{10, 8, 1 << 19, 256}, {40, 32, 1 << 13, 256}, {256, 224, 512, 32}} {
		b.Run(fmt.Sprintf("%dx%d", c.out, c.out), func(b *testing.B) {
			g := geometry{c.in, c.out}
			src, pixels := g.source(b, c.n)
			ld, err := loader.New(src, loader.Config{BatchSize: c.batch, Seed: 9, Transforms: []loader.Transform{&cropFlip{g}, &brightness{}, &normalize{}}})
			if err != nil {
				b.Fatal(err)
			}
			defer ld.Close()
			hand := func() { g.hand(pixels, c.n, c.batch) }
			ours := func() {
				for batch, err := range ld.All(context.Background()) {
					if err != nil {
						b.Fatal(err)
					}
					sink += loader.View[float32](batch.Tensor("image"))[7]
				}
			}
			compare(b, c.n, hand, ours)
		})
	}
}

// BenchmarkNumbers streams plain integers, which need no work at all, by rows
// and by columns, in order and shuffled.
func BenchmarkNumbers(b *testing.B) {
	const n = 1 << 22
	src, err := mem.Columns(loader.Spec{{Name: "x", DType: dtype.Int32}}, mem.Of(make([]int32, n)))
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		cfg  loader.Config
	}{
		{"rows", loader.Config{Transforms: []loader.Transform{nothing{}}}},
		{"rows/shuffle", loader.Config{Transforms: []loader.Transform{nothing{}}, Order: loader.Shuffle{}}},
		{"columns", loader.Config{}},
		{"columns/shuffle", loader.Config{Order: loader.Shuffle{}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.cfg.BatchSize = 256
			ld, err := loader.New(src, c.cfg)
			if err != nil {
				b.Fatal(err)
			}
			defer ld.Close()
			cpu := cputime.Now()
			for b.Loop() {
				for _, err := range ld.All(context.Background()) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			items := float64(b.N) * n
			b.ReportMetric(items/b.Elapsed().Seconds()/1e6, "Mitems/s")
			b.ReportMetric(float64(cputime.Now()-cpu)/items, "cpu-ns/item")
		})
	}
}

// compare runs both in turns, b.N times but at least 9, and reports the median
// ratio of CPU time and the ratio of the least times, which what else runs on
// the machine disturbs less.
func compare(b *testing.B, items int, hand, ours func()) {
	hand()
	ours()
	var ratios, costs, base []float64
	for range max(b.N, 9) {
		t0 := cputime.Now()
		hand()
		t1 := cputime.Now()
		ours()
		t2 := cputime.Now()
		ratios = append(ratios, float64(t2-t1)/float64(t1-t0))
		costs = append(costs, float64(t2-t1)/float64(items))
		base = append(base, float64(t1-t0)/float64(items))
	}
	slices.Sort(ratios)
	slices.Sort(costs)
	b.ReportMetric(ratios[len(ratios)/2], "x/hand")
	b.ReportMetric(costs[0]/slices.Min(base), "x/hand-least")
	b.ReportMetric(costs[len(costs)/2], "cpu-ns/item")
}

var sink float32

// geometry is the work of BenchmarkOverhead on square images.
type geometry struct{ in, out int }

func (g geometry) source(b testing.TB, n int) (loader.Source, []uint8) {
	const pool = 64 // the images repeat, or they would not fit
	pixels := make([]uint8, pool*g.in*g.in*3)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range pixels {
		pixels[i] = uint8(r.Uint32())
	}
	return &repeated{g, pixels, n, loader.Dims(g.in, g.in, 3)}, pixels
}

// repeated is a source of n images out of a few.
type repeated struct {
	geometry
	pixels []uint8
	n      int
	shape  loader.Shape
}

func (r *repeated) Spec() loader.Spec {
	return loader.Spec{{Name: "image", DType: dtype.Uint8, Shape: r.shape, Kind: kind.Image}}
}
func (r *repeated) Blocks() []loader.Block                         { return []loader.Block{{Rows: r.n}} }
func (r *repeated) Open(context.Context, int) (loader.Rows, error) { return &repeatedRows{r, nil}, nil }
func (r *repeated) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	return &repeatedRows{r, refs}, nil
}

type repeatedRows struct {
	*repeated
	refs []loader.Ref
}

func (r *repeatedRows) Row(_ *loader.Worker, i int, s *loader.Sample) error {
	size := r.in * r.in * 3
	at := r.refs[i].Row % (len(r.pixels) / size) * size
	s.Set(0, dtype.Uint8, r.shape, r.pixels[at:at+size])
	return nil
}
func (r *repeatedRows) Close() error { return nil }

// The work itself is in functions of their own, so that both sides run the very
// same instructions.

//go:noinline
func (g geometry) crop(dst, src []uint8, r *rand.Rand) {
	x, y := r.IntN(g.in-g.out+1), r.IntN(g.in-g.out+1)
	flip := r.Uint64()&1 == 1
	row := g.out * 3
	for i := range g.out {
		s := src[((y+i)*g.in+x)*3:][:row]
		d := dst[i*row:][:row]
		if !flip {
			copy(d, s)
			continue
		}
		for j, k := 0, row-3; k >= 0; j, k = j+3, k-3 {
			d[j], d[j+1], d[j+2] = s[k], s[k+1], s[k+2]
		}
	}
}

//go:noinline
func brighten(p []uint8, r *rand.Rand) {
	a := uint32(200 + r.IntN(112))
	for i, v := range p {
		p[i] = uint8(min(uint32(v)*a>>8, 255))
	}
}

//go:noinline
func convert(dst []float32, src []uint8) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = (float32(v) - 114.75) * (1 / 57.375)
	}
}

// hand makes n samples in as many goroutines as there are workers.
func (g geometry) hand(pixels []uint8, n, batch int) {
	var wg sync.WaitGroup
	loops := runtime.GOMAXPROCS(0)
	for k := range loops {
		wg.Go(func() { g.loop(pixels, n*k/loops, n*(k+1)/loops, batch) })
	}
	wg.Wait()
}

// loop makes the samples from lo to hi.
func (g geometry) loop(pixels []uint8, lo, hi, batch int) {
	size, out := g.in*g.in*3, g.out*g.out*3
	x, buf := make([]float32, batch*out), make([]uint8, out)
	var pcg rand.PCG
	r := rand.New(&pcg)
	for first := lo; first+batch <= hi; first += batch {
		for i := range batch {
			id := first + i
			at := id % (len(pixels) / size) * size
			pcg.Seed(7, uint64(id))
			g.crop(buf, pixels[at:at+size], r)
			pcg.Seed(8, uint64(id))
			brighten(buf, r)
			convert(x[i*out:(i+1)*out], buf)
		}
	}
}

// The transforms are pointers: a Bind of a value that is short enough to be inlined is
// compiled into the wrapper that interfaces call, where View is not inlined.

type cropFlip struct{ g geometry }

func (c *cropFlip) Bind(in loader.Spec) (loader.Stage, error) {
	out := in.Clone()
	shape := loader.Dims(c.g.out, c.g.out, 3)
	out[0].Shape = shape
	return loader.Stage{Out: out, Writes: []int{0}, Row: func(w *loader.Worker, s *loader.Sample) error {
		src := s.Fields[0].Data
		c.g.crop(w.Out(s, 0, dtype.Uint8, shape).Data, src, w.Rand())
		return nil
	}}, nil
}

type brightness struct{}

func (*brightness) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		brighten(w.Mutable(s, 0).Data, w.Rand())
		return nil
	}}, nil
}

type normalize struct{}

func (*normalize) Bind(in loader.Spec) (loader.Stage, error) {
	out := in.Clone()
	out[0].DType = dtype.Float32
	return loader.Stage{Out: out, Writes: []int{0}, Row: func(w *loader.Worker, s *loader.Sample) error {
		src := s.Fields[0].Data
		convert(loader.View[float32](*w.Out(s, 0, dtype.Float32, out[0].Shape)), src)
		return nil
	}}, nil
}

// nothing is a row transform that does nothing.
type nothing struct{}

func (nothing) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error { return nil }}, nil
}

// BenchmarkTexts gathers short texts, which are copied once to lie one behind
// another in each batch.
func BenchmarkTexts(b *testing.B) {
	const n = 1 << 20
	src := &texts{text: make([]byte, n)}
	ld, err := loader.New(src, loader.Config{BatchSize: 1024})
	if err != nil {
		b.Fatal(err)
	}
	defer ld.Close()
	cpu := cputime.Now()
	for b.Loop() {
		for _, err := range ld.All(context.Background()) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(cputime.Now()-cpu)/float64(b.N)/n, "cpu-ns/item")
}

// texts is a source of texts of up to 31 bytes, one for each byte of text.
type texts struct{ text []byte }

func (t *texts) Spec() loader.Spec {
	return loader.Spec{{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text}}
}
func (t *texts) Blocks() []loader.Block                         { return []loader.Block{{Rows: len(t.text)}} }
func (t *texts) Open(context.Context, int) (loader.Rows, error) { return nil, nil }
func (t *texts) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	return textRows{t, refs}, nil
}

type textRows struct {
	*texts
	refs []loader.Ref
}

func (r textRows) Gather(_ *loader.Worker, p loader.Pick, b *loader.Batch) error {
	for k, i := range p.Rows {
		lo := r.refs[i].Row
		hi := min(lo+lo%32, len(r.text))
		b.Set(0, p.At[k], r.text[lo:hi:hi], loader.Shape{}.Rows(hi-lo))
	}
	return nil
}
func (r textRows) Row(*loader.Worker, int, *loader.Sample) error { return nil }
func (r textRows) Close() error                                  { return nil }
