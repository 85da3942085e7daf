package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// purego returns an entry that runs one of children with this program built
// anew without assembly.
func (b *bench) purego(name, about, child string, config any, check asking) rounds.Entry {
	return rounds.Entry{Name: name, About: about, Open: func(ctx context.Context) (*rounds.Contender, error) {
		program, err := b.buildPlain(ctx)
		if err != nil {
			return nil, err
		}
		return rounds.Process(name, about, rounds.Command{Args: []string{program, childCommand, child}, Config: config}, check).Open(ctx)
	}}
}

// buildPlain builds this program with the tag purego, once in a run. It must be
// called where go run -C leaves us: in the folder of the sources.
func (b *bench) buildPlain(ctx context.Context) (string, error) {
	program := filepath.Join(b.work, "plain")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	text, err := os.ReadFile("go.mod")
	if err != nil || !strings.HasPrefix(string(text), "module github.com/stokerdata/stoker/benchmarks\n") {
		return "", fmt.Errorf("it must be built, for which the suite has to run in the folder benchmarks")
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-tags", "purego", "-o", program, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build -tags purego: %w: %s", err, out)
	}
	return program, nil
}
