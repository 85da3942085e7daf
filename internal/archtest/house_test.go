package archtest

import (
	"os"
	"strings"
	"testing"
)

// rules are the rules of the house, each a function that returns what breaks it.
var rules = []struct {
	name  string
	check func(*tree) []string
}{
	{"imports", imports},
	{"modules", modules},
	{"packages", packages},
	{"documented", documented},
	{"globals", globals},
	{"goroutines", goroutines},
	{"randomness", randomness},
	{"files", files},
	{"functions", functions},
	{"api", api},
}

// TestHouse checks this repository.
func TestHouse(t *testing.T) {
	house, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if house.mod == "" || len(exports(house, "loader")) == 0 {
		t.Fatal("this is not the root of the module")
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, f := range r.check(house) {
				t.Error(f)
			}
		})
	}
}

// TestLoaderExports prints the names that a user of package loader meets.
func TestLoaderExports(t *testing.T) {
	house, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	names := exports(house, "loader")
	if len(names) == 0 {
		t.Fatal("no names found")
	}
	t.Logf("loader exports %d names of at most %d: %s", len(names), maxLoaderExports, strings.Join(names, " "))
}
