package page

import (
	"html/template"
	"strings"
	"testing"
)

func TestHTML(t *testing.T) {
	text, err := Page{
		Title: "A < B",
		Facts: []Fact{{"machine", "<mine>"}, {"nothing", ""}},
		Sections: []Section{
			{Heading: "First", About: "about it", Warnings: []string{"beware"}, Plots: []template.HTML{"<svg>x</svg>"}},
			{Heading: "Second", Minor: true, Tables: []Table{
				{Title: "empty", Head: []string{"never"}},
				{Title: "full", Head: []string{"name", "value"}, Rows: [][]string{{"x", "12 ms"}, {"y", "none"}}},
			}},
		},
	}.HTML()
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for _, want := range []string{"<title>A &lt; B</title>", "<dt>machine<dd>&lt;mine&gt;", "<h2>First</h2>", "<h3>Second</h3>", "<svg>x</svg>", ">beware<", "<td>12 ms", `<td class="words">none`} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"nothing", "empty", "never", "http"} {
		if strings.Contains(got, not) {
			t.Errorf("the page has %q", not)
		}
	}
}

func TestMarkdown(t *testing.T) {
	got := Table{Title: "full", Head: []string{"name", "value"}, Rows: [][]string{{"x", "12"}}}.Markdown()
	if want := "full:\n\n| name | value |\n|---|---|\n| x | 12 |\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (Table{Title: "empty", Head: []string{"name"}}).Markdown(); got != "" {
		t.Errorf("%q", got)
	}
}
