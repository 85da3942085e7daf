package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/drive"
	"github.com/stokerdata/stoker/benchmarks/internal/page"
)

// A Section is what was measured of one drive.
type Section struct {
	Facts   drive.Facts   `json:"facts"`
	Refused string        `json:"refused,omitempty"` // why there are no figures
	Points  []drive.Point `json:"points,omitempty"`
	Rates   []drive.Rate  `json:"rates,omitempty"`
}

// A Report is what was measured in one run.
type Report struct {
	Machine fmt.Stringer `json:"machine"`
	Command []string     `json:"command"`
	Commit  string       `json:"commit"` // of the library
	Began   time.Time    `json:"began"`
	Drives  []Section    `json:"drives"`
	// Memory is what the loader delivers of files in memory: what the CPU
	// allows.
	Memory []drive.Rate `json:"memory,omitempty"`
}

// modes returns the modes of the drives, each once.
func (r Report) modes() string {
	var all []string
	for _, s := range r.Drives {
		all = append(all, s.Facts.Mode.String())
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " and ")
}

// Title says what the report is about, and how it came about.
func (r Report) Title() string {
	word := "drives"
	if len(r.Drives) == 1 {
		word = "drive"
	}
	return fmt.Sprintf("stoker: %d %s, %s", len(r.Drives), word, r.modes())
}

// Write writes the report to a folder, and returns the names of the files.
func (r Report) Write(dir string) (files []string, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("drive-%s-%s", strings.ReplaceAll(r.modes(), " ", "-"), r.Began.UTC().Format("20060102-150405"))
	page, err := r.html()
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		ext  string
		text []byte
	}{{".html", page}, {".md", []byte(r.Markdown())}, {".json", append(text, '\n')}} {
		file := filepath.Join(dir, name+f.ext)
		if err := os.WriteFile(file, f.text, 0o666); err != nil {
			return files, err
		}
		files = append(files, file)
	}
	return files, nil
}

func (r Report) html() ([]byte, error) {
	p := page.Page{Title: r.Title(), Facts: []page.Fact{
		{Name: "machine", Value: fmt.Sprint(r.Machine)},
		{Name: "date", Value: r.Began.UTC().Format("2006-01-02 15:04 MST")},
		{Name: "library", Value: cmp.Or(r.Commit, "unknown")},
		{Name: "command", Value: strings.Join(r.Command, " ")},
	}}
	p.Sections = append(p.Sections, page.Section{Heading: "The drives"})
	for _, s := range r.Drives {
		p.Sections = append(p.Sections, s.page())
	}
	p.Sections = append(p.Sections, r.groups()...)
	p.Sections = append(p.Sections, page.Section{
		Heading: "Tables",
		About:   `"(model: x)" stands where a simulated drive got less than 95 % of what its figures mean without a machine around them: the CPU held it back.`,
		Tables:  append(r.summary(), r.details()...),
	})
	return p.HTML()
}

// page returns what is known of a drive.
func (s Section) page() page.Section {
	f := s.Facts
	p := page.Section{Heading: f.Name, Minor: true, Warnings: f.Warnings}
	add := func(name, value string) { p.Facts = append(p.Facts, page.Fact{Name: name, Value: value}) }
	add("mode", f.Mode.String())
	if d := f.Disk; d != nil {
		add("kind", fmt.Sprintf("%s: %s", d.Kind, d.Why))
		add("file system", d.FileSystem)
		add("scheduler", d.Scheduler)
		add("link", d.Link)
	}
	if f.Claimed != "" {
		add("claimed kind", f.Claimed+", by whoever ran this")
	}
	if f.Profile != nil {
		add("figures from", f.Profile.Source)
	}
	if f.Reads != nil {
		add("reads", f.Reads.String())
	}
	if s.Refused != "" {
		p.Warnings = append(slices.Clip(p.Warnings), "Refused: "+s.Refused)
	}
	return p
}
