package raw_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// temporary puts files into a temporary folder.
func temporary(files map[string]string) string {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			panic(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			panic(err)
		}
	}
	return dir
}

// A folder for each class, and a batch of its files.
func ExampleOpen() {
	dir := temporary(map[string]string{"cat/tom.jpg": "(a cat)", "dog/rex.jpg": "(a dog)", "dog/fido.jpg": "(another dog)"})
	defer os.RemoveAll(dir)

	src, err := raw.Open(dir, raw.Options{Label: raw.ParentDir, Extensions: []string{".jpg", ".jpeg"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	fmt.Println(src.Spec(), src.Spec()[1].Names)
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for i := range b.Len() {
			fmt.Printf("%s %v\n", b.Row("image", i).Data, loader.View[int32](b.Row("label", i)))
		}
	}
	// Output:
	// [image uint8 (?) encoded image; label int32 () label] [cat dog]
	// (a cat) [0]
	// (another dog) [1]
	// (a dog) [1]
}

// A manifest of images with the boxes of what is on them.
func ExampleOpenManifest() {
	dir := temporary(map[string]string{
		"img/1.jpg": "(street)", "img/2.jpg": "(empty street)",
		"train.jsonl": `{"path": "img/1.jpg", "boxes": [[10, 20, 30, 40], [5, 5, 9, 9]], "classes": ["car", "bike"]}
{"path": "img/2.jpg", "boxes": [], "classes": []}`,
	})
	defer os.RemoveAll(dir)

	src, err := raw.OpenManifest(filepath.Join(dir, "train.jsonl"), raw.ManifestOptions{
		Fields: loader.Spec{
			{Name: "boxes", Kind: kind.Boxes},
			{Name: "classes", Kind: kind.Label, Follows: "boxes"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	fmt.Println(src.Spec()[2].Names)
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(loader.View[float32](b.Tensor("boxes")), b.Offsets("boxes"))
		fmt.Println(loader.View[int32](b.Tensor("classes")), b.Offsets("classes"))
	}
	// Output:
	// [bike car]
	// [10 20 30 40 5 5 9 9] [0 2 2]
	// [1 0] [0 2 2]
}

// Records of one byte of label and four of pixels.
func ExampleOpenRecords() {
	dir := temporary(map[string]string{"data_batch_1.bin": "\x07abcd\x03efgh"})
	defer os.RemoveAll(dir)

	src, err := raw.OpenRecords([]string{filepath.Join(dir, "data_batch_*.bin")}, raw.RecordOptions{Fields: loader.Spec{
		{Name: "label", DType: dtype.Uint8, Kind: kind.Label},
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(1, 2, 2), Kind: kind.Image},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(b.Tensor("label").Data, b.Tensor("image").Shape, string(b.Tensor("image").Data))
	}
	// Output:
	// [7 3] (2, 1, 2, 2) abcdefgh
}

// What is in memory, here two texts, becomes a folder for each class.
func ExampleWrite() {
	dir := temporary(nil)
	defer os.RemoveAll(dir)

	src, err := mem.Columns(loader.Spec{
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "label", DType: dtype.Int32, Kind: kind.Label, Names: []string{"bad", "good"}},
	}, mem.Strings([]string{"I liked it.", "I did not."}), mem.Of([]int32{1, 0}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	if _, err := raw.Write(context.Background(), filepath.Join(dir, "reviews"), ld.All(context.Background()), raw.WriteOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	names, _ := filepath.Glob(filepath.Join(dir, "reviews/*/*"))
	for _, name := range names {
		text, _ := os.ReadFile(name)
		fmt.Println(filepath.Base(filepath.Dir(name)), filepath.Base(name), string(text))
	}
	// Output:
	// bad 000000001.txt I did not.
	// good 000000000.txt I liked it.
}

// Whatever a loader makes can become files: here the files of a folder become
// records, cut or filled to four bytes.
func ExampleWriteRecords() {
	dir := temporary(map[string]string{"in/b": "2222", "in/a": "1111"})
	defer os.RemoveAll(dir)

	src, err := raw.Open(filepath.Join(dir, "in"), raw.Options{Field: "bytes"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2, Transforms: []loader.Transform{fourBytes{}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	shards, err := raw.WriteRecords(context.Background(), filepath.Join(dir, "out.bin"), ld.All(context.Background()), raw.RecordWriteOptions{RowsPerShard: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range shards {
		content, _ := os.ReadFile(s.Path)
		fmt.Println(filepath.Base(s.Path), s.Rows, s.Bytes, string(content))
	}
	// Output:
	// out-00000-of-00002.bin 1 4 1111
	// out-00001-of-00002.bin 1 4 2222
}

// fourBytes is a transform that gives field 0 the shape (4).
type fourBytes struct{}

func (fourBytes) Bind(in loader.Spec) (loader.Stage, error) {
	out := in.Clone()
	out[0].Shape = loader.Dims(4)
	return loader.Stage{Out: out, Writes: []int{0}, Row: func(w *loader.Worker, s *loader.Sample) error {
		old := s.Fields[0].Data
		four := w.Out(s, 0, dtype.Uint8, loader.Dims(4)).Data
		clear(four[copy(four, old):])
		return nil
	}}, nil
}
