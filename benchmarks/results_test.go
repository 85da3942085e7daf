package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// someResults has a peer, a limit, a ratio that is unsteady, and peers that were
// not measured.
func someResults() *results {
	return &results{
		Machine: machine{CPU: "a CPU", Cores: 2, OS: "Linux", Go: "go1.26.8", Load: "load 0"},
		Command: "go run -C benchmarks . suite", Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Workloads: []*rounds.Summary{
			{
				Name: "W0", About: "nothing & more", By: rounds.CPUTime, Rounds: 5, Order: []string{"ours", "ours_1", "peer", "wild", "gone", "least"},
				Contenders: map[string]rounds.Figures{
					"ours": {CPUSPerItem: 1e-3, ItemsPerS: 2e3, About: "stoker"}, "ours_1": {CPUSPerItem: 1e-3, About: "stoker, one worker"},
					"peer": {CPUSPerItem: 2e-3, About: "them"}, "wild": {CPUSPerItem: 3e-3, About: "wild", Doubt: "it works at night"}, "least": {CPUSPerItem: 5e-4, About: "limit: memcpy"},
				},
				Skipped:  map[string]string{"gone": "No module named 'gone'"},
				Ratios:   map[string]float64{"ours_vs_ours_1": 1, "ours_vs_peer": 2, "ours_vs_least": 0.5, "ours_1_vs_peer": 2.1},
				Unsteady: map[string]float64{"ours_vs_wild": 0.4},
				Each:     map[string][]float64{"ours_vs_peer": {1.9, 2, 2.1}, "ours_vs_wild": {2, 3, 4}, "ours_vs_least": {0.5, 0.5, 0.5}},
			},
			{
				Name: "W0_cold", About: "nothing, evicted", By: rounds.WallTime, Rounds: 5, Order: []string{"ours", "gone"},
				Contenders: map[string]rounds.Figures{"ours": {CPUSPerItem: 1e-3, ItemsPerS: 2e3, About: "stoker"}},
				Skipped:    map[string]string{"gone": "No module named 'gone'"},
			},
			{Name: "W00", Order: []string{"ours"}, Skipped: map[string]string{"ours": "it broke"}},
		},
		Skipped: map[string]string{"W9": "no sources"},
	}
}

func TestBrief(t *testing.T) {
	got, err := someResults().brief()
	if err != nil {
		t.Fatal(err)
	}
	const want = "a CPU, 2 cores, Linux, go1.26.8, load 0, 2026-01-02:\n\n```sh\ngo run -C benchmarks . suite\n```\n\n" +
		"| workload | CPU per item | others take, times that | limits |\n|---|---|---|---|\n" +
		"| `W0` nothing & more | 1 ms | `peer` 2.00, 1 unsteady | `least` 0.50 |\n" +
		"| `W0` one worker | 1 ms | `peer` 2.10 |  |\n" +
		"| `W0_cold` nothing, evicted | 2 k items/s |  |  |\n"
	if string(got) != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

func TestAbsent(t *testing.T) {
	const want = "  W0 gone, W0_cold gone: No module named 'gone'\n  W00 ours: it broke\n  W9: no sources\n"
	if got := someResults().absent(); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

// TestPage looks for what must not be missing, and for what nobody measured.
func TestPage(t *testing.T) {
	text, err := someResults().page()
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for _, want := range []string{"<h2>W0</h2>", "nothing &amp; more", ">2.00<", ">unsteady<", "wild is doubtful: it works at night", "W0 gone, W0_cold gone: No module", "time on the wall"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(got, "3.00") || strings.Count(got, "http://") != strings.Count(got, `xmlns="http://www.w3.org/2000/svg"`) || strings.Contains(got, "https://") {
		t.Error("the page shows a ratio that is unsteady, or is not self-contained")
	}
}

// TestReadBack writes results, and reads what gives the same tables.
func TestReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	want := someResults()
	if err := want.write(path, (*results).json); err != nil {
		t.Fatal(err)
	}
	got, err := readResults(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, as := range []func(*results) ([]byte, error){(*results).brief, (*results).markdown, (*results).page} {
		a, errA := as(got)
		b, errB := as(want)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("got\n%s, want\n%s", a, b)
		}
	}
	if err := os.WriteFile(path, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := readResults(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("half a file: %v", err)
	}
}

// TestReadmes compares the tables of the READMEs with the results that they are
// made of. They are written by go run -C benchmarks . readme.
func TestReadmes(t *testing.T) {
	r, err := readResults(measured)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range readmes {
		text, err := os.ReadFile(to.path)
		if err != nil {
			t.Fatal(err)
		}
		tables, err := to.as(r)
		if err != nil {
			t.Fatal(err)
		}
		want, err := withTables(text, tables)
		if err != nil || !bytes.Equal(text, want) {
			t.Errorf("%s does not show %s: %v", to.path, measured, err)
		}
		if bytes.Contains(tables, []byte("/tmp/")) || bytes.Contains(tables, []byte("/home/")) {
			t.Errorf("%s names folders of somebody's machine", to.path)
		}
	}
}

func TestWithTables(t *testing.T) {
	got, err := withTables([]byte("a\n"+tablesBegin+"old\n"+tablesEnd+"b\n"), []byte("new\n"))
	if want := "a\n" + tablesBegin + "new\n" + tablesEnd + "b\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	for _, bad := range []string{"", tablesBegin, tablesEnd, tablesEnd + tablesBegin} {
		if _, err := withTables([]byte(bad), nil); err == nil {
			t.Errorf("%q has a place for tables", bad)
		}
	}
}

// TestCommandLine names folders, files and programs, and does not tell them.
func TestCommandLine(t *testing.T) {
	c, err := parseSuite([]string{"-run", "W1,W2", "-data", "/my/own", "-python", "/a/python,/b/python", "-json=x.json", "-rounds", "3", "-only", "a|b"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "suite -data FOLDER -json FILE -only 'a|b' -python INTERPRETERS -rounds 3 -run W1,W2"; !strings.HasSuffix(c.command, want) || strings.Contains(c.command, "/") {
		t.Errorf("%q, want the end %q", c.command, want)
	}
	if !reflect.DeepEqual(c.names, map[string]bool{"W1": true, "W2": true}) {
		t.Errorf("%v", c.names)
	}
	for _, bad := range [][]string{{"-run", "W99"}, {"-only", "("}, {"-nothing"}} {
		if _, err := parseSuite(bad); err == nil || err == flag.ErrHelp {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
