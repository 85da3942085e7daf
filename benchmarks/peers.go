package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// scripts are the peers in Python.
//
//go:embed peers/*.py
var scripts embed.FS

// asking is the check of a contender that runs as a child.
type asking = func(ctx context.Context, ask func(what any) error) (note string, err error)

// unpackPeers writes the scripts into the folder of this run.
func (b *bench) unpackPeers() error { return os.CopyFS(b.work, scripts) }

// python returns an entry that runs a script with the first of our interpreters
// that can.
func (b *bench) python(name, about, script string, config any, check asking) rounds.Entry {
	return rounds.Entry{Name: name, About: about, Open: func(ctx context.Context) (*rounds.Contender, error) {
		var reasons []string // without folders, which are this machine's
		for _, p := range b.pythons {
			c, err := rounds.Process(name, about, rounds.Command{
				Args:   []string{p, "-u", filepath.Join(b.work, "peers", script)},
				Dir:    b.work,
				Config: config,
			}, check).Open(ctx)
			if err == nil {
				return c, nil
			}
			var missing *fs.PathError
			if errors.As(err, &missing) {
				err = fmt.Errorf("%s: %w", filepath.Base(missing.Path), missing.Err)
			}
			if why := err.Error(); !slices.Contains(reasons, why) {
				reasons = append(reasons, why)
			}
		}
		return nil, errors.New(strings.Join(reasons, "; "))
	}}
}
