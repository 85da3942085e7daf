package main

import (
	"encoding/json"
	"fmt"
	"io"

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
