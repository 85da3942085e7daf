package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/benchmarks/internal/handloop"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/format/cache"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

const (
	cachedSide   = 256
	cachedBytes  = 3 * cachedSide * cachedSide
	cachedImages = 1024
	sampleBytes  = 3 * side * side
)

// errNoTurbo says why a contender that takes C is not here.
var errNoTurbo = errors.New("not built with cgo and -tags libjpeg")

// cachedConfig is what the contenders of W2 are given.
type cachedConfig struct {
	Pixels  string `json:"pixels"` // file of packed RGB images of 256 by 256
	Images  int    `json:"images"`
	Batch   int    `json:"batch"`
	Workers int    `json:"workers"`
	Kind    string `json:"kind"`   // which of the contenders that share a program
	Resize  bool   `json:"resize"` // a random resized crop instead of one of 224 by 224
}

// workload2 is training from images that are decoded already.
func workload2(b *bench) ([]rounds.Match, error) {
	dir, files, err := imageSet(b.data, trainSet)
	if err != nil {
		return nil, err
	}
	c := cachedConfig{Pixels: filepath.Join(b.work, "cached"), Images: min(len(files), cachedImages), Batch: b.batch}
	if err := decodeTo(c.Pixels, dir, c.Images); err != nil {
		return nil, err
	}
	var all []rounds.Match
	for _, resize := range []bool{false, true} {
		c.Resize = resize
		m, err := b.cached(c)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// cached returns the match for one kind of crop.
func (b *bench) cached(c cachedConfig) (rounds.Match, error) {
	want, err := wantedCrops(c)
	if err != nil {
		return rounds.Match{}, err
	}
	file := filepath.Join(b.work, "sample2")
	same, near := want.asking(file, 0), want.asking(file, 0.5)
	with := func(kind string, workers int) cachedConfig {
		c.Kind, c.Workers = kind, workers
		return c
	}
	m := rounds.Match{Name: "W2", About: "decoded images of 256 by 256 in memory: random crop 224, flip, uint8 NCHW batches"}
	m.Entries = []rounds.Entry{
		b.own("ours", "stoker, format/cache in memory, a worker for each core", "cached", with("cache", 0), nil),
		b.own("ours_1", "the same with one worker", "cached", with("cache", 1), nil),
		b.own("ours_files", "stoker, format/cache in files", "cached", with("files", 0), nil),
		b.own("ours_records", "stoker, format/raw records", "cached", with("records", 0), nil),
		b.python("torch_0", "DataLoader over a numpy memory map, num_workers=0", "torch_cached.py", with("loader", 0), near),
		b.python("torch_2", "the same, num_workers=2", "torch_cached.py", with("loader", 2), near),
	}
	if c.Resize {
		m.Name, m.About = "W2_resized", "decoded images of 256 by 256 in memory: random resized crop 224, flip, uint8 NCHW batches"
		m.Entries = append(m.Entries, b.python("ffcv", "FFCV, 2 threads, its own filter (OpenCV's INTER_AREA)", "ffcv_cached.py", with("ffcv", 2), nil))
	} else {
		m.Entries = append(m.Entries,
			b.python("numpy", "a loop by hand over a numpy memory map", "torch_cached.py", with("numpy", 0), same),
			b.own("loop_go", "limit: a loop by hand in Go, one thread", "cached", with("go", 0), same),
			b.own("loop_c", "limit: the same in C, -O3 -march=native", "cached", with("c", 0), same))
	}
	m.Entries = append(m.Entries, b.own("memcpy", "limit: as many bytes copied as a batch has", "cached", with("copy", 0), nil))
	m.Ratios = against("ours", m.Entries)
	return m, nil
}

// decodeTo decodes the first n images of a folder to a file of packed pixels.
func decodeTo(file, dir string, n int) error {
	src, err := raw.Open(dir, raw.Options{Extensions: jpegNames})
	if err != nil {
		return err
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 16, Transforms: []loader.Transform{
		vision.Decode{}, vision.Resize{Size: cachedSide}, vision.CenterCrop{Size: cachedSide},
	}})
	if err != nil {
		return err
	}
	defer ld.Close()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	for batch, err := range ld.All(context.Background()) {
		if err != nil {
			return err
		}
		data := batch.Tensor("image").Data
		if _, err := f.Write(data[:min(len(data), n*cachedBytes)]); err != nil {
			return err
		}
		if n -= batch.Len(); n <= 0 {
			break
		}
	}
	return f.Close()
}

// cachedLoader returns the loader of W2.
func cachedLoader(c cachedConfig) (*loader.Loader, error) {
	var src loader.Source
	var err error
	src, err = raw.OpenRecords([]string{c.Pixels}, raw.RecordOptions{Fields: loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(cachedSide, cachedSide, 3), Kind: kind.Image},
	}})
	if err != nil {
		return nil, err
	}
	switch c.Kind {
	case "cache":
		src, err = cache.Open(src, cache.Options{})
	case "files":
		src, err = cache.Open(src, cache.Options{Dir: c.Pixels + ".cache"})
	}
	if err != nil {
		return nil, err
	}
	var crop loader.Transform = vision.RandomCrop{Size: side}
	if c.Resize {
		crop = vision.RandomResizedCrop{Size: side}
	}
	return loader.New(src, loader.Config{
		BatchSize: c.Batch, Seed: 1, Order: loader.Shuffle{}, Workers: c.Workers,
		Transforms: []loader.Transform{crop, vision.FlipH{P: 0.5}, vision.ToTensor{}},
	})
}

