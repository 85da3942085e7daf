package loader

import (
	"fmt"
	"slices"
)

// State is a position in the stream of batches: plain data, to be stored as JSON.
type State struct {
	Version int    `json:"version"`
	Seed    uint64 `json:"seed"`
	Epoch   int64  `json:"epoch"`
	// Position counts the samples of the epoch, over all ranks, that lie before
	// the next batch.
	Position int64 `json:"position"`
	// Step is the number of the next batch within the epoch.
	Step int64 `json:"step"`
	// Fingerprint identifies data, order and pipeline.
	Fingerprint string `json:"fingerprint"`
	// Batch is the rows of a global batch.
	Batch int `json:"batch"`
	// Ahead lists the batches behind Position that were delivered already, the
	// one at Position being number 0; only AsReady leaves any.
	Ahead []int64 `json:"ahead,omitempty"`
	// Rank and World are those of a pipeline that regroups rows.
	Rank  int `json:"rank,omitempty"`
	World int `json:"world,omitempty"`
	// Into counts the rows of this rank's part of the global batch at Position
	// that a regrouping pipeline has taken already.
	Into int `json:"into,omitempty"`
	// Held lists the rows that a Regroup stage holds.
	Held []hold `json:"held,omitempty"`
	// Skipped counts the samples that the error policy has replaced or left out.
	Skipped int64 `json:"skipped,omitempty"`
}

// hold is one bin of a Regroup stage: the rows in it, by position in the epoch,
// and, if it is closed, how many rows it gives and has given.
type hold struct {
	Bin    int     `json:"bin"`
	Rows   []int64 `json:"rows"`
	Closed bool    `json:"closed,omitempty"`
	Gives  int     `json:"gives,omitempty"`
	Given  int     `json:"given,omitempty"`
}

func (s State) clone() State {
	s.Ahead = slices.Clone(s.Ahead)
	s.Held = slices.Clone(s.Held)
	for i := range s.Held {
		s.Held[i].Rows = slices.Clone(s.Held[i].Rows)
	}
	return s
}

// checkHeld returns an error unless the rows that s says are taken and held can
// be. A state may come from anywhere, and the regrouper believes it.
func (l *Loader) checkHeld(s *State) error {
	at, _ := (&walker{l: l, epoch: s.Epoch, pos: s.Position}).next()
	taken := 0
	if l.pipe.regroups() && at.epoch == s.Epoch && at.start == s.Position {
		taken = at.n
	}
	if s.Into > taken {
		return fmt.Errorf("%d of %d rows are taken", s.Into, taken)
	}
	if len(s.Held) > 0 && l.pipe.group == nil {
		return fmt.Errorf("rows are held, and no transform holds any")
	}
	rows, held := l.planEpoch(s.Epoch).Len(), int64(0)
	for _, h := range s.Held {
		if h.Bin < 0 || h.Given < 0 {
			return fmt.Errorf("bin %d has given %d rows", h.Bin, h.Given)
		}
		if held += int64(len(h.Rows)); held > rows+int64(l.cfg.BatchSize) {
			return fmt.Errorf("more rows are held than the %d there are", rows)
		}
		for _, pos := range h.Rows {
			if pos < 0 || pos >= rows {
				return fmt.Errorf("position %d of %d is held", pos, rows)
			}
		}
	}
	return nil
}
