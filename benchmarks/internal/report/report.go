package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/drive"
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

//go:embed page.html
var pageText string

// page is what the template is given.
type page struct {
	Report
	Groups []group
	Tables []grid
}

// group is plots under a heading.
type group struct {
	Heading, About string
	Plots          []template.HTML
}

func (r Report) html() ([]byte, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	err = t.Execute(&b, page{r, r.groups(), append(r.summary(), r.details()...)})
	return []byte(b.String()), err
}
