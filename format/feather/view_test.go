package feather

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/stokerdata/stoker/loader"
)

// viewFile is a file of two views, a short and a long one, and where they lie.
func viewFile(t *testing.T) (b []byte, at int) {
	t.Helper()
	schema := one("v", arrow.BinaryTypes.StringView, false)
	b = ipcFile(t, schema, []arrow.Record{fromJSON(t, schema, `[{"v":"short one"},{"v":"a text that is too long"}]`)})
	at = bytes.Index(b, []byte("\x09\x00\x00\x00short one"))
	if at < 0 {
		t.Fatal("no views")
	}
	return b, at
}

// TestDamagedViews sets the parts of a view to what is not there.
func TestDamagedViews(t *testing.T) {
	for _, test := range []struct {
		name string
		off  int // in the two views
		x    uint32
		want string
	}{
		{"negative length", 0, 1 << 31, "Limits.ValueBytes"},
		{"a length above the limit", 16, 2 << 20, "Limits.ValueBytes"},
		{"a length above the buffer's", 16, 30, "which is not there"},
		{"a buffer that is not there", 24, 1, "which is not there"},
		{"a negative buffer", 24, 1 << 31, "which is not there"},
		{"a place behind the buffer", 28, 9, "which is not there"},
		{"a negative place", 28, 1<<32 - 1, "which is not there"},
	} {
		b, at := viewFile(t)
		binary.LittleEndian.PutUint32(b[at+test.off:], test.x)
		if err := readAll(b, Options{Limits: tight}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

// TestViewsOfOneLength reads views as rows of a fixed shape, or of steps.
func TestViewsOfOneLength(t *testing.T) {
	schema := one("v", arrow.BinaryTypes.BinaryView, true)
	rows := `[{"v":"AAECAwQFBgcICQoLDA0ODxAR"},{"v":null},{"v":"EhMUFRYXGBkaGxwdHh8gISIj"}]` // 18 bytes each
	path := save(t, "a.arrow", ipcFile(t, schema, []arrow.Record{fromJSON(t, schema, rows)}))
	fields := func(s loader.Shape) Options { return Options{Fields: map[string]loader.Field{"v": {Shape: s}}} }
	src := mustOpen(t, path, fields(loader.Dims(2, 9)))
	equal(t, texts(t, src, "v"), "(2, 9) [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17]",
		"(2, 9) [0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]", "(2, 9) [18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35]")
	src = mustOpen(t, path, fields(loader.Dims(-1, 6)))
	if got := texts(t, src, "v"); !strings.HasPrefix(got[2], "(3, 6) [18 19") || got[1] != "(0, 6) []" {
		t.Errorf("got %q", got)
	}
	for _, shape := range []loader.Shape{loader.Dims(17), loader.Dims(-1, 7)} {
		if _, err := readBlock(t, mustOpen(t, path, fields(shape)), 0); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "do not fit the shape") {
			t.Errorf("%v: error %v", shape, err)
		}
	}
}
