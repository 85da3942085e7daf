//go:build race

package shard

// poison makes Buffers overwrite what comes back, so that a test built with
// -race fails where a buffer is used after Put.
const poison = true
