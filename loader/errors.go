package loader

import (
	"errors"
	"fmt"
	"strings"
)

// SampleError says which sample failed, where it lies, and in which stage.
type SampleError struct {
	ID    int64  // sample id, -1 if no single sample is to blame
	Shard string // as the Source names it, may be empty
	Row   int64  // row within the shard
	Stage string // "read", "decode", or the type of the transform
	Err   error
}

// Error names all that is known.
func (e *SampleError) Error() string {
	var b strings.Builder
	b.WriteString("loader: ")
	if e.Shard != "" {
		fmt.Fprintf(&b, "%s, row %d", e.Shard, e.Row)
		if e.ID >= 0 {
			fmt.Fprintf(&b, " (sample %d)", e.ID)
		}
	} else {
		fmt.Fprintf(&b, "sample %d", e.ID)
	}
	fmt.Fprintf(&b, ": %s: %v", e.Stage, e.Err)
	return b.String()
}

// Unwrap returns the cause.
func (e *SampleError) Unwrap() error { return e.Err }

// ErrorPolicy says what a damaged sample does to the stream. The zero policy
// ends it with the SampleError. All policies leave every rank with the same
// number of batches and are the same on every run, resumed ones included.
type ErrorPolicy struct {
	action errorAction
	budget int64
}

type errorAction uint8

const (
	stop errorAction = iota
	skip
	substitute
)

// Skip leaves damaged samples out of their batches, which become shorter, and
// ends the stream at the one after the first budget ones.
func Skip(budget int64) ErrorPolicy { return ErrorPolicy{skip, budget} }

// Substitute puts the sample with the next id that is whole in the place of a
// damaged one, or, where a whole block cannot be read, the rows of the next
// block that can. It ends the stream at the damaged sample after the first
// budget ones.
func Substitute(budget int64) ErrorPolicy { return ErrorPolicy{substitute, budget} }

// String returns the policy in words.
func (p ErrorPolicy) String() string {
	switch p.action {
	case skip:
		return fmt.Sprintf("skip %d", p.budget)
	case substitute:
		return fmt.Sprintf("substitute %d", p.budget)
	}
	return "stop"
}

// asSampleError completes err with what the engine knows; a SampleError that a
// source made keeps its own place.
func asSampleError(err error, at SampleError) *SampleError {
	var e *SampleError
	if errors.As(err, &e) {
		return e
	}
	at.Err = err
	return &at
}
