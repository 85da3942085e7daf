package raw_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
)

// picky is a transform that refuses empty files.
type picky struct{}

var errEmpty = errors.New("empty")

func (picky) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(_ *loader.Worker, s *loader.Sample) error {
		if len(s.Fields[0].Data) == 0 {
			return errEmpty
		}
		return nil
	}}, nil
}

// TestErrorsNameTheFile checks that whoever is told of a damaged sample can find
// the file, in the error and among those that were skipped.
func TestErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "b.jpg")
	for name, text := range map[string]string{"a.jpg": "a", "b.jpg": "", "c.jpg": "c", "d.txt": "d"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	src, err := raw.Open(dir, raw.Options{Extensions: []string{"jpg"}}) // without its dot
	if err != nil {
		t.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 3, Transforms: []loader.Transform{picky{}}, OnError: loader.Skip(1)})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(t.Context()) {
		if err != nil || b.Len() != 2 {
			t.Fatalf("%v, %v", b, err)
		}
	}
	skipped := ld.Stats().Skipped
	if len(skipped) != 1 || skipped[0].ID != 1 || filepath.Clean(skipped[0].Shard) != bad || !errors.Is(skipped[0], errEmpty) {
		t.Errorf("skipped %v, want %s", skipped, bad)
	}
}
