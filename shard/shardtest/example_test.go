package shardtest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/shard/shardtest"
)

func ExampleFaultFS() {
	dir, _ := os.MkdirTemp("", "shardtest")
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "x"), []byte("hello"), 0o666)
	ctx := context.Background()
	set, _ := shard.Find(ctx, dir)

	faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{
		{Op: shardtest.Read, Effect: shardtest.Error(syscall.EIO)}, // the first read
		{Op: shardtest.Read, Count: -1, Effect: shardtest.Short(2)},
	}}
	pool, _ := shard.NewPool(set, shard.PoolConfig{FS: faulty})
	defer pool.Close()
	b := make([]byte, 5)
	err := pool.ReadAt(ctx, 0, b, 0)
	fmt.Printf("%s %v, after %d reads and %d retry\n", b, err, faulty.Calls(shardtest.Read), pool.Stats().Retries)
	// Output: hello <nil>, after 4 reads and 1 retry
}