// wantedCrops makes samples from all over the images.
func wantedCrops(c cachedConfig) (*samples, error) {
	ld, err := cachedLoader(c)
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	s := new(samples)
	for k := range min(checked, c.Images) {
		id := k * c.Images / min(checked, c.Images)
		t, err := ld.Trace(context.Background(), 0, int64(id), 0)
		if err != nil {
			return nil, err
		}
		one := crop{Index: id}
		one.set(t)
		s.crops = append(s.crops, one)
		s.u8 = append(s.u8, t.Fields[0].Data...)
	}
	return s, nil
}

// openCached opens the contenders of W2 that are in Go.
func openCached(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c cachedConfig) (*rounds.Work, error) {
		switch c.Kind {
		case "cache", "files", "records":
			ld, err := cachedLoader(c)
			if err != nil {
				return nil, err
			}
			return &rounds.Work{Run: func(int, int) (int, error) { return drain(ld) }}, nil
		case "go":
			return newLoop(c, handloop.Go)
		case "c":
			if !handloop.HasC {
				return nil, errNoTurbo
			}
			return newLoop(c, handloop.InC)
		case "copy":
			return newLoop(c, func(dst, src []uint8, _, _ int, _ bool) { copy(dst, src[:sampleBytes]) })
		}
		return nil, fmt.Errorf("no contender %q", c.Kind)
	})(config)
}

// newLoop returns a contender that calls window for each image, by hand, from
// all images in memory to batches that are used again.
func newLoop(c cachedConfig, window func(dst, src []uint8, stride, side int, flip bool)) (*rounds.Work, error) {
	all, err := os.ReadFile(c.Pixels)
	if err != nil {
		return nil, err
	}
	all = append(all, make([]byte, cachedBytes)...) // a window may be copied beyond its image
	batches := make([][]uint8, 4)
	for i := range batches {
		batches[i] = make([]uint8, c.Batch*sampleBytes)
	}
	make1 := func(dst []uint8, k crop) {
		window(dst, all[k.Index*cachedBytes+3*(cachedSide*k.Y+k.X):], 3*cachedSide, side, k.Flip)
	}
	r := rand.New(rand.NewPCG(1, 1))
	w := &rounds.Work{Run: func(int, int) (n int, err error) {
		for _, i := range r.Perm(c.Images) {
			batch := batches[n/c.Batch%len(batches)]
			k := crop{Index: i, X: r.IntN(cachedSide - side + 1), Y: r.IntN(cachedSide - side + 1), Flip: r.IntN(2) == 1}
			make1(batch[n%c.Batch*sampleBytes:][:sampleBytes], k)
			n++
		}
		return n, nil
	}}
	w.Check = func(what json.RawMessage) error {
		var s sampleCheck
		if err := json.Unmarshal(what, &s); err != nil {
			return err
		}
		out := make([]uint8, len(s.Samples)*sampleBytes)
		for i, k := range s.Samples {
			if k.Index >= c.Images {
				return errors.New("no such image")
			}
			make1(out[i*sampleBytes:][:sampleBytes], k)
		}
		return os.WriteFile(s.Out, out, 0o666)
	}
	return w, nil
}
