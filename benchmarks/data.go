package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"github.com/stokerdata/stoker/benchmarks/internal/jpegenc"
	"github.com/stokerdata/stoker/benchmarks/internal/photo"
)

// defaultImages is the number of images of the first set.
const defaultImages = 1024

// runData makes a set of images to measure on.
func runData(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("data", flag.ContinueOnError)
	dir := f.String("dir", "", "`folder` for the images; what is there already stays as it is")
	n := f.Int("images", defaultImages, "images of the first set")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *dir == "" || *n < 1 {
		return errors.New("data needs -dir, and at least one image")
	}
	return makeData(ctx, *dir, *n, out)
}

// makeData makes the sets of images that are missing in dir. A set appears when
// it is complete.
func makeData(ctx context.Context, dir string, n int, out io.Writer) error {
	for _, set := range []struct {
		name  string
		plan  []picture
		about string
	}{
		{trainSet, trainPlan(n), "as a training set has them"},
		{bigSet, uniform(16, picture{w: 2000, h: 1500, bits: 1.4}), "of 2000 by 1500 pixels"},
		{progressiveSet, uniform(64, picture{w: 500, h: 375, bits: 4, process: jpegenc.Progressive}), "progressive"},
	} {
		path := filepath.Join(dir, set.name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		fmt.Fprintf(out, "making %d images %s in %s\n", len(set.plan), set.about, path)
		if err := makeSet(ctx, path, set.plan, out); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// picture is what an image of a set is to be.
type picture struct {
	w, h    int
	bits    float64 // per pixel that its file should have
	colour  jpegenc.Colour
	process jpegenc.Process
}

// trainPlan returns pictures with the sizes, colours and bits per pixel of sets
// that models are trained on.
func trainPlan(n int) []picture {
	r := rand.New(rand.NewPCG(7, 7))
	plan := make([]picture, n)
	for i := range plan {
		p := picture{bits: 5 * math.Exp(0.42*r.NormFloat64())}
		p.w, p.h = trainSize(r)
		if r.Float64() < 0.3 {
			p.colour = jpegenc.Full
		} else {
			p.colour = jpegenc.Subsampled
		}
		if r.Float64() < 0.015 {
			p.colour = jpegenc.Grey
		}
		if r.Float64() < 0.01 {
			p.process = jpegenc.Progressive
		}
		plan[i] = p
	}
	return plan
}

// trainSize draws the size of a picture: two thirds are of 500 by 375 pixels or
// upright, one in ten has any other.
func trainSize(r *rand.Rand) (w, h int) {
	x := r.Float64()
	for _, s := range []struct {
		part float64
		w, h int
	}{{0.54, 500, 375}, {0.13, 375, 500}, {0.10, 500, 333}, {0.05, 333, 500}, {0.05, 500, 500}, {0.025, 640, 480}, {0.007, 800, 600}, {0.003, 1600, 1200}} {
		if x -= s.part; x < 0 {
			return s.w, s.h
		}
	}
	return 160 + 16*r.IntN(20), 160 + 16*r.IntN(20)
}

// uniform returns n pictures like p, three tenths of them with full colours.
func uniform(n int, p picture) []picture {
	plan := make([]picture, n)
	for i := range plan {
		plan[i] = p
		if plan[i].colour = jpegenc.Subsampled; i%10 >= 7 {
			plan[i].colour = jpegenc.Full
		}
	}
	return plan
}

// classes is the number of folders of a set.
const classes = 16

// makeSet makes the images of a plan, and says what they have become.
func makeSet(ctx context.Context, dir string, plan []picture, out io.Writer) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".making-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for c := range classes {
		if err := os.MkdirAll(filepath.Join(tmp, fmt.Sprintf("c%02d", c)), 0o777); err != nil {
			return err
		}
	}
	sizes := map[[2]int][]int{}
	for i, p := range plan {
		sizes[[2]int{p.w, p.h}] = append(sizes[[2]int{p.w, p.h}], i)
	}
	jobs := make(chan []int)
	var group sync.WaitGroup
	results := make([]made, 2)
	for k := range results {
		group.Go(func() {
			for of := range jobs {
				results[k].images(ctx, tmp, plan, of)
			}
		})
	}
	for _, of := range sizes {
		for len(of) > 0 {
			n := min(len(of), 16)
			jobs <- of[:n]
			of = of[n:]
		}
	}
	close(jobs)
	group.Wait()
	sum := made{results[0].bytes + results[1].bytes, results[0].pixels + results[1].pixels, errors.Join(results[0].err, results[1].err)}
	if sum.err != nil {
		return sum.err
	}
	fmt.Fprintf(out, "  %d images, mean %.1f kB, %.0f pixels, %.2f bits per pixel\n", len(plan),
		float64(sum.bytes)/1e3/float64(len(plan)), float64(sum.pixels)/float64(len(plan)), 8*float64(sum.bytes)/float64(sum.pixels))
	return os.Rename(tmp, dir)
}

// made is what was made.
type made struct {
	bytes, pixels int64
	err           error
}

// images makes those images of a plan that of lists; they have one size.
func (m *made) images(ctx context.Context, dir string, plan []picture, of []int) {
	first := plan[of[0]]
	k := 0
	for rgb, err := range photo.Scenes(ctx, first.w, first.h, len(of), uint64(of[0])) {
		if err != nil {
			m.err = errors.Join(m.err, err)
			return
		}
		p, i := plan[of[k]], of[k]
		k++
		data := fit(jpegenc.New(rgb, p.w, p.h, p.colour), p)
		m.bytes += int64(len(data))
		m.pixels += int64(p.w * p.h)
		file := filepath.Join(dir, fmt.Sprintf("c%02d", i%classes), fmt.Sprintf("%06d.jpg", i))
		if err := os.WriteFile(file, data, 0o666); err != nil {
			m.err = errors.Join(m.err, err)
			return
		}
	}
}

// fit encodes at that quality, 55 to 97, whose size is the nearest to the one
// that is asked for.
func fit(m *jpegenc.Picture, p picture) []byte {
	want := int(p.bits * float64(p.w*p.h) / 8)
	var best []byte
	for lo, hi := 55, 97; lo <= hi; {
		q := (lo + hi) / 2
		b := m.Encode(q, jpegenc.Baseline)
		if best == nil || max(len(b)-want, want-len(b)) < max(len(best)-want, want-len(best)) {
			if best = b; p.process == jpegenc.Progressive {
				best = m.Encode(q, jpegenc.Progressive)
			}
		}
		if len(b) < want {
			lo = q + 1
		} else {
			hi = q - 1
		}
	}
	return best
}
