package shard_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/shard"
)

func TestUnpack(t *testing.T) {
	text := strings.Repeat("all of it ", 1000)
	for _, c := range []struct {
		name, inner string
		data        []byte
	}{
		{"a.b/x.csv", "a.b/x.csv", []byte(text)},
		{"x.csv.gz", "x.csv", packed(t, "x.gz", text)},
		{"x.csv.ZST", "x.csv", packed(t, "x.zst", text)},
	} {
		for _, limit := range []int64{int64(len(text)), int64(len(text)) - 1, 0} {
			inner, r, err := shard.Unpack(c.name, bytes.NewReader(c.data), limit)
			if err != nil || inner != c.inner {
				t.Fatal(inner, err)
			}
			got, err := io.ReadAll(r)
			if limit == int64(len(text)) {
				if err != nil || string(got) != text {
					t.Errorf("%s: %d bytes, %v", c.name, len(got), err)
				}
			} else if !errors.Is(err, shard.ErrTooLarge) || int64(len(got)) > limit {
				t.Errorf("%s, limit %d: %d bytes, %v", c.name, limit, len(got), err)
			}
			if _, again := r.Read(make([]byte, 1)); again == nil {
				t.Errorf("%s: more to read", c.name)
			}
			r.Close()
		}
	}
	if _, _, err := shard.Unpack("x.gz", strings.NewReader("not packed"), 99); err == nil {
		t.Error("no error for what is not packed")
	}
}
