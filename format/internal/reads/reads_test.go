package reads

import (
	"bytes"
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

// TestInto reads ranges to their places, neighbours with one read.
func TestInto(t *testing.T) {
	f, set := files(t, 2)
	for _, c := range []struct {
		what   string
		ranges []shard.Range
		want   []byte
		reads  int64
	}{
		{"nothing", nil, []byte{}, 0},
		{"neighbours", []shard.Range{{Off: 2, Len: 2, Tag: 0}, {Off: 4, Len: 1, Tag: 2}, {Off: 5, Len: 2, Tag: 3}}, []byte{2, 3, 4, 5, 6}, 1},
		{"in another order", []shard.Range{{Off: 4, Len: 2, Tag: 0}, {Off: 2, Len: 2, Tag: 2}}, []byte{4, 5, 2, 3}, 2},
		{"apart", []shard.Range{{Off: 2, Len: 2, Tag: 0}, {Off: 5, Len: 1, Tag: 2}}, []byte{2, 3, 5}, 2},
		{"twice", []shard.Range{{Off: 2, Len: 2, Tag: 0}, {Off: 2, Len: 2, Tag: 2}, {Off: 4, Len: 1, Tag: 4}}, []byte{2, 3, 2, 3, 4}, 2},
		{"of two files", []shard.Range{{File: 1, Off: 0, Len: 1, Tag: 1}, {File: 0, Off: 9, Len: 1, Tag: 0}}, []byte{9, 0}, 2},
		{"with empty ones", []shard.Range{{Off: 3, Tag: 0}, {Off: 3, Len: 1, Tag: 0}, {Off: 4, Tag: 1}, {Off: 4, Len: 1, Tag: 1}, {Off: 10, Tag: 2}}, []byte{3, 4}, 1},
	} {
		before := f.Pool.Stats().Reads
		got := make([]byte, len(c.want))
		if err := Into(t.Context(), f.Pool, got, c.ranges); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v, error %v", c.what, got, c.want, err)
		}
		if n := f.Pool.Stats().Reads - before; n != c.reads {
			t.Errorf("%s: %d reads, want %d", c.what, n, c.reads)
		}
	}
	if err := os.Truncate(set[1].Path, 6); err != nil {
		t.Fatal(err)
	}
	if err := Into(t.Context(), f.Pool, make([]byte, 4), []shard.Range{{File: 1, Off: 5, Len: 4}}); err == nil {
		t.Error("no error behind the end of a file")
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
