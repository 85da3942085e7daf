// Command quickstart shows in one run what a loader does. It
//
//   - makes three data sets: a folder of images, a table in Parquet shards and
//     texts in a Feather file;
//   - streams each of them, shuffled and augmented, in batches;
//   - stops in the middle, prints the state, resumes in a new loader, and checks
//     that what follows is the same, bit by bit, as without the interruption;
//   - says how fast that was and what limited it;
//   - leaves a picture of augmented images.
//
// Usage:
//
//	go run ./examples/quickstart [-data DIR] [flags]
//
// With -data it uses what lies in DIR instead: folders of images, one for each
// class, Parquet and Feather files. It changes nothing there. In a folder that
// is empty or new it makes its own data sets, and finds them the next time.
//
// Read main.go for the course of events, pipeline.go for three pipelines,
// stream.go for the loop and for resuming, generate.go for making data sets.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/stokerdata/stoker/examples/internal/console"
	"github.com/stokerdata/stoker/examples/internal/dataset"
)

// config is what the command line says.
type config struct {
	data    string
	keep    bool
	epochs  int
	batch   int
	workers int
	seed    uint64
	sheet   string

	sizes sizes // of the data sets to make
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, c, console.New(os.Stdout))
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "quickstart: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// parse reads the command line.
func parse(args []string) (config, error) {
	c := config{sizes: sizes{images: 2048, pixels: 128, rows: 200_000, texts: 40_000}}
	f := flag.NewFlagSet("quickstart", flag.ExitOnError)
	f.StringVar(&c.data, "data", "", "`folder` with data sets, or for them (default: a temporary one)")
	f.BoolVar(&c.keep, "keep", false, "do not remove the temporary folder")
	f.IntVar(&c.epochs, "epochs", 2, "how often to go through the data")
	f.IntVar(&c.batch, "batch", 256, "samples in a batch")
	f.IntVar(&c.workers, "workers", 0, "goroutines that decode and transform (default: one for each CPU)")
	f.Uint64Var(&c.seed, "seed", 42, "makes the order and all augmentation")
	f.StringVar(&c.sheet, "sheet", "quickstart.png", "`file` for the picture of augmented images, empty for none")
	f.Parse(args) // it ends the program on an error
	switch {
	case f.NArg() > 0:
		return c, fmt.Errorf("unexpected argument %q; a folder is given as -data %s", f.Arg(0), f.Arg(0))
	case c.epochs < 1 || c.batch < 1 || c.workers < 0:
		return c, errors.New("-epochs and -batch must be at least 1, -workers at least 0")
	}
	return c, nil
}

// run makes or finds the data sets and shows what a loader does with each.
func run(ctx context.Context, c config, out *console.Console) error {
	if c.data == "" {
		dir, err := os.MkdirTemp("", "stoker-quickstart-")
		if err != nil {
			return err
		}
		c.data = dir
		if c.keep {
			defer out.Line("kept the data sets in %s", dir)
		} else {
			defer os.RemoveAll(dir)
		}
	}
	if err := generate(ctx, c.data, c.sizes, out); err != nil {
		return err
	}
	sets, err := dataset.Find(c.data)
	if err != nil {
		return err
	}
	var demos []*demo
	for _, set := range sets {
		d := &demo{config: c, set: set, out: out}
		if err := d.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", set.Name(), err)
		}
		demos = append(demos, d)
	}
	summarise(out, demos)
	if c.sheet == "" {
		return nil
	}
	return drawSheet(c.sheet, demos, out)
}
