package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/stokerdata/stoker/loader"
)

// printTrace tells where a sample lies, what each stage drew for it in the
// given epoch, and what came out.
func printTrace(ctx context.Context, w io.Writer, ld *loader.Loader, epoch, id int64) error {
	t, err := ld.Trace(ctx, epoch, id, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "sample %d in epoch %d", t.ID, t.Epoch)
	if t.Shard != "" {
		fmt.Fprintf(w, ", from row %d of %s", t.Row, t.Shard)
	}
	fmt.Fprintln(w, ", was made by")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range t.Steps {
		name := s.Stage
		for _, n := range s.Notes {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", name, n.Name, numbers(n.Values))
			name = ""
		}
		if len(s.Notes) == 0 {
			fmt.Fprintf(table, "  %s\t\t\n", name)
		}
	}
	if len(t.Fields) == 0 {
		fmt.Fprintln(table, "and was left out")
		return table.Flush()
	}
	fmt.Fprintln(table, "and is")
	for i, f := range ld.Spec() {
		if f.Name != "" && i < len(t.Fields) {
			v := t.Fields[i]
			fmt.Fprintf(table, "  %s\t%v %v\t%s\n", f.Name, v.DType, v.Shape, inWords(f, v, 8))
		}
	}
	return table.Flush()
}

func numbers(values []float64) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprintf("%.6g", v)
	}
	return strings.Join(words, " ")
}
