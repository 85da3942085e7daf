package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/drive"
)

// TestDrive runs the command over a fast simulated drive and a small set.
func TestDrive(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "fast.json")
	if err := os.WriteFile(model, []byte(`{"name": "fast", "mbps": 2000, "access_us": 100, "iops": 100000}`), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := parseDrive([]string{"-model", model, "-for", "10ms", "-workers", "1", "-data", filepath.Join(smallSet(t, 10), trainSet), "-out", filepath.Join(dir, "out")})
	if err != nil {
		t.Fatal(err)
	}
	c.sizes = drive.Sizes{Copies: 8, Rows: 20_000, Tokens: 256}
	var out strings.Builder
	if err := c.run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "out", "drive-simulated-*"))
	if err != nil || len(files) != 3 {
		t.Errorf("%q, %v", files, err)
	}
	for _, want := range []string{"# stoker: 1 drive, simulated", "| fast (simulated drive) |", "images, parquet", files[0]} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
}

// TestDriveStops interrupts a run: nothing is left on the drive.
func TestDriveStops(t *testing.T) {
	on := t.TempDir()
	c, err := parseDrive([]string{"-dir", on, "-data", smallSet(t, 2), "-size", "100000000", "-out", t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	c.sizes = drive.Sizes{Copies: 1, Rows: 1000, Tokens: 16}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err = c.run(ctx, &strings.Builder{})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err == nil {
		t.Error("it went on")
	}
	if left, err := os.ReadDir(on); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestParseDrive(t *testing.T) {
	for args, want := range map[string]string{
		"":                                "needs a -dir or a -model",
		"-model hdd extra":                "no arguments",
		"-kind x -dir .":                  "behind its -dir",
		"-dir . -dir . -throttle hdd":     "needs one -dir",
		"-dir . -throttle tape":           "throttle",
		"-model hdd -workers 1,0":         "number of workers",
		"-model hdd -for -1s":             "positive",
		"-dir . -size 5":                  "-size",
		"-dir /a -kind HDD -dir /b":       "",
		"-dir . -throttle 1e8":            "",
		"-model hdd -model my.json":       "",
		"-model hdd -workers 1,2 -for 2s": "",
	} {
		_, err := parseDrive(strings.Fields(args))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", args, err)
		}
	}
	c, err := parseDrive([]string{"-dir", "/a", "-kind", "HDD", "-dir", "/b"})
	if err != nil || len(c.places) != 2 || c.places[0] != (drive.Place{Dir: "/a", Kind: "HDD"}) || c.places[1].Kind != "" {
		t.Errorf("%+v, %v", c.places, err)
	}
}

// TestOneDrive refuses to compare a drive with itself.
func TestOneDrive(t *testing.T) {
	on := t.TempDir()
	c := driveConfig{places: []drive.Place{{Dir: on}, {Dir: on}}}
	drives, err := c.open()
	for _, d := range drives {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err == nil || !strings.Contains(err.Error(), "no comparison") {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(on); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := (driveConfig{models: []string{"tape"}}).open(); err == nil {
		t.Error("a model that is none was opened")
	}
}
