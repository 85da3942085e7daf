package rounds

import (
	"fmt"
	"strings"
)

// Markdown returns s as a table for a README: who was timed, what an item costs,
// and how the ratios of the first contender came out.
func (s *Summary) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**: %s (%d rounds%s)\n\n", s.Name, s.About, s.Rounds, s.Turns)
	fmt.Fprintf(&b, "| contender | CPU per item | items/s | %s |\n|---|---|---|---|\n", s.By.ratio())
	for _, name := range s.Order {
		f, ok := s.Contenders[name]
		if !ok {
			continue
		}
		about := f.About
		if f.Version != "" {
			about += ", " + f.Version
		}
		fmt.Fprintf(&b, "| %s | %s | %.0f | %s |\n", strings.ReplaceAll(about, "|", `\|`), Seconds(f.CPUSPerItem), f.ItemsPerS, s.Against(name))
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

// Against returns the ratio of the first contender to another one, "" if there is
// none.
func (s *Summary) Against(name string) string {
	ratio := s.Order[0] + "_vs_" + name
	v, ok := s.Ratios[ratio]
	switch _, unsteady := s.Unsteady[ratio]; {
	case unsteady:
		return "unsteady"
	case !ok:
		return ""
	case s.Contenders[name].Doubt != "":
		return fmt.Sprintf("%.2f, doubtful", v)
	}
	return fmt.Sprintf("%.2f", v)
}
