package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
)

// side is the height and width of what a model is given.
const side = 224

// The numbers that Normalize and its peers use at their defaults.
var imageNetStd = [3]float64{0.229, 0.224, 0.225}

// imagesConfig is what the contenders of W1 are given.
type imagesConfig struct {
	Dir     string   `json:"dir"`
	Files   []string `json:"files"` // all JPEG files of Dir, sorted
	Batch   int      `json:"batch"`
	Workers int      `json:"workers"` // 0 means as many as there are cores, or for PyTorch none
	Float   bool     `json:"float"`   // normalised float32 instead of uint8
	Index   bool     `json:"index"`   // remember where parts of files begin
	Work    string   `json:"work"`    // a folder for shards that a peer makes of the files
}

// sampleCheck asks for samples to be made as crops say, and to be written to Out
// one after another.
type sampleCheck struct {
	Out     string `json:"out"`
	Samples []crop `json:"samples"`
}

// workload1 is image classification: JPEG files to batches.
func workload1(b *bench) ([]rounds.Match, error) {
	var all []rounds.Match
	for _, float := range []bool{false, true} {
		m, err := b.images(float)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// images returns the match for one element type.
func (b *bench) images(float bool) (rounds.Match, error) {
	dir, files, err := b.someImages(b.most)
	if err != nil {
		return rounds.Match{}, err
	}
	want, err := wantedSamples(context.Background(), dir, len(files), float)
	if err != nil {
		return rounds.Match{}, err
	}
	with := func(workers int) imagesConfig {
		return imagesConfig{Dir: dir, Files: files, Batch: b.batch, Workers: workers, Float: float}
	}
	indexed := with(0)
	indexed.Index = true
	check := want.asking(filepath.Join(b.work, "sample"), 1.5)
	m := rounds.Match{Name: "W1", About: "JPEG files in the page cache: random resized crop 224, flip, uint8 NCHW batches"}
	torch := "torch_u8"
	if float {
		m.Name, m.About = "W1_f32", "JPEG files in the page cache: random resized crop 224, flip, normalised float32 NCHW batches"
		torch = "torch"
	}
	m.Entries = []rounds.Entry{
		b.own("ours", "stoker, a worker for each core", "loader", with(0), nil),
		b.own("ours_1", "stoker, one worker", "loader", with(1), nil),
		b.own("ours_indexed", "stoker with a SeekIndex, files seen before", "loader", indexed, nil),
	}
	for workers := range 3 {
		m.Entries = append(m.Entries, b.python(fmt.Sprintf("%s_%d", torch, workers), fmt.Sprintf("DataLoader, num_workers=%d", workers), "torch_images.py", with(workers), check))
	}
	if !float {
		m.Entries = append(m.Entries, b.python("spdl", "SPDL, 2 threads", "spdl_images.py", with(2), want.asking(filepath.Join(b.work, "sample"), 3)))
		m.Entries = append(m.Entries, b.loaders(with(0), check)...)
	}
	m.Entries = append(m.Entries, b.python("dali", "DALI on the CPU, 2 threads", "dali_images.py", with(2), check))
	m.Entries = append(m.Entries, b.python("tfdata", "tf.data, 2 calls in parallel", "tf_images.py", with(2), check))
	m.Entries = append(m.Entries, b.own("go_imaging", "image/jpeg and disintegration/imaging, one goroutine", "imaging", with(0), check))
	m.Entries = append(m.Entries, b.limits(files)...)
	m.Ratios = against("ours", m.Entries)
	return m, nil
}

// loaders returns the peers that decode with Pillow, and store, order and batch
// images in ways of their own.
func (b *bench) loaders(c imagesConfig, check asking) (entries []rounds.Entry) {
	for _, p := range []struct{ name, about string }{
		{"grain", "Grain, its usual threads"},
		{"webdataset", "WebDataset, tar files, in this process"},
		{"mosaic", "MosaicML Streaming, MDS shards, num_workers=0"},
		{"litdata", "LitData, its chunks, num_workers=0"},
		{"datasets", "Hugging Face datasets under a DataLoader, num_workers=0"},
	} {
		c.Work = filepath.Join(b.work, p.name)
		entries = append(entries, b.python(p.name, p.about, p.name+"_images.py", c, check))
	}
	return entries
}

// against returns the ratios of one contender to all others.
func against(name string, entries []rounds.Entry) (pairs [][2]string) {
	for _, e := range entries {
		if e.Name != name {
			pairs = append(pairs, [2]string{name, e.Name})
		}
	}
	return pairs
}

// trainLoader returns the loader of W1. With paths it also has the field "path".
func trainLoader(c imagesConfig, paths string) (*loader.Loader, error) {
	src, err := raw.Open(c.Dir, raw.Options{Extensions: jpegNames, Path: paths})
	if err != nil {
		return nil, err
	}
	var seek *vision.SeekIndex
	if c.Index {
		seek = new(vision.SeekIndex)
	}
	transforms := []loader.Transform{vision.Decode{Seek: seek}, vision.RandomResizedCrop{Size: side}, vision.FlipH{P: 0.5}}
	if c.Float {
		transforms = append(transforms, vision.Normalize{})
	} else {
		transforms = append(transforms, vision.ToTensor{})
	}
	return loader.New(src, loader.Config{
		BatchSize: c.Batch, Seed: 1, Order: loader.Shuffle{}, Workers: c.Workers, Transforms: transforms,
	})
}

// openLoader opens W1 as the library does it.
func openLoader(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c imagesConfig) (*rounds.Work, error) {
		ld, err := trainLoader(c, "")
		if err != nil {
			return nil, err
		}
		return &rounds.Work{Run: func(int, int) (int, error) { return drain(ld) }}, nil
	})(config)
}

