package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/stokerdata/stoker/augment/tabular"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

const (
	maxRows     = 100_000 // that statistics are made of
	firstRows   = 4       // that are printed
	manyClasses = 6       // of a label that are printed
)

// profile is what is seen of a table while tabular.Fit measures it.
type profile struct {
	rows    int
	first   map[string][]string       // the first values of each field, in words
	classes map[string]map[string]int // how often each class of a label occurs
}

// printTable prints a line for each column of a table: its type, statistics and
// first values.
func printTable(ctx context.Context, w io.Writer, ld *loader.Loader) error {
	p := &profile{first: map[string][]string{}, classes: map[string]map[string]int{}}
	stats, err := p.measure(ctx, ld)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "field\ttype\tkind\tmissing\tmean\tdeviation\tleast\tgreatest\tfirst values\n")
	for _, f := range ld.Spec() {
		if f.Name == "" {
			continue
		}
		numbers := "\t\t\t\t"
		if s, ok := stats[f.Name]; ok {
			numbers = fmt.Sprintf("%.1f %%\t%.4g\t%.4g\t%.4g\t%.4g", 100*float64(s.Missing)/float64(max(1, s.Count+s.Missing)), s.Mean, s.Std, s.Min, s.Max)
		}
		fmt.Fprintf(t, "%s\t%v %v\t%v\t%s\t%s\n", f.Name, f.DType, f.Shape, f.Kind, numbers, strings.Join(p.first[f.Name], ", "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, f := range ld.Spec() {
		if counts := p.classes[f.Name]; len(counts) > 0 {
			fmt.Fprintf(w, "%s: %s\n", f.Name, shares(counts))
		}
	}
	fmt.Fprintf(w, "statistics of %d rows\n", p.rows)
	return nil
}

// measure streams up to maxRows rows and returns the statistics of all columns
// of numbers.
func (p *profile) measure(ctx context.Context, ld *loader.Loader) (tabular.Stats, error) {
	var numbers []string
	for _, f := range ld.Spec() {
		half := f.DType == dtype.Float16 || f.DType == dtype.BFloat16
		if f.Name != "" && f.DType != dtype.Bool && !half && f.Shape.Fixed() {
			numbers = append(numbers, f.Name)
		}
	}
	if len(numbers) > 0 {
		return tabular.Fit(ctx, p.watch(ld.All(ctx)), numbers...)
	}
	for _, err := range p.watch(ld.All(ctx)) {
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// watch passes batches on, up to maxRows rows, and looks at them.
func (p *profile) watch(batches iter.Seq2[*loader.Batch, error]) iter.Seq2[*loader.Batch, error] {
	return func(yield func(*loader.Batch, error) bool) {
		for b, err := range batches {
			if err == nil {
				p.look(b)
			}
			if !yield(b, err) || p.rows >= maxRows {
				return
			}
		}
	}
}

func (p *profile) look(b *loader.Batch) {
	for _, f := range b.Spec() {
		if f.Name == "" {
			continue
		}
		for i := 0; i < b.Len() && p.rows+i < firstRows; i++ {
			p.first[f.Name] = append(p.first[f.Name], inWords(f, b.Row(f.Name, i), 4))
		}
		if f.Kind == kind.Label && f.Shape.Rank() == 0 {
			counts := p.classes[f.Name]
			if counts == nil {
				counts = map[string]int{}
				p.classes[f.Name] = counts
			}
			for i := range b.Len() {
				counts[inWords(f, b.Row(f.Name, i), 1)]++
			}
		}
	}
	p.rows += b.Len()
}

// shares returns the most frequent classes with their shares.
func shares(counts map[string]int) string {
	total, names := 0, make([]string, 0, len(counts))
	for name, n := range counts {
		total += n
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, name := range names[:min(len(names), manyClasses)] {
		parts = append(parts, fmt.Sprintf("%s %.1f %%", name, 100*float64(counts[name])/float64(total)))
	}
	if more := len(names) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}
