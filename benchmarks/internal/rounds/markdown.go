package rounds

import (
	"fmt"
	"slices"
	"strings"
)

// Markdown returns s as a table for a README: who was timed, what an item costs,
// and how the ratios came out.
func (s *Summary) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**: %s (%d rounds%s)\n\n", s.Name, s.About, s.Rounds, s.Turns)
	compared := s.Compared()
	b.WriteString("| contender | what | CPU per item | items/s |")
	for _, a := range compared {
		fmt.Fprintf(&b, " %s to `%s` |", s.By.ratio(), a)
	}
	fmt.Fprintf(&b, "\n|---|---|---|---|%s\n", strings.Repeat("---|", len(compared)))
	for _, name := range s.Order {
		f, ok := s.Contenders[name]
		if !ok {
			continue
		}
		about := f.About
		if f.Version != "" {
			about += ", " + f.Version
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %.0f |", name, strings.ReplaceAll(about, "|", `\|`), Seconds(f.CPUSPerItem), f.ItemsPerS)
		for _, a := range compared {
			fmt.Fprintf(&b, " %s |", s.Ratio(a, name))
		}
		b.WriteByte('\n')
	}
	for _, name := range s.Order {
		if why, ok := s.Skipped[name]; ok {
			fmt.Fprintf(&b, "\nNot timed: `%s`, as %s\n", name, why)
		}
		if why := s.Contenders[name].Doubt; why != "" {
			fmt.Fprintf(&b, "\nDoubtful: `%s`, as %s\n", name, why)
		}
	}
	return b.String() + "\n"
}

// ratio says what ratios of m are of.
func (m Measure) ratio() string {
	if m == WallTime {
		return "ratio of times on the wall"
	}
	return "ratio"
}

// Compared returns those that others are compared with, in their order.
func (s *Summary) Compared() (names []string) {
	for _, a := range s.Order {
		if slices.ContainsFunc(s.Order, func(b string) bool { return s.Ratio(a, b) != "" }) {
			names = append(names, a)
		}
	}
	return names
}

// Unsteady is what stands for a ratio whose rounds disagree.
const Unsteady = "unsteady"

// Ratio returns the ratio of a contender to another one, "" if there is none.
func (s *Summary) Ratio(a, b string) string {
	name := a + "_vs_" + b
	v, ok := s.Ratios[name]
	switch _, unsteady := s.Unsteady[name]; {
	case unsteady:
		return Unsteady
	case !ok:
		return ""
	case s.Contenders[a].Doubt != "" || s.Contenders[b].Doubt != "":
		return fmt.Sprintf("%.2f (doubtful)", v)
	}
	return fmt.Sprintf("%.2f", v)
}