// drain takes all batches of an epoch and returns the number of their rows.
func drain(ld *loader.Loader) (n int, err error) {
	for batch, err := range ld.All(context.Background()) {
		if err != nil {
			return n, err
		}
		n += batch.Len()
	}
	return n, nil
}

// samples is what a check compares with: some samples as the library makes
// them, and how it made them.
type samples struct {
	crops []crop
	u8    []uint8
	f32   []float32 // instead of u8
}

// checked is the number of samples that are compared.
const checked = 32

// wantedSamples makes samples from all over a folder of n images.
func wantedSamples(ctx context.Context, dir string, n int, float bool) (*samples, error) {
	ld, err := trainLoader(imagesConfig{Dir: dir, Batch: 1, Float: float}, "path")
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	s := new(samples)
	for k := range min(checked, n) {
		t, err := ld.Trace(ctx, 0, int64(k*n/min(checked, n)), 0)
		if err != nil {
			return nil, err
		}
		c := crop{File: filepath.Join(dir, string(t.Fields[1].Data))}
		c.set(t)
		s.crops = append(s.crops, c)
		if float {
			s.f32 = append(s.f32, loader.View[float32](t.Fields[0])...)
		} else {
			s.u8 = append(s.u8, t.Fields[0].Data...)
		}
	}
	return s, nil
}

// set sets c to what the stages of t have drawn.
func (c *crop) set(t *loader.Trace) {
	for _, step := range t.Steps {
		for _, note := range step.Notes {
			switch v := note.Values; note.Name {
			case "crop":
				c.X, c.Y, c.W, c.H = int(v[0]), int(v[1]), int(v[2]), int(v[3])
			case "applied":
				c.Flip = v[0] == 1
			}
		}
	}
}

// asking returns a check that has a child make the samples into a file, and
// allows a mean difference of most steps of 1/255.
func (s *samples) asking(file string, most float64) asking {
	return func(_ context.Context, ask func(any) error) (string, error) {
		defer os.Remove(file)
		if err := ask(sampleCheck{file, s.crops}); err != nil {
			return "", err
		}
		got, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		d, err := s.difference(got)
		if err != nil {
			return "", err
		}
		return d.within(most)
	}
}

// difference compares samples with those in memory.
func (s *samples) difference(got []byte) (difference, error) {
	if s.f32 == nil {
		return compare(got, s.u8, func(int) float64 { return 1 })
	}
	return compare(asFloats(got), s.f32, func(i int) float64 { return 255 * imageNetStd[i/(side*side)%3] })
}
