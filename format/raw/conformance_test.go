package raw_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// TestConformance checks a source of each kind, with files of 0 to 29 bytes.
func TestConformance(t *testing.T) {
	files, lines := map[string]string{}, ""
	for i := range 30 {
		name := fmt.Sprintf("%d/%02d.txt", i%3, i)
		files[name] = strings.Repeat(string(rune('a'+i%26)), i)
		lines += fmt.Sprintf(`{"path": %q, "boxes": %s, "word": %q}`+"\n", name, []string{"[]", "[[1, 2, 3, 4]]", "[[1, 2, 3, 4], [5, 6, 7, 8]]"}[i%3], files[name])
	}
	files["m.jsonl"] = lines
	dir, records := tree(t, files), shards(t, binary.LittleEndian, "head")
	for name, open := range map[string]func() (loader.Source, error){
		"folder": func() (loader.Source, error) {
			return raw.Open(dir, raw.Options{Label: raw.ParentDir, Path: "path", Extensions: []string{".txt"}})
		},
		"manifest": func() (loader.Source, error) { return raw.OpenManifest(dir+"/m.jsonl", raw.ManifestOptions{}) },
		"records": func() (loader.Source, error) {
			return raw.OpenRecords([]string{records}, raw.RecordOptions{Fields: small, Header: 4})
		},
	} {
		t.Run(name, func(t *testing.T) {
			opened := func() loader.Source {
				src, err := open()
				if err != nil {
					t.Fatal(err)
				}
				return src
			}
			loadertest.Source(t, opened)
			src := opened()
			defer src.(io.Closer).Close()
			loadertest.Allocs(t, src, loader.Config{BatchSize: 30}, 0)
		})
	}
}
