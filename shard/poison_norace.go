//go:build !race

package shard

// poison is off: see the build with -race.
const poison = false
