package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/benchmarks/internal/stored"
	"github.com/stokerdata/stoker/internal/cputime"
	"github.com/stokerdata/stoker/loader"
)

// streamedCommand is the command that streams a data set in a process of its own. It
// is for memory to call.
const streamedCommand = "streamed"

// memoryRows are the rows of a shard: 64 MB of numbers, in blocks of 2 MB, as a shuffle
// has many of them open.
var memoryRows = stored.Rows{N: 1 << 16, Floats: 256, Group: 1 << 11}

// memoryBatch is about the bytes of a batch, or one row if that is more.
const memoryBatch = 4 << 20

// memoryPatience is the time of an epoch after which a stream is given up.
const memoryPatience = 10 * time.Minute

// streamed is what a child streams.
type streamed struct {
	Format string `json:"format"`
	Files  string `json:"files"` // a pattern
	Bytes  int64  `json:"bytes"` // of all files
	Budget int64  `json:"budget"`
	Epochs int    `json:"epochs"`
}

// epoch is what one epoch took.
type epoch struct {
	RSS  int64   `json:"rss_bytes"` // at most
	Wall float64 `json:"wall_s"`
	CPU  float64 `json:"cpu_s"`
}

// runMemory streams data sets that are larger than the memory that a loader may take.
func runMemory(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("memory", flag.ContinueOnError)
	run := f.String("run", "", "regular `expression` for the names of formats (default: all)")
	size := f.Int64("bytes", 4e9, "`bytes` of a data set, the links to one shard of it counted each")
	epochs := f.Int("epochs", 3, "how often each is gone through")
	budget := f.Int64("budget", 512<<20, "`bytes` that the loader may take (loader.Config.Memory)")
	most := f.Int64("most", 700<<20, "`bytes` that the process may hold")
	if err := f.Parse(args); err != nil {
		return err
	}
	only, err := regexp.Compile(*run)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "format\tGB\tMB/s\tCPU-s per GB\tmost MiB held in each epoch")
	for _, format := range stored.All() {
		if !only.MatchString(format.Name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s\n", format.Name)
		line, failed := memoryOf(ctx, format, *size, *most, streamed{Format: format.Name, Budget: *budget, Epochs: *epochs})
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", format.Name, failed))
		}
		fmt.Fprintln(w, format.Name+"\t"+line)
	}
	return errors.Join(w.Flush(), err)
}

// memoryOf streams one format, and returns an error if that takes more memory than it
// may, or more and more.
func memoryOf(ctx context.Context, f stored.Format, size, most int64, s streamed) (line string, err error) {
	dir, err := os.MkdirTemp("", "stoker-memory-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := s.make(ctx, f, dir, size); err != nil {
		return "", err
	}
	var all []epoch
	why, err := linesOf(ctx, memoryPatience, streamedCommand, s, func(e epoch) { all = append(all, e) })
	if err != nil || why != "" {
		return "", errors.Join(err, errors.New(why))
	}
	var sum epoch
	var held []string
	for _, e := range all {
		sum.Wall, sum.CPU, sum.RSS = sum.Wall+e.Wall, sum.CPU+e.CPU, max(sum.RSS, e.RSS)
		held = append(held, fmt.Sprint(e.RSS>>20))
	}
	gb := float64(s.Bytes) / 1e9
	line = fmt.Sprintf("%.1f\t%.0f\t%.2f\t%s", gb, 1e3*gb*float64(len(all))/sum.Wall, sum.CPU/gb/float64(len(all)), strings.Join(held, ", "))
	switch last := all[len(all)-1].RSS; {
	case sum.RSS > most:
		err = fmt.Errorf("it held %d MiB, %d are allowed", sum.RSS>>20, most>>20)
	case last > all[0].RSS*11/10:
		err = fmt.Errorf("it held %d MiB in its last epoch, and %d in its first", last>>20, all[0].RSS>>20)
	}
	return line, err
}

// make makes a data set of about so many bytes: one shard, and links to it.
func (s *streamed) make(ctx context.Context, f stored.Format, dir string, size int64) error {
	first := filepath.Join(dir, "0000-"+f.File)
	if err := f.Write(ctx, first, memoryRows); err != nil {
		return err
	}
	info, err := os.Stat(first)
	if err != nil {
		return err
	}
	n := max(1, size/info.Size())
	for k := range n - 1 {
		if err := os.Link(first, filepath.Join(dir, fmt.Sprintf("%04d-%s", k+1, f.File))); err != nil {
			return err
		}
	}
	s.Files, s.Bytes = filepath.Join(dir, "*-"+f.File), n*info.Size()
	return nil
}

// runStreamed is the child.
func runStreamed(args []string, out io.Writer) error {
	var s streamed
	if err := json.Unmarshal([]byte(strings.Join(args, " ")), &s); err != nil {
		return err
	}
	f, err := formatCalled(s.Format)
	if err != nil {
		return err
	}
	say := json.NewEncoder(out)
	peak, began, cpu := rounds.PeakOfSelf(), time.Now(), cputime.Now()
	src, err := f.Open(s.Files, memoryRows)
	if err != nil {
		return err
	}
	rows := 0
	for _, b := range src.Blocks() {
		rows += b.Rows
	}
	ld, err := loader.New(src, loader.Config{BatchSize: max(1, int(int64(rows)*memoryBatch/s.Bytes)), Epochs: s.Epochs, Order: loader.Shuffle{}, Memory: s.Budget})
	if err != nil {
		return err
	}
	defer ld.Close()
	seen := 0
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			return err
		}
		if seen += b.Len(); seen < rows {
			continue
		}
		e := epoch{peak(), time.Since(began).Seconds(), (cputime.Now() - cpu).Seconds()}
		if err := say.Encode(e); err != nil {
			return err
		}
		seen, peak, began, cpu = 0, rounds.PeakOfSelf(), time.Now(), cputime.Now()
	}
	return nil
}
