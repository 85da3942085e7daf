package raw_test

import (
	"encoding/binary"
	"testing"

	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
)

// TestSources opens a source of each kind row by row and block by block.
func TestSources(t *testing.T) {
	for _, c := range []struct {
		name   string
		src    loader.RandomSource
		fields []string
	}{
		{"folder", must[*raw.Source](t)(raw.Open(tree(t, pets), raw.Options{Label: raw.ParentDir, Path: "path"})), []string{"image", "label", "path"}},
		{"manifest", must[*raw.Source](t)(raw.OpenManifest(manifest(t, "m.jsonl", `{"path": "a.jpg", "x": [1], "y": 2}`+"\n"+`{"path": "b.jpg", "x": [], "y": 3}`), raw.ManifestOptions{})), []string{"image", "x", "y"}},
		{"records", must[*raw.Records](t)(raw.OpenRecords([]string{shards(t, binary.LittleEndian, "")}, raw.RecordOptions{Fields: small})), []string{"label", "x", "pair"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, field := range c.fields {
				byRow, err := all(t, c.src, loader.Config{BatchSize: 2, Workers: 2}, field)
				if err != nil {
					t.Fatal(err)
				}
				// Without OpenRows, a loader goes by blocks.
				ld, err := loader.New(struct{ loader.Source }{c.src}, loader.Config{BatchSize: 2})
				if err != nil {
					t.Fatal(err)
				}
				var byBlock []string
				for b, err := range ld.All(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					for i := range b.Len() {
						byBlock = append(byBlock, string(b.Row(field, i).Data))
					}
				}
				ld.Close()
				equal(t, byBlock, byRow)
			}
		})
	}
}
