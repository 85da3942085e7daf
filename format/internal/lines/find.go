package lines

import (
	"context"
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// Find returns the files that path names, of a directory those with the given extensions.
// With an unpackDir it also finds the same compressed, and unpacks those that are.
// Progress may be nil.
func Find(path, unpackDir string, c shard.PoolConfig, progress func(done, total int64), ext ...string) (shard.Set, error) {
	ctx := context.Background()
	if unpackDir == "" {
		return shard.Finder{Ext: ext}.Find(ctx, path)
	}
	if c.FS != nil || c.Root != "" {
		return nil, fmt.Errorf("UnpackDir does not go with a Pool.FS or Pool.Root: %w", loader.ErrSpec)
	}
	for _, e := range ext {
		ext = append(ext, e+".gz", e+".zst")
	}
	set, err := shard.Finder{Ext: ext}.Find(ctx, path)
	if err == nil {
		set, err = set.Unpack(ctx, unpackDir, progress)
	}
	if errors.Is(err, shard.ErrPacked) {
		err = fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	return set, err
}
