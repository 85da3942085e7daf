package rounds

import (
	"fmt"
	"io"
	"strings"
)

// Markdown writes r as a table for a README: who was timed, what an item costs, and
// how the ratios that Match lists for the contender in the first row came out.
func (r *Result) Markdown(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**: %s (%d rounds)\n\n", r.Name, r.About, r.Rounds)
	b.WriteString("| contender | CPU per item | items/s | ratio |\n|---|---|---|---|\n")
	for _, row := range r.Rows {
		if len(row.Rounds) == 0 {
			continue
		}
		about := row.About
		if row.Version != "" {
			about += ", " + row.Version
		}
		fmt.Fprintf(&b, "| %s | %s | %.0f | %s |\n", strings.ReplaceAll(about, "|", `\|`), inUnits(median(row.column(Usage.cpuPerItem))),
			median(row.column(Usage.itemsPerSecond)), r.against(row.Name))
	}
	for _, row := range r.Rows {
		if len(row.Rounds) == 0 {
			fmt.Fprintf(&b, "\nNot timed: %s, as %s\n", row.About, row.Skipped)
		}
	}
	b.WriteString("\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// against returns the ratio of a contender to the one in the first row.
func (r *Result) against(name string) string {
	for _, t := range r.Ratios {
		if t.B != name || t.A != r.Rows[0].Name {
			continue
		}
		if t.Steady {
			return fmt.Sprintf("%.2f", t.Value)
		}
		return "unsteady"
	}
	return ""
}
