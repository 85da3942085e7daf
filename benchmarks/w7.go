package main

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/format/npy"
	"github.com/stokerdata/stoker/loader"
)

// The volumes of W7 and the crops from them, of 2 MiB, as float32. Rows of a volume
// are as many as its bytes allow.
const (
	volumes    = 4
	volumeSide = 256
	cropDepth  = 128
	cropSide   = 64
)

// volumesConfig is what the contenders of W7 are given.
type volumesConfig struct {
	Files []string `json:"files"` // .npz files with one array of float32, "image"
	Depth int      `json:"depth"` // of a volume, whose other sides are volumeSide
	Crop  []int    `json:"crop"`  // size of the part that is wanted, empty for the whole
	Kind  string   `json:"kind"`
}

// volumesCheck asks for a part of a volume to be written to Out.
type volumesCheck struct {
	Out  string `json:"out"`
	File int    `json:"file"`
	At   []int  `json:"at"`
}

// workload7 is segmentation of volumes, as 3D U-Net of MLPerf reads them.
func workload7(b *bench) ([]rounds.Match, error) {
	c := volumesConfig{Depth: max(1, b.scaled(madeBytes)/(volumes*4*volumeSide*volumeSide))}
	for i := range volumes {
		path := filepath.Join(b.work, fmt.Sprintf("volume%d.npz", i))
		if err := writeVolume(path, c.Depth, uint64(i)); err != nil {
			return nil, err
		}
		c.Files = append(c.Files, path)
	}
	whole, err := b.volumes(c)
	if err != nil {
		return nil, err
	}
	c.Crop = []int{min(cropDepth, c.Depth), cropSide, cropSide}
	crops, err := b.volumes(c)
	return []rounds.Match{whole, crops}, err
}

// writeVolume writes an .npz file as np.savez does.
func writeVolume(path string, depth int, seed uint64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z := zip.NewWriter(f)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "image.npy", Method: zip.Store})
	if err != nil {
		return err
	}
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d, %d), }", depth, volumeSide, volumeSide)
	header += strings.Repeat(" ", 128-10-1-len(header)) + "\n"
	data := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	data = append(data, header...)
	r := rand.New(rand.NewPCG(seed, 7))
	values := make([]float32, depth*volumeSide*volumeSide)
	for i := range values {
		values[i] = r.Float32()
	}
	if _, err := w.Write(append(data, asBytes(values)...)); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

// volumes returns the match for whole volumes, or for crops.
func (b *bench) volumes(c volumesConfig) (rounds.Match, error) {
	check, err := wantedVolume(c, filepath.Join(b.work, "sample7"))
	if err != nil {
		return rounds.Match{}, err
	}
	with := func(kind string) volumesConfig {
		c.Kind = kind
		return c
	}
	m := rounds.Match{Name: "W7", About: fmt.Sprintf(".npz volumes in the page cache, %d MiB each: whole", c.Depth*volumeSide*volumeSide*4>>20)}
	m.Entries = []rounds.Entry{
		b.own("ours", "stoker, one worker", "volumes", with("loader"), nil),
		b.python("numpy", "np.load", "torch_volumes.py", with("numpy"), check),
		b.python("torch_0", "DataLoader over np.load, num_workers=0", "torch_volumes.py", with("loader"), check),
		b.own("pread", "limit: reads of 1 MiB into one buffer", "volumes", with("pread"), nil),
	}
	if len(c.Crop) > 0 {
		m.Name, m.About = "W7_crops", strings.Replace(m.About, "whole", fmt.Sprintf("random crops of %v", c.Crop), 1)
	}
	m.Ratios = against("ours", m.Entries)
	return m, nil
}

// volumesLoader returns the loader of W7.
func volumesLoader(c volumesConfig) (*loader.Loader, error) {
	src, err := npy.Open(filepath.Join(filepath.Dir(c.Files[0]), "volume*.npz"), npy.Options{Crop: npy.RandomCrop{Size: c.Crop}})
	if err != nil {
		return nil, err
	}
	return loader.New(src, loader.Config{BatchSize: 1, Seed: 1, Workers: 1, Order: loader.Shuffle{}, Prefetch: 3})
}

// wantedVolume makes a sample, and returns a check that has a child make it as well.
func wantedVolume(c volumesConfig, out string) (asking, error) {
	ld, err := volumesLoader(c)
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	check := volumesCheck{Out: out, File: len(c.Files) - 1, At: []int{0, 0, 0}}
	t, err := ld.Trace(context.Background(), 0, int64(check.File), 0)
	if err != nil {
		return nil, err
	}
	for _, note := range t.Steps[0].Notes {
		for d, v := range note.Values {
			check.At[d] = int(v)
		}
	}
	return equalBytes(out, check, t.Fields[0].Data), nil
}

// openVolumes opens the contenders of W7 that are in Go.
func openVolumes(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c volumesConfig) (*rounds.Work, error) {
		switch c.Kind {
		case "loader":
			ld, err := volumesLoader(c)
			if err != nil {
				return nil, err
			}
			return &rounds.Work{Run: func(int, int) (int, error) { return drain(ld) }}, nil
		case "pread":
			buf := make([]byte, 1<<20)
			return &rounds.Work{Run: func(int, int) (int, error) {
				for n, path := range c.Files {
					if err := readInto(buf, path); err != nil {
						return n, err
					}
				}
				return len(c.Files), nil
			}}, nil
		}
		return nil, fmt.Errorf("no contender %q", c.Kind)
	})(config)
}

// readInto reads a file through one buffer.
func readInto(buf []byte, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if _, err := f.Read(buf); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
