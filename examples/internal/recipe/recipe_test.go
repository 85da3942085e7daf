package recipe

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/augment"
	"github.com/stokerdata/stoker/augment/audio"
	"github.com/stokerdata/stoker/augment/tabular"
	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/remainder"
	"github.com/stokerdata/stoker/shard"
)

func Example() {
	const file = `{
		"Source": {"shapes": {"Rows": 1000, "Seed": 3, "Height": 48, "Width": 48}},
		"Transforms": [{"vision.FlipH": {"P": 0.5}}, "vision.ToTensor"],
		"Order": "loader.Shuffle", "BatchSize": 64
	}`
	var d Dataset
	if err := Read([]byte(file), &d); err != nil {
		panic(err)
	}
	src, err := d.Source.Open(".")
	if err != nil {
		panic(err)
	}
	ld, err := loader.New(src, d.Config)
	if err != nil {
		panic(err)
	}
	defer ld.Close()
	fmt.Println(ld.Len(), ld.Spec()[0])
	// Output: 16 image uint8 (3, 48, 48) image
}

func TestRead(t *testing.T) {
	var d Dataset
	err := Read([]byte(`{
		"BatchSize": 3, "Seed": 18446744073709551615, "Remainder": "drop", "OnError": {"Substitute": 7}, "AsReady": true,
		"Order": {"loader.Shuffle": {"Live": 4}},
		"Transforms": [
			"vision.D4",
			{"vision.Decode": {"Limits": {"Pixels": 100}, "Seek": {"Every": 9}}},
			{"vision.RandomResizedCrop": {"Size": 8, "Scale": [0.5, 1]}},
			{"vision.Normalize": {"DType": "float16", "Mean": [1, 2, 3]}},
			{"augment.OneOf": {"Transforms": ["vision.FlipH", {"augment.Compose": [{"audio.Gain": {"MinDB": -3}}]}], "Weights": [1, 2]}},
			{"tabular.Impute": {"With": {"x": 0.25}}},
			{"text.Tokenize": {"Into": "tokens", "With": {"text.Bytes": {"Specials": 4}}, "Begin": 1}}
		]
	}`), &d)
	if err != nil {
		t.Fatal(err)
	}
	seek := d.Transforms[1].(vision.Decode).Seek
	if seek == nil || seek.Every != 9 {
		t.Errorf("Seek is %+v", seek)
	}
	want := loader.Config{
		BatchSize: 3, Seed: 1<<64 - 1, Remainder: remainder.Drop, OnError: loader.Substitute(7), AsReady: true,
		Order: loader.Shuffle{Live: 4},
		Transforms: []loader.Transform{
			vision.D4{},
			vision.Decode{Limits: vision.Limits{Pixels: 100}, Seek: seek},
			vision.RandomResizedCrop{Size: 8, Scale: [2]float64{0.5, 1}},
			vision.Normalize{DType: dtype.Float16, Mean: [3]float32{1, 2, 3}},
			augment.OneOf{Transforms: []loader.Transform{vision.FlipH{}, augment.Compose{audio.Gain{MinDB: -3}}}, Weights: []float64{1, 2}},
			tabular.Impute{With: map[string]float64{"x": 0.25}},
			text.Tokenize{Into: "tokens", With: text.Bytes{Specials: 4}, Begin: 1},
		},
	}
	if !reflect.DeepEqual(d.Config, want) {
		t.Errorf("read\n%+v, want\n%+v", d.Config, want)
	}
}

func TestReadSource(t *testing.T) {
	var d Dataset
	err := Read([]byte(`{"Source": {"parquet": {
		"Data": "x.parquet", "Columns": ["a"], "Limits": {"PageBytes": 9}, "Pool": {"Deadline": "1.5s", "Backend": "direct ring"},
		"Fields": {"a": {"Kind": "key points", "Shape": [-1, 3], "Names": ["left", "right"], "DType": "float32"}}
	}}}`), &d)
	if err != nil {
		t.Fatal(err)
	}
	p := d.Source.opener.(parquetFiles)
	a := loader.Field{Kind: kind.KeyPoints, Shape: loader.Dims(-1, 3), Names: []string{"left", "right"}, DType: dtype.Float32}
	if p.Data != "x.parquet" || p.Limits != (format.Limits{PageBytes: 9}) || p.Pool.Deadline.Milliseconds() != 1500 || p.Pool.Backend != shard.DirectRing || !reflect.DeepEqual(p.Fields["a"], a) {
		t.Errorf("read %+v", p)
	}
}

