//go:build race

package shard_test

// raceEnabled: sync.Pool drops what it holds at random then, so allocations are
// not counted.
const raceEnabled = true
