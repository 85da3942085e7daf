package raw

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// TestUnpackBomb reads a manifest of zeros, of which any number takes a few bytes.
func TestUnpackBomb(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.csv.zst")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(z, zeros{}, minUnpacked+1); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int64{4 << 30, 1 << 20} {
		l := format.Limits{BlockBytes: limit}.WithDefaults()
		if _, err := readTable(path, nil, l); !errors.Is(err, loader.ErrCorrupt) || !errors.Is(err, shard.ErrTooLarge) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