// TestMistakes names the place and what could stand there.
func TestMistakes(t *testing.T) {
	for file, want := range map[string]string{
		`{"BatchSise": 3}`:                                            `there is no "BatchSise", but Source, BatchSize, Epochs`,
		"{\n\"BatchSize\": 3,\n}":                                     "line 3",
		`{} {}`:                                                       "more than one",
		`{"BatchSize": "many"}`:                                       `BatchSize: "many" should be a number`,
		`{"BatchSize": 1.5}`:                                          "BatchSize: 1.5 does not fit int",
		`{"Seed": -1}`:                                                "Seed: -1 does not fit uint64",
		`{"Remainder": "dorp"}`:                                       `Remainder: there is no "dorp", but short, drop, repeat`,
		`{"OnError": {}}`:                                             `OnError: it is as in {"Skip": 10}`,
		`{"OnError": {"Skip": 1, "Substitute": 1}}`:                   "OnError",
		`{"AsReady": 1}`:                                              "AsReady: 1 should be a bool",
		`{"Transforms": {}}`:                                          "Transforms: map[] should be a list",
		`{"Transforms": ["vision.Decode", "Flip"]}`:                   "Transforms[1]: Flip is neither one of augment.Compose, augment.OneOf",
		`{"Transforms": [{"vision.D4": {"P": 1}}]}`:                   `Transforms[0].vision.D4: there is no "P", but Field`,
		`{"Transforms": [{"a": 1, "b": 2}]}`:                          "Transforms[0]: map[a:1 b:2] is neither",
		`{"Transforms": [null]}`:                                      "Transforms[0]: <nil> is neither",
		`{"Transforms": [{"augment.Filter": {}}]}`:                    "neither",
		`{"Order": {"loader.Shuffle": {"Live": []}}}`:                 "Order.loader.Shuffle.Live: [] should be a number",
		`{"Source": {"raw": {"Label": "Dir"}}}`:                       "Source.raw.Label: there is no function Dir, but ParentDir",
		`{"Source": {"raw": {"Pool": {"FS": {}}}}}`:                   "Source.raw.Pool.FS: this cannot be written in JSON",
		`{"Source": {"parquet": {"Fields": {"a": {"Shape": [-2]}}}}}`: "Source.parquet.Fields.a.Shape: there is no shape [-2]",
		`{"Source": {"raw": {"Pool": {"Backend": "mmap"}}}}`:          `Source.raw.Pool.Backend: there is no "mmap", but pread, direct, ring, direct ring, mmap trusted`,
		`{"Source": {"parquet": {"Pool": {"Deadline": 3}}}}`:          "no duration",
		`{"Transforms": [{"vision.RandomResizedCrop": {"Scale": [0.1, 0.2, 0.3]}}]}`: "Transforms[0].vision.RandomResizedCrop.Scale: 3 values, there are 2",
		`{"Alloc": "malloc"}`: "Alloc: there is no function malloc",
		`[]`:                  "should be an object",
	} {
		var d Dataset
		if err := Read([]byte(file), &d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", file, err, want)
		}
	}
}

// TestOpen opens a data set of each kind.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"cat/1.png", "dog/2.png"} {
		path := filepath.Join(dir, "pictures", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "list.jsonl"), []byte(`{"path": "pictures/cat/1.png", "n": 3}`+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "t.bin"), make([]byte, 64), 0o666); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		`{"raw": {"Data": "pictures", "Label": "ParentDir"}}`:     "[image uint8 (?) encoded image; label int32 () label]",
		`{"any": {"Data": "pictures"}}`:                           "[image uint8 (?) encoded image; label int32 () label]",
		`{"manifest": {"Data": "list.jsonl"}}`:                    "[image uint8 (?) encoded image; n int64 ()]",
		`{"tokens": {"Data": "t.bin", "Window": 4, "Ends": [1]}}`: "[tokens ",
		`{"shapes": {"Rows": 5}}`:                                 "[image uint8 (64, 64, 3)",
		`{"texts": {"Rows": 5}}`:                                  "[text uint8 (?) text",
		`{"tones": {"Rows": 5}}`:                                  "[audio float32",
		`{"table": {"Rows": 5, "Seed": 3, "TaskSeed": 4}}`:        "[x00 float32",
	} {
		var d Dataset
		if err := Read([]byte(`{"Source": `+source+`}`), &d); err != nil {
			t.Fatal(err)
		}
		src, err := d.Source.Open(dir)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := src.Spec().String(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: fields %s, want %s", source, got, want)
		}
	}
	for source, want := range map[string]string{
		`{"any": {"Data": "missing"}}`:      "Source: any: ",
		`{"parquet": {"Data": "pictures"}}`: "Source: parquet: ",
		`{"feather": {"Data": "pictures"}}`: "Source: feather: ",
		`{"npy": {"Data": "pictures"}}`:     "Source: npy: ",
		`{"documents": {"Data": "t"}}`:      "Source: documents: ",
		`"shapes"`:                          "shapes: 0 rows",
	} {
		var d Dataset
		if err := Read([]byte(`{"Source": `+source+`}`), &d); err != nil {
			t.Fatal(err)
		}
		if src, err := d.Source.Open(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v", source, src, err)
		}
	}
	if _, err := (Source{}).Open(dir); err == nil {
		t.Error("no source was opened")
	}
}

// FuzzRead reads anything: a data set, or an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"Source": {"raw": {"Data": "photos", "Label": "ParentDir", "Kind": "text"}}, "BatchSize": 3, "Order": "loader.Shuffle"}`))
	f.Add([]byte(`{"Transforms": ["vision.D4", {"vision.RandomResizedCrop": {"Size": 8, "Scale": [0.5, 1]}}], "OnError": {"Skip": 3}}`))
	f.Add([]byte(`{"Source": {"parquet": {"Fields": {"a": {"Shape": [-1, 4], "Kind": "boxes"}}, "Pool": {"Deadline": "1s"}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d Dataset
		if err := Read(text, &d); err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}
