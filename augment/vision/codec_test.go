package vision

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
)

// dots is a codec of files like "DOT2", of that many pixels in a row, black,
// white and so on.
type dots struct {
	Magic    string
	Channels int
	Fault    string // what it panics with, or the error, while it does this
}

func (d dots) fault(at string) error {
	switch d.Fault {
	case "panic in " + at:
		panic(d.Fault)
	case "error in " + at:
		return errors.New(d.Fault)
	}
	return nil
}

func (d dots) Match(data []byte) bool {
	_ = d.fault("Match")
	return bytes.HasPrefix(data, []byte(d.Magic))
}

func (d dots) Size(data []byte) (height, width, channels int, err error) {
	return 1, int(data[len(d.Magic)] - '0'), d.Channels, d.fault("Size")
}

func (d dots) Decode(dst, data []byte, height, width int) error {
	for i := range dst {
		dst[i] = uint8(i/d.Channels%2) * 255
	}
	return d.fault("Decode")
}

// tilted is dots that may be turned.
type tilted struct{ dots }

func (tilted) Exif([]byte) []byte {
	return []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00")
}

func TestCodecs(t *testing.T) {
	want := []byte{0, 0, 0, 255, 255, 255, 0, 0, 0}
	for _, c := range []struct {
		name  string
		codec Codec
		file  string
	}{
		{"colours", dots{"DOT", 3, ""}, "DOT3"},
		{"grey", dots{"DOT", 1, ""}, "DOT3"},
		{"instead of JPEG", dots{"\xff\xd8\xff", 3, ""}, "\xff\xd8\xff3"},
		{"instead of PNG", dots{"\x89PNG\r\n\x1a\n", 1, ""}, "\x89PNG\r\n\x1a\n3"},
		{"an error in Match", dots{"DOT", 3, "error in Match"}, "DOT3"},
	} {
		got := first(t, encoded(t, []byte(c.file)), Decode{Codecs: []Codec{dots{Magic: "other"}, c.codec, dots{Magic: ""}}}).Fields[0]
		if got.Shape != loader.Dims(1, 3, 3) || !bytes.Equal(got.Data, want) {
			t.Errorf("%s: %v, %d", c.name, got.Shape, got.Data)
		}
	}
	photo := jpegFile(t, gradient(4, 5))
	if got := first(t, encoded(t, photo), Decode{Codecs: []Codec{dots{"DOT", 3, ""}, dots{"", 3, "panic in Match"}}}).Fields[0].Shape; got != loader.Dims(4, 5, 3) {
		t.Errorf("a photograph among dots is %v", got)
	}
}

func TestCodecOrient(t *testing.T) {
	for orient, want := range map[bool]loader.Shape{false: loader.Dims(1, 3, 3), true: loader.Dims(3, 1, 3)} {
		d := Decode{Orient: orient, Codecs: []Codec{tilted{dots{"DOT", 3, ""}}}}
		if got := first(t, encoded(t, []byte("DOT3")), d).Fields[0].Shape; got != want {
			t.Errorf("Orient %t: %v, want %v", orient, got, want)
		}
	}
}

func TestCodecFaults(t *testing.T) {
	for _, c := range []struct {
		codec dots
		file  string
		want  string
	}{
		{dots{"DOT", 3, "panic in Match"}, "DOT3", "not known"},
		{dots{"DOT", 3, "panic in Size"}, "DOT3", "the decoder panicked: panic in Size"},
		{dots{"DOT", 3, "error in Size"}, "DOT3", "error in Size"},
		{dots{"DOT", 3, ""}, "DOT", "the decoder panicked: runtime error: index out of range"},
		{dots{"DOT", 1, "panic in Decode"}, "DOT3", "the decoder panicked: panic in Decode"},
		{dots{"DOT", 1, "error in Decode"}, "DOT3", "error in Decode"},
		{dots{"DOT", 2, ""}, "DOT3", "2 channels"},
		{dots{"DOT", 3, ""}, "DOT0", "1x0 pixels"},
		{dots{"DOT", 3, ""}, "DOT9", "1x9 pixels, the limits are 8"},
	} {
		err := decodeError(t, []byte(c.file), Decode{Codecs: []Codec{c.codec}, Limits: Limits{Pixels: 8}})
		if !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.codec, err, c.want)
		}
	}
	if err := bound(encoded(t, nil).Spec(), Decode{Codecs: []Codec{nil}}); !errors.Is(err, loader.ErrSpec) {
		t.Errorf("no codec: got %v", err)
	}
}

// TestCodecAllocations counts what files cost that codecs of our own decode.
func TestCodecAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("sync.Pool drops at random in builds with the race detector")
	}
	for _, pattern := range []string{"*.png", "*.gif", "*.bmp"} {
		var files [][]byte
		names, err := filepath.Glob("testdata/" + pattern)
		if err != nil || len(names) < 10 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, data)
		}
		count := func(n int) uint64 {
			return mallocs(t, encoded(t, slices.Repeat(files, n)...), Decode{Orient: true})
		}
		few, many := count(50), count(70)
		if per := (float64(many) - float64(few)) / float64(20*len(files)); per > 0.2 {
			t.Errorf("%s: %.3f allocations per file", pattern, per)
		}
	}
}
