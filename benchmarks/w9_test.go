package main

import (
	"os/exec"
	"regexp"
	"testing"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// TestHandover hands batches over to the Python of this machine, if that has NumPy.
func TestHandover(t *testing.T) {
	const python = "python3"
	if err := exec.Command(python, "-c", "import numpy").Run(); err != nil {
		t.Skip("no NumPy: ", err)
	}
	b := &bench{work: t.TempDir(), pythons: []string{python}, scale: 0.05, only: regexp.MustCompile("^(ours.*|raw|memcpy)$")}
	if err := b.unpackPeers(); err != nil {
		t.Fatal(err)
	}
	matches, err := workload9(b)
	if err != nil {
		t.Fatal(err)
	}
	b.restrict(&matches[0])
	r, err := rounds.Run(t.Context(), matches[0], rounds.Options{Rounds: 1, MaxRounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if row.Output != "equal" || len(row.Rounds) != 1 || row.Rounds[0].Items == 0 || row.Rounds[0].CPU == 0 {
			t.Errorf("%+v", row)
		}
	}
}
