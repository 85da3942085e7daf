package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
)

// tree makes empty files in a temporary folder.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		put(t, dir, name, "")
	}
	return dir
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	for _, test := range []struct {
		name, files, want string
	}{
		{"classes", "cat/1.jpg cat/2.JPG dog/1.png", ".: image files in a folder for each class"},
		{"flat", "1.jpg 2.jpeg", ".: image files"},
		{"one folder", "photos/1.jpg", "photos: image files"},
		{"parts", "train/a/1.jpg train/b/1.jpg test/a/2.jpg test/b/2.jpg", "test: image files in a folder for each class, train: image files in a folder for each class"},
		{"tables", "a/1.parquet a/2.parquet b/x.feather b/y.arrow", "a: Parquet, b: Feather"},
		{"both beside each other", "1.parquet 1.arrow", ".: Feather, .: Parquet"},
		{"sounds", "yes/1.wav no/1.wav", ".: WAV files in a folder for each class"},
		{"texts", "good/1.txt bad/1.txt", ".: text files in a folder for each class"},
		{"texts beside data", "readme.txt cat/1.jpg dog/1.jpg dog/notes.txt", ".: image files in a folder for each class"},
		{"notes about data", "a/1.parquet notes/x.txt more/y.txt", "a: Parquet, more: text files, notes: text files"},
		{"hidden", ".cache/1.jpg .a.parquet b/1.pq", "b: Parquet"},
		{"packed", "1.parquet.gz 2.parquet", ".: Parquet"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, strings.Fields(test.files)...)
			sets, err := Find(dir)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range sets {
				rel, err := filepath.Rel(dir, s.Path)
				if err != nil {
					t.Fatal(err)
				}
				kind, _, _ := strings.Cut(s.String(), ", ")
				got = append(got, rel+": "+kind)
			}
			slices.Sort(got)
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("found %s, want %s", got, test.want)
			}
		})
	}
}

func TestFindNothing(t *testing.T) {
	dir := tree(t, "a/b/c/d/e/f/1.jpg", "data.bin", "photo.jpg.gz")
	for path, want := range map[string]string{
		dir:                              "no data set found",
		filepath.Join(dir, "data.bin"):   ".parquet",
		filepath.Join(dir, "is-missing"): "is-missing",
	} {
		if sets, err := Find(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%s) = %v, %v, want an error with %q", path, sets, err, want)
		}
	}
}

// A manifest is told what its columns mean.
func TestOpenManifest(t *testing.T) {
	dir := tree(t, "1.jpg", "2.jpg")
	put(t, dir, "train.jsonl", `{"path": "1.jpg", "boxes": [[1, 2, 3, 4]], "class": ["cat"], "year": 1999}
{"path": "2.jpg", "boxes": [], "class": [], "year": 2001}
`)
	sets, err := Find(filepath.Join(dir, "train.jsonl"))
	if err != nil || len(sets) != 1 || sets[0].Format != Manifest {
		t.Fatalf("found %v, %v", sets, err)
	}
	src, err := sets[0].Open(map[string]loader.Field{"boxes": {Kind: kind.Boxes}, "class": {Kind: kind.Label, Follows: "boxes"}})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	const want = "[image uint8 (?) encoded image; boxes float32 (?, 4) boxes; class int32 (?) label]"
	if got := src.Spec().String(); got != want {
		t.Errorf("fields are %s, want %s", got, want)
	}
	if _, err := sets[0].Open(map[string]loader.Field{"box": {Kind: kind.Boxes}}); err == nil || !strings.Contains(err.Error(), `"box"`) {
		t.Errorf("a column that is not there gives %v", err)
	}
	folder := Set{Path: dir, Format: Images}
	if _, err := folder.Open(map[string]loader.Field{"x": {Kind: kind.Label}}); err == nil {
		t.Error("columns of a folder of files could be described")
	}
}
