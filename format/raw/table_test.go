package raw

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/stokerdata/stoker/loader"
)

// TestUnpackBomb unpacks zeros, of which any number takes a few bytes.
func TestUnpackBomb(t *testing.T) {
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(z, zeros{}, minUnpacked+1); err != nil {
		t.Fatal(err)
	}
	z.Close()
	for _, limit := range []int64{4 << 30, 1 << 20} {
		name, r, err := unpack("m.csv.zst", bytes.NewReader(packed.Bytes()), int64(packed.Len()), limit)
		if err != nil || name != "m.csv" {
			t.Fatal(name, err)
		}
		n, err := io.Copy(io.Discard, r)
		if !errors.Is(err, loader.ErrCorrupt) || n > min(limit, minUnpacked) {
			t.Errorf("limit %d: %d bytes and %v", limit, n, err)
		}
		r.Close()
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
