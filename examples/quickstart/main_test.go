package main

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/examples/internal/console"
)

// small returns a configuration that runs in a moment.
func small(data string) config {
	return config{
		data: data, epochs: 2, batch: 16, workers: 2, seed: 42,
		sizes: sizes{images: 64, pixels: 32, rows: 600, texts: 100},
	}
}

// try runs the program and returns what it printed.
func try(t *testing.T, c config) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(context.Background(), c, console.New(&out)); err != nil {
		t.Fatalf("%v, after\n%s", err, out.String())
	}
	return out.String()
}

func TestQuickstart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	c := small(dir)
	c.sheet = filepath.Join(t.TempDir(), "sheet.png")
	first := try(t, c)
	for _, want := range []string{"made images", "made table", "made texts"} {
		if !strings.Contains(first, want) {
			t.Errorf("no %q in\n%s", want, first)
		}
	}
	if n := strings.Count(first, "\n  identical\n"); n != 3 {
		t.Errorf("%d data sets of 3 were resumed identically:\n%s", n, first)
	}
	checkSummary(t, first, "images", "table", "texts")
	checkSheet(t, c.sheet)

	c.sheet = ""
	again := try(t, c)
	if strings.Contains(again, "made ") {
		t.Errorf("the second run made data sets again:\n%s", again)
	}
	if a, b := digests(first), digests(again); len(a) != 6 || strings.Join(a, " ") != strings.Join(b, " ") {
		t.Errorf("two runs of one seed gave\n%v\n%v", a, b)
	}
	c.seed++
	if a, b := digests(first), digests(try(t, c)); strings.Join(a, " ") == strings.Join(b, " ") {
		t.Error("another seed gave the same batches")
	}
}

// digests returns the hashes that were printed.
func digests(out string) []string {
	return regexp.MustCompile(`\b[0-9a-f]{64}\b`).FindAllString(out, -1)
}

// checkSummary checks the table at the end: a line for each data set, with
// positive numbers and a bottleneck.
func checkSummary(t *testing.T, out string, names ...string) {
	t.Helper()
	for _, name := range names {
		line := regexp.MustCompile(`(?m)^ *` + name + ` +([\d,]+) +([\d.]+) +([\d.]+) +(\d+) % +([\d.]+) MB +([\d.]+) MB +\S+ *$`).FindStringSubmatch(out)
		if line == nil {
			t.Errorf("no line for %s in\n%s", name, out)
			continue
		}
		for i, word := range line[1:] {
			x, err := strconv.ParseFloat(strings.ReplaceAll(word, ",", ""), 64)
			if err != nil || x < 0 || x == 0 && (i == 0 || i == 2) {
				t.Errorf("%s: number %d is %q", name, i, word)
			}
		}
	}
}

// checkSheet checks that the sheet has eight rows of eight pictures.
func checkSheet(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	const side = 2*28 + 8*(128+14) - 14 // margins, pictures and gaps
	if w, h := m.Bounds().Dx(), m.Bounds().Dy(); w != side || h <= side {
		t.Errorf("the sheet has %d x %d pixels, want %d and more for captions", w, h, side)
	}
}

// Whoever brings a folder of his own finds it as it was.
func TestOwnData(t *testing.T) {
	made := filepath.Join(t.TempDir(), "data")
	try(t, small(made))
	for _, name := range []string{"images", "table"} {
		own := filepath.Join(made, name)
		before := listing(t, own)
		out := try(t, small(own))
		checkSummary(t, out, name)
		if after := listing(t, own); after != before {
			t.Errorf("%s held\n%s\nand now\n%s", name, before, after)
		}
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		b.WriteString(path + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestErrors(t *testing.T) {
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "data.bin"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	few := small(filepath.Join(t.TempDir(), "data"))
	few.epochs, few.batch = 1, 1000
	for _, test := range []struct {
		c    config
		want string
	}{
		{small(foreign), "no data set found; looked for .jpg"},
		{few, "try a smaller -batch"},
	} {
		var out bytes.Buffer
		if err := run(context.Background(), test.c, console.New(&out)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want an error with %q", err, test.want)
		}
	}
}

// An interrupted run leaves neither a temporary folder nor half a data set.
func TestInterrupt(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("TMP", temp)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := small("")
	c.sizes.images = 100_000
	err := run(ctx, c, console.New(cancelling{cancel}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := listing(t, temp); left != temp+"\n" {
		t.Errorf("left behind:\n%s", left)
	}
}

// cancelling interrupts at the first line that is printed.
type cancelling struct{ cancel func() }

func (c cancelling) Write(p []byte) (int, error) {
	c.cancel()
	return len(p), nil
}

func TestParse(t *testing.T) {
	c, err := parse([]string{"-data", "x", "-epochs", "3"})
	if err != nil || c.data != "x" || c.epochs != 3 || c.batch < 1 || c.sizes.images < 1000 {
		t.Errorf("parse gave %+v, %v", c, err)
	}
	for _, args := range [][]string{{"-epochs", "0"}, {"-batch", "-1"}, {"-workers", "-1"}, {"folder"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1_002_003: "1,002,003"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %s, want %s", n, got, want)
		}
	}
}
