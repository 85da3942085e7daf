package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	std "image/jpeg"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
	"github.com/stokerdata/stoker/benchmarks/internal/handloop"
	"github.com/stokerdata/stoker/benchmarks/internal/jpegenc"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// TestMain lets the test binary be the program whose children it starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == childCommand {
		if err := runChild(os.Args[2:], os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 3 && (os.Args[1] == damagedCommand || os.Args[1] == streamedCommand) {
		damageFormats = badFormats
		if err := run(context.Background(), os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// smallSet makes a folder of small images of all kinds.
func smallSet(t *testing.T, n int) string {
	t.Helper()
	plan := make([]picture, n)
	for i := range plan {
		plan[i] = picture{w: 120 + 8*(i%3), h: 96, bits: 3, colour: jpegenc.Colour(i % 3), process: jpegenc.Process(i % 5 / 4)}
	}
	dir := t.TempDir()
	for _, set := range []string{trainSet, bigSet, progressiveSet} {
		if err := makeSet(t.Context(), filepath.Join(dir, set), plan, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestSuite runs all workloads on a small set, without Python and without the
// folder of the sources.
func TestSuite(t *testing.T) {
	data := smallSet(t, 10)
	t.Chdir(t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	var out strings.Builder
	if err := runSuite(t.Context(), []string{"-data", data, "-python", "no-such-python", "-rounds", "1", "-batch", "4", "-scale", "0.005", "-json", "result.json", "-markdown", "result.md"}, &out); err != nil {
		t.Fatal(err)
	}
	if table, err := os.ReadFile("result.md"); err != nil || !strings.Contains(string(table), "| `ours_1` | stoker, one worker |") {
		t.Errorf("the tables are %s, %v", table, err)
	}
	text, err := os.ReadFile("result.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Machine   machine
		Workloads []struct {
			Name       string
			Contenders map[string]struct {
				Items  int
				CPUS   float64 `json:"cpu_s"`
				Output string
			}
			Skipped map[string]string
			Ratios  map[string]float64
		}
	}
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	tables := []string{"ours", "ours_1", "ours_group", "ours_runs", "ours_in_order", "parquet_go", "arrow_go", "decompress", "memcpy"}
	want := map[string][]string{
		"W1": {"ours", "ours_1", "ours_indexed", "go_imaging"}, "W1_f32": {"ours", "ours_1", "go_imaging"},
		"W2": {"ours", "ours_1", "ours_files", "ours_records", "loop_go", "memcpy"}, "W2_resized": {"ours", "ours_1", "memcpy"},
		"W3": {"ours", "ours_parquet", "go_tar", "pread", "pread_batches"}, "W4": {"ours", "ours_behind", "ours_mapped", "ours_cached", "readfile", "open", "open_batches"},
		"W4_written": {"ours", "ours_mapped", "readfile", "open", "open_batches"},
		"W3_cold":    {}, "W4_cold": {}, // a temporary folder may have no drive
		"W10": {"ours", "ours_shuffled", "ours_columns", "limit"}, "W10_first": {"ours", "ours_resumed"},
		"csv": {"ours", "ours_in_order", "encoding_csv"}, "jsonl": {"ours", "ours_in_order", "encoding_json"}, "jsonl_documents": {"ours", "ours_in_order", "encoding_json"},
		"W6": {"ours", "pread", "memcpy", "memcpy_cache"}, "W6_shuffled": {"ours", "pread", "memcpy", "memcpy_cache"},
		"W7": {"ours", "pread"}, "W7_crops": {"ours", "pread"},
		"W8_resnet50": {"ours"}, "W8_cosmoflow": {"ours"}, "W8_unet3d": {"ours"},
		"jpeg": {"ours", "go"}, "jpeg_big": {"ours", "go"}, "jpeg_progressive": {"ours", "go"}, "jpeg_roi": {"ours"}, "resize": {"ours", "imaging"},
		"W5_snappy": append(slices.Clone(tables), "ours_concat"), "W5_zstd": tables, "W5_none": tables, "W5_plain": tables,
	}
	for _, w := range f.Workloads {
		for _, name := range want[w.Name] {
			c := w.Contenders[name]
			if c.Items == 0 || c.CPUS <= 0 {
				t.Errorf("%s: %s was not timed: %v", w.Name, name, w.Skipped[name])
			}
			if _, ok := w.Ratios["ours_vs_"+name]; !ok && name != "ours" {
				t.Errorf("%s: no ratio to %s after one round", w.Name, name)
			}
		}
		if w.Contenders["loop_go"].Items > 0 && w.Contenders["loop_go"].Output != "equal" {
			t.Errorf("the loop by hand is %s", w.Contenders["loop_go"].Output)
		}
		for name, why := range w.Skipped {
			if why == "" {
				t.Errorf("%s: %s was skipped without a reason", w.Name, name)
			}
		}
		delete(want, w.Name)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v\n%s", want, out.String())
	}
	if !strings.Contains(out.String(), `skipped torch_2: exec: "no-such-python"`) {
		t.Errorf("the output does not say why peers in Python are skipped:\n%s", out.String())
	}
}

// TestNobodyWanted measures nothing, and says so.
func TestNobodyWanted(t *testing.T) {
	data := smallSet(t, 2)
	t.Chdir(t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	var out strings.Builder
	if err := runSuite(t.Context(), []string{"-data", data, "-run", "W4", "-only", "nobody", "-json", "r.json", "-report", "r.html"}, &out); err != nil {
		t.Fatal(err)
	}
	r, err := readResults("r.json")
	if err != nil || len(r.Workloads) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if brief, err := r.brief(); err != nil || strings.Contains(string(brief), "W4`") {
		t.Errorf("%s, %v", brief, err)
	}
}

func TestPick(t *testing.T) {
	all, err := pick("")
	if err != nil || len(all) != len(workloads) || !all["W1"] || !all["resize"] {
		t.Errorf("%v, %v", all, err)
	}
	two, err := pick("W2,jpeg")
	if err != nil || !two["W2"] || !two["jpeg"] || two["W1"] {
		t.Errorf("%v, %v", two, err)
	}
	if _, err := pick("W1,W99"); err == nil || !strings.Contains(err.Error(), "W99") {
		t.Errorf("W99 gives %v", err)
	}
}

// TestMakeSet checks that images become what the plan says, the same every time.
func TestMakeSet(t *testing.T) {
	plan := []picture{
		{w: 200, h: 120, bits: 3, colour: jpegenc.Subsampled},
		{w: 200, h: 120, bits: 5, colour: jpegenc.Full},
		{w: 160, h: 200, bits: 2, colour: jpegenc.Grey},
		{w: 200, h: 120, bits: 3, colour: jpegenc.Subsampled, process: jpegenc.Progressive},
	}
	var before [][]byte
	for range 2 {
		dir := filepath.Join(t.TempDir(), trainSet)
		if err := makeSet(t.Context(), dir, plan, io.Discard); err != nil {
			t.Fatal(err)
		}
		_, files, err := imageSet(filepath.Dir(dir), trainSet)
		if err != nil || len(files) != len(plan) {
			t.Fatalf("files %v, error %v", files, err)
		}
		all, err := readAll(files, len(files))
		if err != nil {
			t.Fatal(err)
		}
		for i, data := range all {
			checkImage(t, data, plan[i])
			if before != nil && !bytes.Equal(before[i], data) {
				t.Errorf("image %d has other bytes the second time", i)
			}
		}
		before = all
	}
}

func checkImage(t *testing.T, data []byte, want picture) {
	t.Helper()
	var d jpeg.Decoder
	h, err := d.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	components, step := 3, image.Pt(1, 1)
	switch want.colour {
	case jpegenc.Grey:
		components = 1
	case jpegenc.Subsampled:
		step = image.Pt(2, 2)
	}
	if h.Width != want.w || h.Height != want.h || h.Components != components || h.Sampling[0] != step || h.Progressive != (want.process == jpegenc.Progressive) {
		t.Errorf("%+v, want %+v", h, want)
	}
	if bits := 8 * float64(len(data)) / float64(want.w*want.h); bits < 0.8*want.bits || bits > 1.2*want.bits {
		t.Errorf("%.2f bits per pixel, want %.1f", bits, want.bits)
	}
}

func TestTrainPlan(t *testing.T) {
	plan := trainPlan(10_000)
	usual, full, bits := 0, 0, 0.0
	for _, p := range plan {
		if p.w == 500 && p.h == 375 {
			usual++
		}
		if p.colour == jpegenc.Full {
			full++
		}
		bits += p.bits * float64(p.w*p.h) / 8 / 10_000
	}
	if usual < 5000 || usual > 5800 || full < 2700 || full > 3300 || bits < 95e3 || bits > 140e3 {
		t.Errorf("of 10,000 pictures %d are of 500 by 375 pixels and %d of full colours; a mean of %.0f bytes is asked for", usual, full, bits)
	}
}

func TestImageSetWithoutImages(t *testing.T) {
	if _, _, err := imageSet(t.TempDir(), trainSet); err == nil {
		t.Error("an empty folder gives no error")
	}
	if _, _, err := imageSet(t.TempDir(), bigSet); err == nil {
		t.Error("a set that is not there gives no error")
	}
}

// TestSomeImages takes images from all over a set, again the second time.
func TestSomeImages(t *testing.T) {
	b := &bench{data: smallSet(t, 10), work: t.TempDir()}
	_, all, err := imageSet(b.data, trainSet)
	if err != nil {
		t.Fatal(err)
	}
	if dir, files, err := b.someImages(10); err != nil || dir != filepath.Join(b.data, trainSet) || !slices.Equal(files, all) {
		t.Errorf("%s, %v, %v", dir, files, err)
	}
	for range 2 {
		dir, files, err := b.someImages(5)
		if err != nil || len(files) != 5 {
			t.Fatalf("%v, %v", files, err)
		}
		for i, f := range files {
			got, err := os.ReadFile(f)
			want, err2 := os.ReadFile(all[2*i])
			if err != nil || err2 != nil || !bytes.Equal(got, want) || filepath.Dir(f) != dir {
				t.Errorf("%s is not %s: %v, %v", f, all[2*i], err, err2)
			}
		}
	}
}

func TestResizedCrop(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	area := 0.0
	const n = 20_000
	for range n {
		c := resizedCrop(r, 500, 375)
		if c.X < 0 || c.Y < 0 || c.W < 1 || c.H < 1 || c.X+c.W > 500 || c.Y+c.H > 375 {
			t.Fatalf("%+v is not within 500 by 375", c)
		}
		area += float64(c.W*c.H) / (500 * 375) / n
	}
	if area < 0.4 || area > 0.54 {
		t.Errorf("the mean window has %.3f of the area", area) // 0.54 without those that do not fit
	}
	if c := resizedCrop(r, 1000, 1); c.W < 1 || c.H != 1 || c.X+c.W > 1000 {
		t.Errorf("%+v of a line", c)
	}
}

func TestCompare(t *testing.T) {
	one := func(int) float64 { return 1 }
	d, err := compare([]uint8{1, 2, 3, 4}, []uint8{1, 2, 3, 4}, one)
	if err != nil || d.String() != "equal" {
		t.Errorf("%v, %v", d, err)
	}
	d, _ = compare([]uint8{1, 2, 3, 200}, []uint8{1, 2, 7, 190}, one)
	if d.max != 10 || d.mean != 3.5 || d.share != 0.5 {
		t.Errorf("%+v", d)
	}
	if _, err := d.within(3); err == nil {
		t.Error("a mean of 3.5 is within 3")
	}
	if s, err := d.within(4); err != nil || s != "max 10, mean 3.500" {
		t.Errorf("%q, %v", s, err)
	}
	if _, err := compare([]uint8{1}, []uint8{1, 2}, one); err == nil {
		t.Error("other lengths give no error")
	}
	zero := float32(0)
	nan, _ := compare([]float32{zero / zero}, []float32{1}, one)
	if _, err := nan.within(1e9); err == nil {
		t.Error("not a number is within anything")
	}
}

// TestHandLoops compares both loops with the plainest one.
func TestHandLoops(t *testing.T) {
	const stride, n = 3*13 + 5, 11
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]uint8, n*stride)
	for i := range src {
		src[i] = uint8(r.Uint32())
	}
	loops := []func(dst, src []uint8, stride, side int, flip bool){handloop.Go}
	if handloop.HasC {
		loops = append(loops, handloop.InC)
	}
	for _, flip := range []bool{false, true} {
		for i, loop := range loops {
			got := make([]uint8, 3*n*n)
			loop(got, src, stride, n, flip)
			for k := range got {
				c, y, x := k/(n*n), k/n%n, k%n
				if flip {
					x = n - 1 - x
				}
				if want := src[y*stride+3*x+c]; got[k] != want {
					t.Fatalf("loop %d, flip %v: number %d is %d, want %d", i, flip, k, got[k], want)
				}
			}
		}
	}
}

// TestChecksFail sees that a check notices another crop and a missing flip.
func TestChecksFail(t *testing.T) {
	data := smallSet(t, 5)
	dir, files, err := imageSet(data, trainSet)
	if err != nil {
		t.Fatal(err)
	}
	for _, float := range []bool{false, true} {
		s, err := wantedSamples(t.Context(), dir, len(files), float)
		if err != nil {
			t.Fatal(err)
		}
		g := peerWork(t, imagesConfig{Files: files, Batch: 2, Float: float})
		file := filepath.Join(t.TempDir(), "made")
		for name, spoil := range map[string]func(c *crop){
			"":                func(*crop) {},
			"without a flip":  func(c *crop) { c.Flip = !c.Flip },
			"of other pixels": func(c *crop) { c.X, c.W = (c.X+1)/2, c.W/2+1 },
		} {
			note, err := s.asking(file, 2)(t.Context(), func(what any) error {
				made := what.(sampleCheck)
				made.Samples = append([]crop(nil), made.Samples...)
				for i := range made.Samples {
					spoil(&made.Samples[i])
				}
				text, err := json.Marshal(made)
				if err != nil {
					return err
				}
				return g.Check(text)
			})
			if (err == nil) != (name == "") {
				t.Errorf("float %v: samples %s: %q, %v", float, name, note, err)
			}
		}
	}
}

func peerWork(t *testing.T, c imagesConfig) *rounds.Work {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	w, err := openGoPeer(text)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestDecodersAreCompared sees that a decoder which is off is not timed.
func TestDecodersAreCompared(t *testing.T) {
	_, files, err := imageSet(smallSet(t, 6), trainSet)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPictures(jpegConfig{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	if note, err := p.agree(1.5, standardRGB)(t.Context()); err != nil || note == "equal" {
		t.Errorf("image/jpeg: %q, %v", note, err)
	}
	black := func(dst, data []uint8, window image.Rectangle) error {
		_, err := std.DecodeConfig(bytes.NewReader(data))
		clear(dst)
		return err
	}
	if note, err := p.agree(1.5, black)(t.Context()); err == nil {
		t.Errorf("black pixels pass: %q", note)
	}
}
