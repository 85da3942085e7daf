// Command preview shows what a data set holds and what a pipeline makes of it:
// images with their boxes, masks and key points, sounds and texts as a contact
// sheet, tables and texts in print too.
//
// Usage:
//
//	go run ./examples/preview -data PATH [-pipeline PIPELINE] [flags]
//	go run ./examples/preview -synth shapes|texts|tones|table [flags]
//	go run ./examples/preview -data PATH -trace ID
//
// PATH is a folder of images, sounds or texts, a CSV or JSON lines manifest, or
// one of Parquet or Feather files. PIPELINE is a list of transforms:
//
//	go run ./examples/preview -data photos/ -pipeline decode,resizedcrop:224,flip,jitter:0.4
//	go run ./examples/preview -synth shapes -pipeline d4,erase:1
//	go run ./examples/preview -synth tones -pipeline noise:10:20
//
// pipeline.go lists them; so does -help. With -trace it tells how one sample
// was made: what each transform drew.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/stokerdata/stoker/examples/internal/dataset"
	"github.com/stokerdata/stoker/examples/internal/sheet"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
)

// config is what the command line says.
type config struct {
	data     string
	synth    string
	kinds    string
	pipeline string
	n        int
	out      string
	size     int
	columns  int
	shuffle  bool
	seed     uint64
	trace    int64
	epoch    int64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, c, os.Stdout)
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "preview: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "preview:", err)
		os.Exit(1)
	}
}

// parse reads the command line.
func parse(args []string) (config, error) {
	var c config
	f := flag.NewFlagSet("preview", flag.ExitOnError)
	f.StringVar(&c.data, "data", "", "data set: a folder or `file`")
	f.StringVar(&c.synth, "synth", "", "generated data set: "+strings.Join(generators(), ", "))
	f.StringVar(&c.kinds, "kinds", "", "what columns mean, where the files do not say, as in `image=encoded,boxes=boxes,class=label:boxes`")
	f.StringVar(&c.pipeline, "pipeline", "decode", "`transforms`, one after another")
	f.IntVar(&c.n, "n", 64, "samples to show")
	f.StringVar(&c.out, "out", "sheet.png", "`file` for the contact sheet")
	f.IntVar(&c.size, "size", 0, "edge of a picture in pixels (default: 160; texts and sounds are wider)")
	f.IntVar(&c.columns, "columns", 0, "pictures side by side (default: 8; 4 for texts and sounds)")
	f.BoolVar(&c.shuffle, "shuffle", true, "show samples from everywhere; -shuffle=false: the first ones")
	f.Uint64Var(&c.seed, "seed", 1, "makes the order and all augmentation")
	f.Int64Var(&c.trace, "trace", -1, "tell how the sample with this `id` was made")
	f.Int64Var(&c.epoch, "epoch", 0, "whose augmentation -trace tells")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "Usage of preview:")
		f.PrintDefaults()
		fmt.Fprint(f.Output(), "\nTransforms of -pipeline:\n\n"+usage())
	}
	f.Parse(args) // it ends the program on an error
	switch {
	case f.NArg() > 0:
		return c, fmt.Errorf("unexpected argument %q; a data set is given as -data %s", f.Arg(0), f.Arg(0))
	case (c.data == "") == (c.synth == ""):
		return c, errors.New("give either -data PATH or -synth NAME; -help lists all flags")
	case c.n < 1 || c.n > 10_000 || c.size < 0 || c.size > 4096 || c.columns < 0 || c.epoch < 0:
		return c, errors.New("-n must be 1 to 10000, -size up to 4096, -columns and -epoch not negative")
	}
	return c, nil
}

// run shows the data set.
func run(ctx context.Context, c config, w io.Writer) error {
	src, name, err := c.open()
	if err != nil {
		return err
	}
	transforms, err := parsePipeline(c.pipeline, src.Spec())
	if err != nil {
		return errors.Join(err, src.Close())
	}
	// A damaged sample is no reason not to show the others.
	o := loader.Config{BatchSize: min(c.n, 64), Seed: c.seed, Transforms: transforms, OnError: loader.Skip(int64(c.n))}
	if c.shuffle {
		o.Order = loader.Shuffle{}
	}
	ld, err := loader.New(src, o)
	if err != nil {
		return errors.Join(err, src.Close())
	}
	defer ld.Close()

	if c.trace >= 0 {
		return printTrace(ctx, w, ld, c.epoch, c.trace)
	}
	fmt.Fprintf(w, "%s: %d samples of %v\n", name, rows(src), ld.Spec())
	switch sheet.Drawable(ld.Spec()) {
	case kind.Plain:
		return printTable(ctx, w, ld)
	case kind.Text:
		if err := printTexts(ctx, w, ld, min(c.n, 10)); err != nil {
			return err
		}
	}
	return c.drawSheet(ctx, w, ld, sheet.Sheet{
		Title:   name,
		Note:    sheet.Pipeline(transforms),
		Legend:  sheet.Legend(ld.Spec()),
		Columns: c.columns,
	})
}

// open opens the data set and says what it is called.
func (c config) open() (src dataset.Source, name string, err error) {
	if c.synth != "" {
		src, err = generate(c.synth, c.seed)
		return src, c.synth, err
	}
	sets, err := dataset.Find(c.data)
	if err != nil {
		return nil, "", err
	}
	if len(sets) > 1 {
		var found []string
		for _, s := range sets {
			found = append(found, "\t"+s.String())
		}
		return nil, "", fmt.Errorf("%s holds several data sets, name one of\n%s", c.data, strings.Join(found, "\n"))
	}
	fields, err := parseKinds(c.kinds)
	if err != nil {
		return nil, "", err
	}
	src, err = sets[0].Open(fields)
	return src, sets[0].Name(), err
}

// rows returns the number of samples.
func rows(src loader.Source) (n int) {
	for _, b := range src.Blocks() {
		n += b.Rows
	}
	return n
}
