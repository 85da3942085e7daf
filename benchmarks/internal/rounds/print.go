package rounds

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Print writes r as text.
func (r *Result) Print(out io.Writer) {
	fmt.Fprintf(out, "\n%s: %s (%d rounds%s)\n\n", r.Name, r.About, r.Rounds, r.Turns)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  contender\tCPU/item\tspread\titems/s\tRSS MB\titems\toutput\twhat")
	for _, row := range r.Rows {
		if len(row.Rounds) == 0 {
			continue
		}
		f := row.figures(r.By)
		memory := "?"
		if f.RSSBytes > 0 {
			memory = fmt.Sprintf("%.0f", float64(f.RSSBytes)/1e6)
		}
		what := row.About
		if row.Version != "" {
			what += " [" + row.Version + "]"
		}
		fmt.Fprintf(w, "  %s\t%s\t%.0f %%\t%.0f\t%s\t%d\t%s\t%s\n", row.Name, Seconds(f.CPUSPerItem), 100*f.Spread,
			f.ItemsPerS, memory, f.Items, f.Output, what)
	}
	w.Flush()
	fmt.Fprintln(out)
	for _, row := range r.Rows {
		if len(row.Rounds) == 0 {
			fmt.Fprintf(out, "  skipped %s: %s\n", row.Name, row.Skipped)
		} else if row.Doubt != "" {
			fmt.Fprintf(out, "  doubtful %s: %s\n", row.Name, row.Doubt)
		}
	}
	for _, t := range r.Ratios {
		fmt.Fprintf(out, "  %s: %s\n", t.Name(), t)
	}
}

// Seconds returns a time in units that suit it.
func Seconds(s float64) string {
	for _, u := range []struct {
		name string
		s    float64
	}{{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}} {
		if s >= u.s/10 {
			return fmt.Sprintf("%.3g %s", s/u.s, u.name)
		}
	}
	return fmt.Sprintf("%.3g ns", s/1e-9)
}

// String returns the value of r, or why there is none.
func (r *Ratio) String() string {
	switch {
	case len(r.Rounds) == 0:
		return "not measured"
	case !r.Steady:
		return "unsteady" + r.agreement()
	}
	return fmt.Sprintf("%.2f", r.Value) + r.agreement()
}

// agreement says how well the rounds agree.
func (r *Ratio) agreement() string {
	return fmt.Sprintf(" (%d rounds, within %.0f %%)", len(r.Rounds), 100*r.Spread)
}

// String says what became of turns that others disturbed, behind the number of
// rounds, and nothing if there were none.
func (t Turns) String() string {
	if t.Again+t.Disturbed == 0 {
		return ""
	}
	return fmt.Sprintf("; of %d turns %d were measured anew and %d count though others disturbed them", t.Counted, t.Again, t.Disturbed)
}
