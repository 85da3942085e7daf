// Package meter counts what a writer has written, and tells it about once a second.
//
//	m := meter.New(path, o.Progress)
//	...
//	m.Add(rows, bytes)
//	m.Tick() // after each batch
//	...
//	m.Tell() // after each shard
package meter

import (
	"time"

	"github.com/stokerdata/stoker/format"
)

// Meter counts what is written.
type Meter struct {
	All format.Written // so far

	progress format.Progress
	last     time.Time
}

// New returns a meter of the data set at path that tells progress, which may be nil.
func New(path string, progress format.Progress) *Meter {
	return &Meter{All: format.Written{Path: path}, progress: progress, last: time.Now()}
}

// Add counts rows and bytes.
func (m *Meter) Add(rows, bytes int64) {
	m.All.Rows += rows
	m.All.Bytes += bytes
}

// Tick tells if a second has gone by.
func (m *Meter) Tick() {
	if m.progress != nil && time.Since(m.last) >= time.Second {
		m.Tell()
	}
}

// Tell tells what was written.
func (m *Meter) Tell() {
	if m.progress != nil {
		m.last = time.Now()
		m.progress(m.All)
	}
}
