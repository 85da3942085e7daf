package raw_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// triple is records of a single field.
var triple = loader.Spec{{Name: "x", DType: dtype.Float32, Shape: loader.Dims(3)}}

// triples writes files of so many records with the numbers 0, 1, 2, ...
func triples(t testing.TB, records ...int) (dir string) {
	files, x := map[string]string{}, float32(0)
	for i, n := range records {
		var b []byte
		for range 3 * n {
			b = binary.NativeEndian.AppendUint32(b, math.Float32bits(x))
			x++
		}
		files[fmt.Sprint(i, ".bin")] = string(b)
	}
	return tree(t, files)
}

// TestConformance checks a source of each kind, with files of 0 to 29 bytes.
func TestConformance(t *testing.T) {
	files, lines := map[string]string{}, ""
	for i := range 30 {
		name := fmt.Sprintf("%d/%02d.txt", i%3, i)
		files[name] = strings.Repeat(string(rune('a'+i%26)), i)
		lines += fmt.Sprintf(`{"path": %q, "boxes": %s, "word": %q}`+"\n", name, []string{"[]", "[[1, 2, 3, 4]]", "[[1, 2, 3, 4], [5, 6, 7, 8]]"}[i%3], files[name])
	}
	files["m.jsonl"] = lines
	dir, records, numbers := tree(t, files), shards(t, binary.LittleEndian, "head"), triples(t, 30, 17)
	for name, open := range map[string]func() (loader.Source, error){
		"folder": func() (loader.Source, error) {
			return raw.Open(dir, raw.Options{Label: raw.ParentDir, Path: "path", Extensions: []string{".txt"}})
		},
		"manifest": func() (loader.Source, error) { return raw.OpenManifest(dir+"/m.jsonl", raw.ManifestOptions{}) },
		"records": func() (loader.Source, error) {
			return raw.OpenRecords([]string{records}, raw.RecordOptions{Fields: small, Header: 4})
		},
		"records of one field": func() (loader.Source, error) {
			return raw.OpenRecords([]string{numbers}, raw.RecordOptions{Fields: triple})
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
