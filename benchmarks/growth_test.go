package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/loadertest"
)

func TestGrowth(t *testing.T) {
	path := filepath.Join(t.TempDir(), "growth.json")
	report := filepath.Join(t.TempDir(), "growth.html")
	var out strings.Builder
	if err := runGrowth(t.Context(), []string{"-samples", "100000", "-workers", "2", "-for", "5ms", "-json", path, "-report", report}, &out); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var result struct{ Growth []growth }
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	if len(result.Growth) != 2*(2+2) || strings.Count(out.String(), "\n") != 3+8 {
		t.Errorf("%d rows\n%s", len(result.Growth), out.String())
	}
	for _, g := range result.Growth {
		if g.SetUpS <= 0 || g.FirstS <= 0 || g.PerS <= 0 || g.CPUNs < 0 || runtime.GOOS == "linux" && g.RSS < g.Bytes || len(g.ResumeS) != 3 || g.ResumeS[2] <= 0 {
			t.Errorf("%+v", g)
		}
	}
	html, err := os.ReadFile(report)
	if err != nil || strings.Count(string(html), "<svg") != 5 || !strings.Contains(string(html), "-report FILE") || strings.Contains(string(html), report) {
		t.Errorf("the page has other plots than there are, or tells files of this machine: %v", err)
	}
	for _, bad := range []string{"-samples=5", "-workers=0", "-for=0s"} {
		if err := runGrowth(t.Context(), []string{bad}, &out); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

// TestNumbers shows that the sources of numbers are sources, with each number once.
func TestNumbers(t *testing.T) {
	for _, kind := range []string{"random", "blocks"} {
		loadertest.Source(t, func() loader.Source { return numbers(kind, numberBlock+5) })
		ld, err := loader.New(numbers(kind, 2*numberBlock+5), loader.Config{BatchSize: 100, Order: loader.Shuffle{}})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int64]bool{}
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range loader.View[int64](b.Tensor("id")) {
				seen[id] = true
			}
		}
		if len(seen) != 2*numberBlock+5 || !seen[0] || !seen[2*numberBlock+4] {
			t.Errorf("%s: %d numbers", kind, len(seen))
		}
		ld.Close()
	}
}
