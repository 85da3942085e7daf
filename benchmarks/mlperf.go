package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stokerdata/stoker/format/npy"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/remainder"
)

// mlModel is a model of MLPerf Storage v2.0, mlcommons/storage: what it reads and
// how long an H100 takes for a step.
type mlModel struct {
	name   string
	title  string
	format string        // "records" in files, a sample in each of "files", or "npz"
	bytes  int           // of a sample
	take   int           // of these that the batch holds; 0 means all
	each   int           // samples in a file
	files  int           // of the set here, two steps at least; the benchmark's own set is larger than memory
	batch  int           // samples of a step
	step   time.Duration // that the accelerator takes
	rule   float64       // least utilisation
}

var mlperf = []mlModel{
	{name: "resnet50", title: "ResNet-50", format: "records", bytes: 114_660, each: 1251, files: 8, batch: 400, step: 224 * time.Millisecond, rule: 0.9},
	{name: "cosmoflow", title: "CosmoFlow", format: "files", bytes: 2_828_486, each: 1, files: 256, batch: 1, step: 3500 * time.Microsecond, rule: 0.7},
	{name: "unet3d", title: "3D U-Net", format: "npz", bytes: 146_600_628, take: 2 << 20, each: 1, files: 14, batch: 7, step: 323 * time.Millisecond, rule: 0.9},
}

// leastStep is the shortest sleep whose length means something.
const leastStep = time.Millisecond

// scaled returns m with smaller samples and steps, so that an accelerator still
// wants as many bytes a second.
func (m mlModel) scaled(by float64) mlModel {
	m.bytes = max(64, int(float64(m.bytes)*by))
	m.take = int(float64(m.take) * by)
	m.step = max(min(m.step, leastStep), time.Duration(float64(m.step)*by))
	return m
}

// make makes the data in a new folder, on all cores.
func (m mlModel) make(dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i := range m.files {
		group.Go(func() error { return m.makeFile(dir, i) })
	}
	return group.Wait()
}

func (m mlModel) makeFile(dir string, i int) (err error) {
	data := random(uint64(i), m.bytes*m.each)
	name := fmt.Sprintf("%06d.bin", i)
	if m.format == "npz" {
		name = fmt.Sprintf("%06d.npz", i)
		if data, err = asNPZ(data); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, name), data, 0o666)
}

// asNPZ returns an archive as numpy.savez writes it, of one array x of bytes.
func asNPZ(data []byte) ([]byte, error) {
	head := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }", len(data))
	for (10+len(head)+1)%64 != 0 {
		head += " "
	}
	head += "\n"
	var out bytes.Buffer
	out.Grow(len(data) + 4096)
	w := zip.NewWriter(&out)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "x.npy", Method: zip.Store})
	if err != nil {
		return nil, err
	}
	for _, part := range [][]byte{[]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(head))), []byte(head), data} {
		if _, err := f.Write(part); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return out.Bytes(), err
}

// open returns the loader of one accelerator.
func (r readerConfig) open(rank, world int) (*loader.Loader, error) {
	src, err := r.source()
	if err != nil {
		return nil, err
	}
	c := loader.Config{BatchSize: r.Batch, Epochs: -1, Seed: 1, Order: loader.Shuffle{}, Remainder: remainder.Repeat, Rank: rank, World: world}
	if r.Take > 0 {
		c.Transforms = []loader.Transform{head{r.Take}}
	}
	return loader.New(src, c)
}

func (r readerConfig) source() (loader.Source, error) {
	switch r.Format {
	case "records":
		return raw.OpenRecords([]string{filepath.Join(r.Dir, "*.bin")}, raw.RecordOptions{Fields: loader.Spec{{Name: "x", DType: dtype.Uint8, Shape: loader.Dims(r.Record)}}})
	case "files":
		return raw.Open(r.Dir, raw.Options{Field: "x"})
	case "npz":
		return npy.Open(filepath.Join(r.Dir, "*.npz"), npy.Options{})
	}
	return nil, fmt.Errorf("no format %q", r.Format)
}

// head keeps the first bytes of a sample.
type head struct{ N int }

// Bind implements loader.Transform.
func (h head) Bind(in loader.Spec) (loader.Stage, error) {
	out := in.Clone()
	out[0].Shape = loader.Dims(h.N)
	return loader.Stage{Out: out, Writes: []int{0}, Row: func(w *loader.Worker, s *loader.Sample) error {
		all := s.Fields[0].Data
		if len(all) < h.N {
			return fmt.Errorf("%d bytes: %w", len(all), loader.ErrCorrupt)
		}
		copy(w.Out(s, 0, dtype.Uint8, out[0].Shape).Data, all)
		return nil
	}}, nil
}
