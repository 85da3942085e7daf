package reads

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/shard"
)

// files returns files of the numbers 0 to 9, as bytes.
func files(t *testing.T, n int) (*Files, shard.Set) {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, string(rune('a'+i))), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	set, err := shard.Find(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(set, shard.PoolConfig{}, shard.Plan{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Pool.Close() })
	return f, set
}

// want asks for two bytes at 8, 3 and 4 of each file, in that order.
func (r *Rows) want(files int) {
	for f := range files {
		for _, off := range []int64{8, 3, 4} {
			r.Want(f, off, 2)
		}
	}
}

func TestRows(t *testing.T) {
	f, _ := files(t, 2)
	var r Rows
	for range 2 {
		r.want(2)
		if err := r.Read(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		for i := range 6 {
			off := []byte{8, 3, 4}[i%3]
			if data, err := r.Row(i); err != nil || len(data) != 2 || data[0] != off || data[1] != off+1 {
				t.Errorf("row %d is %v, %v", i, data, err)
			}
		}
		r.Close(f)
	}
	if lent, _ := f.Bufs.Held(); lent != 0 {
		t.Errorf("%d bytes were not given back", lent)
	}
}

// TestRowsApart reads from files of which one has lost its end.
func TestRowsApart(t *testing.T) {
	f, set := files(t, 2)
	if err := os.Truncate(set[0].Path, 6); err != nil {
		t.Fatal(err)
	}
	var r Rows
	r.want(2)
	if err := r.Read(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		data, err := r.Row(i)
		if damaged := i < 3; damaged != errors.Is(err, shard.ErrChanged) || !damaged && data[0] != []byte{8, 3, 4}[i%3] {
			t.Errorf("row %d is %v, %v", i, data, err)
		}
	}
	r.Close(f)
}

// TestReadInto reads rows to memory of the loader; nothing is left of them after an
// error.
func TestReadInto(t *testing.T) {
	f, set := files(t, 2)
	var r Rows
	to := make([]byte, 12)
	for range 2 {
		r.want(2)
		if err := r.ReadInto(t.Context(), f, to); err != nil {
			t.Fatal(err)
		}
		for i := range 6 {
			if data, err := r.Row(i); err != nil || len(data) != 2 || &data[0] != &to[2*i] || data[0] != []byte{8, 3, 4}[i%3] {
				t.Errorf("row %d is %v, %v", i, data, err)
			}
		}
		r.Close(f)
	}
	if err := os.Truncate(set[0].Path, 6); err != nil {
		t.Fatal(err)
	}
	r.want(2)
	if err := r.ReadInto(t.Context(), f, to); !errors.Is(err, shard.ErrChanged) || len(r.data) > 0 {
		t.Errorf("of a file that has lost its end: error %v, %d rows", err, len(r.data))
	}
}

func TestRowsStop(t *testing.T) {
	f, _ := files(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var r Rows
	r.want(1)
	if err := r.Read(ctx, f); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read gives %v", err)
	}
	f.Pool.Close()
	r.want(1)
	if err := r.Read(t.Context(), f); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a read of closed files gives %v", err)
	}
}
