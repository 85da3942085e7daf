package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"unicode"
)

// A Page is what one file shows.
type Page struct {
	Title    string
	Facts    []Fact
	Sections []Section
}

// A Fact is one thing that is known. One without a Value is left out.
type Fact struct{ Name, Value string }

// A Section is some of a page under a heading. Whatever is empty is left out.
type Section struct {
	Heading  string
	Minor    bool // the section is part of the one before
	About    string
	Facts    []Fact
	Warnings []string
	Plots    []template.HTML
	Tables   []Table
}

// A Table has a line for its heads and one for each row. One without rows is left
// out.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
}

// Markdown returns t under its title, "" if it has no rows.
func (t Table) Markdown() string {
	if len(t.Rows) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s:\n\n| %s |\n|%s\n", t.Title, strings.Join(t.Head, " | "), strings.Repeat("---|", len(t.Head)))
	for _, row := range t.Rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	return b.String()
}

//go:embed page.html
var layout string

// HTML returns the page.
func (p Page) HTML() ([]byte, error) {
	t, err := template.New("page").Funcs(template.FuncMap{"words": words}).Parse(layout)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	err = t.Execute(&b, p)
	return []byte(b.String()), err
}

// words reports whether a cell holds words, which stand at its left side, and no
// number.
func words(cell string) bool {
	for _, r := range cell {
		return unicode.IsLetter(r)
	}
	return false
}
