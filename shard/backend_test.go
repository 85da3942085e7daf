package shard_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/shard/shardtest"
)

var backends = map[string]shard.Backend{
	"Pread": shard.Pread, "Direct": shard.Direct, "Ring": shard.Ring, "DirectRing": shard.DirectRing, "MmapTrusted": shard.MmapTrusted,
}

func TestBackends(t *testing.T) {
	for name, backend := range backends {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			shardtest.Pool(t, shard.PoolConfig{Backend: backend})
		})
		t.Run(name+"/deadline", func(t *testing.T) {
			shardtest.Pool(t, shard.PoolConfig{Backend: backend, Deadline: time.Minute})
		})
		t.Run(name+"/few descriptors", func(t *testing.T) {
			shardtest.Pool(t, shard.PoolConfig{Backend: backend, MaxOpen: 2})
		})
	}
}

func TestBackendRefused(t *testing.T) {
	for _, cfg := range []shard.PoolConfig{{Backend: shard.Direct, FS: shard.OS()}, {Backend: 99}} {
		if _, err := shard.NewPool(nil, cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}

// TestMmapWrites writes to memory that was lent: the file stays as it is.
func TestMmapWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("hello"), 0o666); err != nil {
		t.Fatal(err)
	}
	set, err := shard.Find(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := shard.NewPool(set, shard.PoolConfig{Backend: shard.MmapTrusted})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	list := []shard.Range{{Len: 5}}
	bufs := shard.NewBuffers(1 << 20)
	buf, err := p.Fetch(t.Context(), bufs, shard.Plan{}, list)
	if err != nil {
		t.Fatal(err)
	}
	list[0].Data[0] = 'J'
	bufs.Put(buf)
	if b, err := os.ReadFile(path); string(b) != "hello" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}
