package main

import (
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"
)

// The sets of images below a -data folder. A folder without them is taken as
// the first one.
const (
	trainSet       = "train"
	bigSet         = "big"
	progressiveSet = "progressive"
)

var jpegNames = []string{".jpg", ".jpeg"}

// imageSet returns the folder of a set and its JPEG files, in the byte order of
// their paths.
func imageSet(data, set string) (dir string, files []string, err error) {
	dir = filepath.Join(data, set)
	if _, err := os.Stat(dir); err != nil && set == trainSet {
		dir = data
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && slices.Contains(jpegNames, strings.ToLower(filepath.Ext(path))) {
			files = append(files, path)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no JPEG files in %s", dir)
	}
	return dir, files, err
}

// someImages returns a folder of training images and its files, at most so many: of
// a set with more, images from all over it in a folder of our own, as links where
// these are possible.
func (b *bench) someImages(most int) (dir string, files []string, err error) {
	dir, all, err := imageSet(b.data, trainSet)
	if err != nil || len(all) <= most {
		return dir, all, err
	}
	dir = filepath.Join(b.work, fmt.Sprintf("some%d", most))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", nil, err
	}
	for i := range most {
		from, to := all[i*len(all)/most], filepath.Join(dir, fmt.Sprintf("%06d.jpg", i))
		if _, err := os.Stat(to); err == nil {
			files = append(files, to)
			continue
		}
		if os.Link(from, to) != nil {
			if err := writeCopy(to, from); err != nil {
				return "", nil, err
			}
		}
		files = append(files, to)
	}
	return dir, files, nil
}

// readAll reads files, the first most of them.
func readAll(files []string, most int) (all [][]byte, err error) {
	for _, f := range files[:min(most, len(files))] {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// crop is how one image becomes one sample: a window of it, mirrored or not.
type crop struct {
	File  string `json:"file,omitempty"`
	Index int    `json:"index"` // of the image, where it is no file
	X     int    `json:"x"`
	Y     int    `json:"y"`
	W     int    `json:"w"`
	H     int    `json:"h"`
	Flip  bool   `json:"flip"`
}

// resizedCrop draws the window of torchvision's RandomResizedCrop at its
// defaults, which are those of vision.RandomResizedCrop, and its mirroring.
func resizedCrop(r *rand.Rand, w, h int) crop {
	c := crop{Flip: r.IntN(2) == 1}
	for range 10 {
		area := float64(w) * float64(h) * (0.08 + 0.92*r.Float64())
		ratio := math.Exp((2*r.Float64() - 1) * math.Log(4./3))
		c.W, c.H = int(math.RoundToEven(math.Sqrt(area*ratio))), int(math.RoundToEven(math.Sqrt(area/ratio)))
		if c.W > 0 && c.W <= w && c.H > 0 && c.H <= h {
			c.X, c.Y = r.IntN(w-c.W+1), r.IntN(h-c.H+1)
			return c
		}
	}
	c.W, c.H = min(w, max(1, h*4/3)), min(h, max(1, w*4/3))
	c.X, c.Y = (w-c.W)/2, (h-c.H)/2
	return c
}

// difference tells how far two images are apart, in steps of 1/255.
type difference struct {
	max, mean float64
	share     float64 // of samples that are not equal
}

// compare returns how far got is from want. scale turns a difference of their
// numbers into steps.
func compare[T uint8 | float32](got, want []T, scale func(i int) float64) (d difference, err error) {
	if len(got) != len(want) {
		return d, fmt.Errorf("%d numbers instead of %d", len(got), len(want))
	}
	sum, unequal := 0.0, 0
	for i, g := range got {
		if by := math.Abs(float64(g)-float64(want[i])) * scale(i); by > 1e-3 || by != by {
			unequal++
			sum += by
			d.max = max(d.max, by)
		}
	}
	d.mean, d.share = sum/float64(max(1, len(want))), float64(unequal)/float64(max(1, len(want)))
	return d, nil
}

// asBytes returns the memory of x.
func asBytes[T float32 | int32](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

// asFloats returns the numbers in b.
func asFloats(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	copy(asBytes(x), b)
	return x
}

// String says how far, in words.
func (d difference) String() string {
	if d.share == 0 {
		return "equal"
	}
	return fmt.Sprintf("max %.0f, mean %.3f", math.Ceil(d.max), d.mean)
}

// within returns d in words, and an error if its mean is above most.
func (d difference) within(most float64) (string, error) {
	if !(d.mean <= most) {
		return "", fmt.Errorf("it differs by %v steps of 1/255", d)
	}
	return d.String(), nil
}
