package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// childCommand is the command that runs a contender in a process of its own. It
// is for the suite to call.
const childCommand = "contender"

// opener starts a contender from its configuration.
type opener func(config json.RawMessage) (*rounds.Work, error)

// children lists the contenders that run in a process of their own.
func children() map[string]opener {
	return map[string]opener{
		"accelerators": openAccelerators,
		"loader":       openLoader,
		"cached":       openCached,
		"imaging":      openGoPeer,
		"bytes":        openBytes,
		"numbers":      openNumbers,
		"jpeg":         openJPEG,
		"resize":       openResize,
		"tokens":       openTokens,
		"volumes":      openVolumes,
		"turbo":        openTurbo,
		"table":        openTable,
		"text":         openText,
	}
}

// runChild serves the contender that args name.
func runChild(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 || children()[args[0]] == nil {
		return fmt.Errorf("no contender is called %q", args)
	}
	return rounds.Serve(in, out, children()[args[0]])
}

// decoded returns an opener that is given its configuration as a C.
func decoded[C any](open func(c C) (*rounds.Work, error)) opener {
	return func(config json.RawMessage) (*rounds.Work, error) {
		var c C
		if err := json.Unmarshal(config, &c); err != nil {
			return nil, err
		}
		return open(c)
	}
}

// own returns an entry that runs one of children with this very program.
func (b *bench) own(name, about, child string, config any, check asking) rounds.Entry {
	return rounds.Process(name, about, rounds.Command{Args: []string{b.self, childCommand, child}, Config: config}, check)
}

// linesOf runs another command of this program, which is told config and writes a
// value of JSON in each line. It returns what it said last if that was no good end; a
// command that says nothing for longer than patience is ended.
func linesOf[V any](ctx context.Context, patience time.Duration, command string, config any, each func(V)) (why string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	told, err := json.Marshal(config)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, command, string(told))
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	end := time.AfterFunc(patience, cancel)
	defer end.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); end.Reset(patience) {
		var v V
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			cancel()
			cmd.Wait()
			return "", fmt.Errorf("%s says %q: %w", command, lines.Text(), err)
		}
		each(v)
	}
	if err := cmd.Wait(); err != nil {
		first, _, _ := strings.Cut(errs.String(), "\n")
		return fmt.Sprintf("%v: %s", err, first), nil
	}
	return "", nil
}
