package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/stokerdata/stoker/examples/internal/console"
	"github.com/stokerdata/stoker/examples/internal/sheet"
)

// nTiles is the number of images on the sheet: eight rows of eight.
const nTiles = 64

// summarise prints what the runs up to where they were stopped have shown.
func summarise(out *console.Console, demos []*demo) {
	out.Line("")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "data set\tsamples/s\tMB/s read\tMB/s out\twaiting\tplanned\theld\tbottleneck\t")
	for _, d := range demos {
		s := &d.stats
		fmt.Fprintf(w, "%s\t%s\t%.1f\t%.1f\t%.0f %%\t%s\t%s\t%s\t\n", d.set.Name(),
			count(int64(rate(s.Samples, s.Elapsed))), rate(s.ReadBytes, s.Elapsed)/1e6, rate(d.bytes, s.Elapsed)/1e6,
			100*float64(s.Starved)/float64(max(1, s.Elapsed)), megabytes(s.PlannedBytes), megabytes(s.HeldBytes), s.Bottleneck)
	}
	w.Flush()
	out.Line("read: from disk; out: in batches; waiting: share of the time that the loop waited for batches, which")
	out.Line("it mostly does here, as it does not train; planned, held: memory for batches and open blocks")
}

// drawSheet leaves a picture of the first images that were streamed.
func drawSheet(path string, demos []*demo, out *console.Console) error {
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
		out.Line("\naugmented images: %s", path)
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
