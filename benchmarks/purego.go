package main

import (
	"context"
	"errors"
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

// buildPlain builds this program with the tag purego.
func (b *bench) buildPlain(ctx context.Context) (string, error) {
	return b.build(ctx, "plain", "-tags", "purego", ".")
}

// build builds a program, once in a run. It must be called where go run -C leaves
// us: in the folder of the sources.
func (b *bench) build(ctx context.Context, name string, args ...string) (string, error) {
	program := filepath.Join(b.work, name)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	text, err := os.ReadFile("go.mod")
	if err != nil || !strings.HasPrefix(string(text), "module github.com/stokerdata/stoker/benchmarks\n") {
		return "", errors.New("a program must be built for it, for which the suite has to run in the folder benchmarks")
	}
	if out, err := exec.CommandContext(ctx, "go", append([]string{"build", "-o", program}, args...)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return program, nil
}
