package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/stokerdata/stoker/examples/internal/sheet"
)

// nTiles is the number of images on the sheet: eight rows of eight.
const nTiles = 64

// console prints lines, and shows progress: on a terminal in one line that is
// overwritten, elsewhere now and then.
type console struct {
	w        io.Writer
	terminal bool
	shown    int // characters of the line that is to be overwritten
	next     time.Time
}

func newConsole(f *os.File) *console {
	info, err := f.Stat()
	return &console{w: f, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// due reports whether it is time to show progress again.
func (c *console) due() bool { return !time.Now().Before(c.next) }

// live shows progress, if it is due.
func (c *console) live(layout string, args ...any) {
	if !c.due() {
		return
	}
	text := fmt.Sprintf(layout, args...)
	if c.terminal {
		c.next = time.Now().Add(100 * time.Millisecond)
		c.overwrite(text)
		return
	}
	c.next = time.Now().Add(2 * time.Second)
	fmt.Fprintln(c.w, text)
}

// line prints a line that stays.
func (c *console) line(layout string, args ...any) {
	if c.shown > 0 {
		c.overwrite("")
		fmt.Fprint(c.w, "\r")
	}
	fmt.Fprintf(c.w, layout+"\n", args...)
}

func (c *console) overwrite(text string) {
	n := utf8.RuneCountInString(text)
	fmt.Fprintf(c.w, "\r%s%s", text, strings.Repeat(" ", max(0, c.shown-n)))
	c.shown = n
}

// summarise prints what the runs up to where they were stopped have shown.
func summarise(out *console, demos []*demo) {
	out.line("")
	w := tabwriter.NewWriter(out.w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "data set\tsamples/s\tMB/s read\tMB/s out\twaiting\tplanned\theld\tbottleneck\t")
	for _, d := range demos {
		s := &d.stats
		fmt.Fprintf(w, "%s\t%s\t%.1f\t%.1f\t%.0f %%\t%s\t%s\t%s\t\n", d.set.Name(),
			count(int64(rate(s.Samples, s.Elapsed))), rate(s.ReadBytes, s.Elapsed)/1e6, rate(d.bytes, s.Elapsed)/1e6,
			100*float64(s.Starved)/float64(max(1, s.Elapsed)), megabytes(s.PlannedBytes), megabytes(s.HeldBytes), s.Bottleneck)
	}
	w.Flush()
	out.line("read: from disk; out: in batches; waiting: share of the time that the loop waited for batches, which")
	out.line("it mostly does here, as it does not train; planned, held: memory for batches and open blocks")
}

// drawSheet leaves a picture of the first images that were streamed.
func drawSheet(path string, demos []*demo, out *console) error {
	for _, d := range demos {
		if len(d.tiles) == 0 {
			continue
		}
		s := sheet.Sheet{
			Title:  fmt.Sprintf("%s: %d of %s samples, as a trainer gets them", d.set.Name(), len(d.tiles), count(d.samples)),
			Note:   sheet.Pipeline(d.transforms),
			Legend: sheet.Legend(d.spec),
		}
		if err := sheet.Write(path, s.Draw(d.tiles)); err != nil {
			return err
		}
		out.line("\naugmented images: %s", path)
		return nil
	}
	return nil
}

// rate returns how many of n there are in a second.
func rate(n int64, elapsed time.Duration) float64 {
	return float64(n) / max(elapsed.Seconds(), 1e-9)
}

// count returns n with commas between the thousands.
func count(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", count(n/1000), n%1000)
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
