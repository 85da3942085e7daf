package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/drive"
	"github.com/stokerdata/stoker/benchmarks/internal/report"
)

// driveImages is the number of different images of the set that drives are
// measured with.
const driveImages = 256

// driveConfig is what the flags of drive say.
type driveConfig struct {
	places   []drive.Place
	models   []string
	throttle float64 // bytes a second, 0 for none
	images   string  // folder
	out      string
	options  drive.Options
	sizes    drive.Sizes
}

// parseDrive reads the flags of drive.
func parseDrive(args []string) (c driveConfig, err error) {
	f := flag.NewFlagSet("drive", flag.ContinueOnError)
	f.Func("dir", "`folder` on a drive to be measured; may be given several times", func(s string) error {
		c.places = append(c.places, drive.Place{Dir: s})
		return nil
	})
	f.Func("kind", "the `kind` that the drive of the -dir before is claimed to be", func(s string) error {
		if len(c.places) == 0 {
			return errors.New("-kind stands behind its -dir")
		}
		c.places[len(c.places)-1].Kind = s
		return nil
	})
	f.Func("model", "simulate a `drive`: hdd, sata, nvme3, nvme4, nvme5, or a .json file of figures; may be given several times", func(s string) error {
		c.models = append(c.models, s)
		return nil
	})
	f.Func("throttle", "hold the drive of -dir to the throughput of `hdd`, sata-ssd, or to bytes a second; for root", func(s string) (err error) {
		c.throttle, err = drive.Limit(s)
		return err
	})
	f.Func("workers", "comma-separated `numbers` of workers of the loader (default 1,2,4)", func(s string) error {
		for n := range strings.SplitSeq(s, ",") {
			w, err := strconv.Atoi(n)
			if err != nil || w < 1 {
				return fmt.Errorf("%q is no number of workers", n)
			}
			c.options.Workers = append(c.options.Workers, w)
		}
		return nil
	})
	f.DurationVar(&c.options.For, "for", 700*time.Millisecond, "how `long` a figure is measured")
	f.Int64Var(&c.options.FileBytes, "size", 4<<30, "`bytes` of the file that a real drive is probed with")
	f.StringVar(&c.images, "data", "", "`folder` of JPEG files (default: a set of our own, made when it is missing)")
	f.StringVar(&c.out, "out", filepath.Join(os.TempDir(), "stoker-reports"), "`folder` for the report")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	return c, c.check(f.Args())
}

func (c driveConfig) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("drive takes no arguments, and got %q", rest)
	case len(c.places)+len(c.models) == 0:
		return errors.New("drive needs a -dir or a -model")
	case c.throttle > 0 && len(c.places) != 1:
		return errors.New("-throttle needs one -dir")
	case c.options.For <= 0 || c.options.FileBytes < 64<<20:
		return errors.New("-for must be positive, and -size at least 64 MiB")
	}
	return nil
}

// runDrive measures drives, real and simulated.
func runDrive(ctx context.Context, args []string, out io.Writer) error {
	c, err := parseDrive(args)
	if err != nil {
		return err
	}
	return c.run(ctx, out)
}

func (c driveConfig) run(ctx context.Context, out io.Writer) error {
	began := time.Now()
	c.options.Progress = progress(began)
	drives, err := c.open()
	defer func() {
		for _, d := range drives {
			if err := d.Close(); err != nil {
				fmt.Fprintln(os.Stderr, "benchmarks:", err)
			}
		}
	}()
	if err != nil {
		return err
	}
	set, remove, err := c.data(ctx, out)
	defer remove()
	if err != nil {
		return err
	}
	r := report.Report{Machine: thisMachine(), Command: os.Args[1:], Commit: commit(), Began: began}
	if err := c.measure(ctx, drives, set, &r); err != nil {
		return err
	}
	files, err := r.Write(c.out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n%s\n%s", r.Markdown(), strings.Join(files, "\n"), r.Closing())
	return nil
}

// open opens the drives. It returns those that it opened with an error, too.
func (c driveConfig) open() (all []*drive.Drive, err error) {
	for _, p := range c.places {
		var d *drive.Drive
		if c.throttle > 0 {
			d, err = drive.Throttled(p, c.throttle)
		} else {
			d, err = drive.Real(p)
		}
		if err != nil {
			return all, err
		}
		for _, e := range all {
			if d.Shares(e) {
				return append(all, d), fmt.Errorf("%s is on the drive of another -dir, %s: that is no comparison", p.Dir, e.Name())
			}
		}
		all = append(all, d)
	}
	for _, m := range c.models {
		d, err := drive.Simulated(m)
		if err != nil {
			return all, err
		}
		all = append(all, d)
	}
	return all, nil
}

// data makes what the loader reads. remove removes it, also after an error.
func (c driveConfig) data(ctx context.Context, out io.Writer) (set drive.Set, remove func(), err error) {
	remove = func() {}
	images := c.images
	if images == "" {
		images = filepath.Join(os.TempDir(), "stoker-benchmarks-drive")
		if _, err := os.Stat(images); err != nil {
			fmt.Fprintf(out, "making %d images in %s\n", driveImages, images)
			if err := makeSet(ctx, images, trainPlan(driveImages), out); err != nil {
				return set, remove, err
			}
		}
	}
	work, err := os.MkdirTemp("", "stoker-benchmarks-")
	if err != nil {
		return set, remove, err
	}
	remove = func() { os.RemoveAll(work) }
	c.options.Progress("making the data set")
	set, err = drive.Build(ctx, work, images, c.sizes)
	return set, remove, err
}

// measure measures the drives by themselves and then under the loader, files in
// memory first.
func (c driveConfig) measure(ctx context.Context, drives []*drive.Drive, set drive.Set, r *report.Report) error {
	points := make([][]drive.Point, 1, 1+len(drives))
	for _, d := range drives {
		p, err := d.Points(ctx, c.options)
		if err != nil {
			return fmt.Errorf("%s: %w", d.Name(), err)
		}
		points = append(points, p)
	}
	rates, err := drive.Rates(ctx, set, append([]*drive.Drive{drive.Memory()}, drives...), points, c.options)
	if err != nil {
		return err
	}
	r.Memory = rates[0]
	for i, d := range drives {
		s := report.Section{Facts: d.Facts(), Refused: d.Refused()}
		if s.Refused == "" {
			s.Points, s.Rates = points[i+1], rates[i+1]
		}
		r.Drives = append(r.Drives, s)
	}
	return nil
}

// commit returns the commit of the sources in this folder, "" outside of one.
func commit() string {
	text, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
