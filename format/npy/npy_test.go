package npy_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/npy"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
	"github.com/stokerdata/stoker/shard"
)

// stored returns a .npy file with the given header and elements.
func stored(descr, shape string, data any) []byte {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape)
	header += strings.Repeat(" ", 64-(10+len(header)+1)%64) + "\n"
	b := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	b, err := binary.Append(append(b, header...), binary.LittleEndian, data)
	if err != nil {
		panic(err)
	}
	return b
}

// ramp returns 0, 1, 2, ... from first on.
func ramp[T uint8 | uint16 | int32 | float32](first, n int) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = T(first + i)
	}
	return list
}

// member is an array of an archive.
type member struct {
	name string
	data []byte
}

// archived returns an .npz file.
func archived(method uint16, members ...member) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name + ".npy", Method: method})
		if err == nil {
			_, err = w.Write(m.data)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// folder returns a folder of the given files.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t testing.TB, path string, o npy.Options) *npy.Source {
	t.Helper()
	src, err := npy.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// texts returns field name of all rows, in order, with its shape.
func texts(t testing.TB, src loader.Source, name string, c loader.Config) (rows []string) {
	t.Helper()
	c.BatchSize = 1
	for b := range loadertest.All(t, src, c) {
		v := b.Row(name, 0)
		rows = append(rows, fmt.Sprintf("%v%v", v.Shape, values(v)))
	}
	return rows
}

func values(v loader.Tensor) any {
	switch v.DType {
	case dtype.Bool, dtype.Uint8:
		return v.Data
	case dtype.Int8:
		return loader.View[int8](v)
	case dtype.Uint16, dtype.Float16:
		return loader.View[uint16](v)
	case dtype.Int16:
		return loader.View[int16](v)
	case dtype.Uint32:
		return loader.View[uint32](v)
	case dtype.Int32:
		return loader.View[int32](v)
	case dtype.Uint64:
		return loader.View[uint64](v)
	case dtype.Int64:
		return loader.View[int64](v)
	case dtype.Float32:
		return loader.View[float32](v)
	}
	return loader.View[float64](v)
}

// TestNumPy reads what NumPy has written: see testdata/make.py.
func TestNumPy(t *testing.T) {
	ascending := "(2, 3)[0 1 2 3 4 5]"
	for _, file := range []string{"types.npz", "packed.npz"} {
		spec := open(t, "testdata/"+file, npy.Options{}).Spec()
		if len(spec) != 18 {
			t.Errorf("%s: %d fields, want 18", file, len(spec))
		}
		for _, f := range spec {
			want := ascending
			switch {
			case f.Name == "scalar":
				want = "()[7]"
			case f.Name == "empty":
				want = "(0, 4)[]"
			case f.DType == dtype.Bool:
				want = "(2, 3)[1 0 0 1 0 0]"
			case f.DType == dtype.Float16:
				want = "(2, 3)[0 15360 16384 16896 17408 17664]"
			}
			got := texts(t, open(t, "testdata/"+file, npy.Options{}), f.Name, loader.Config{})
			if len(got) != 1 || got[0] != want {
				t.Errorf("%s: %v is %v, want %v", file, f, got, want)
			}
		}
	}
	for file, want := range map[string]string{
		"plain.npy":    "(3, 4)[0 1 2 3 4 5 6 7 8 9 10 11]",
		"fortran.npy":  "(3, 2)[0 3 1 4 2 5]",
		"version2.npy": "(2, 2)[0 1 2 3]",
		"version3.npy": "(2, 2)[0 1 2 3]",
	} {
		if got := texts(t, open(t, "testdata/"+file, npy.Options{Reverse: true}), "array", loader.Config{}); got[0] != want {
			t.Errorf("%s is %v, want %v", file, got, want)
		}
	}
	for file, want := range map[string]string{
		"fortran.npy": "Fortran order", "objects.npy": "objects, which are pickles", "records.npy": "records", "complex.npy": "type \"<c8\"",
		"text.npy": "type \"<U3\"", "mixed.npz": "objects, which are pickles",
	} {
		if _, err := npy.Open("testdata/"+file, npy.Options{}); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v, want an error with %q", file, err, want)
		}
	}
	good := npy.Options{Columns: []string{"good"}}
	if got := texts(t, open(t, "testdata/mixed.npz", good), "good", loader.Config{}); got[0] != "(2)[0 1]" {
		t.Errorf("the array beside objects is %v", got)
	}
}

// TestHeaders reads headers that NumPy itself does not write, but reads.
func TestHeaders(t *testing.T) {
	for _, text := range []string{
		"{'descr': '<i4', 'fortran_order': False, 'shape': (2L, 1L), }", // Python 2
		"{\"shape\" : ( 2 , 1 ) ,\n\t'fortran_order':False,'descr':'<i4'}\r\n",
	} {
		b := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(text)))
		b = append(append(b, text...), 7, 0, 0, 0, 8, 0, 0, 0)
		src := open(t, folder(t, map[string][]byte{"a.npy": b}), npy.Options{})
		if got := fmt.Sprint(src.Spec(), texts(t, src, "array", loader.Config{BatchSize: 1})); got != "[array int32 (2, 1)] [(2, 1)[7 8]]" {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestFilesAsRows(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"a.npz": archived(zip.Store, member{"x", stored("<i4", "(2, 2)", ramp[int32](0, 4))}, member{"y", stored("<u2", "()", ramp[uint16](7, 1))}),
		"b.npz": archived(zip.Deflate, member{"y", stored(">u2", "()", uint16(8<<8))}, member{"x", stored("<i4", "(3, 2)", ramp[int32](10, 6))}, member{"z", nil}),
	})
	o := npy.Options{Columns: []string{"y", "x"}, Fields: map[string]loader.Field{"y": {Kind: kind.Label}}}
	src := open(t, dir, o)
	if got, want := fmt.Sprint(src.Spec()), "[y uint16 () label; x int32 (?, 2)]"; got != want {
		t.Errorf("fields are %v, want %v", got, want)
	}
	if got, want := fmt.Sprint(texts(t, src, "x", loader.Config{})), "[(2, 2)[0 1 2 3] (3, 2)[10 11 12 13 14 15]]"; got != want {
		t.Errorf("x is %v, want %v", got, want)
	}
	if got, want := fmt.Sprint(texts(t, open(t, dir, o), "y", loader.Config{})), "[()[7] ()[8]]"; got != want {
		t.Errorf("y is %v, want %v", got, want)
	}
}

func TestStack(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"a.npy": stored("<f4", "(3, 2)", ramp[float32](0, 6)), "b.npy": stored("<f4", "(0, 2)", []float32{}), "c.npy": stored("<f4", "(1, 2)", ramp[float32](6, 2)),
	})
	src := open(t, dir, npy.Options{Stack: true})
	if got, want := fmt.Sprint(texts(t, src, "array", loader.Config{})), "[(2)[0 1] (2)[2 3] (2)[4 5] (2)[6 7]]"; got != want {
		t.Errorf("rows are %v, want %v", got, want)
	}
}

// TestCrop compares crops, of arrays that are read in parts and of compressed ones,
// with the whole array, for every way to merge lines.
func TestCrop(t *testing.T) {
	const c, d, h, w = 2, 5, 7, 11
	image, mask := stored("<i4", "(2, 5, 7, 11)", ramp[int32](0, c*d*h*w)), stored("|u1", "(5, 7, 11)", ramp[uint8](0, d*h*w))
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		dir := folder(t, map[string][]byte{"a.npz": archived(method, member{"image", image}, member{"mask", mask})})
		for _, size := range [][]int{{3, 4, 5}, {0, 4, 5}, {3, 0, 5}, {3, 4, 0}, {4}, {5, 7, 11}, {1, 1, 1}} {
			for _, gap := range []int{-1, 4, 30, 500} {
				o := npy.Options{Crop: npy.RandomCrop{Size: size}}
				o.Read.GapBytes = gap
				seen := map[[3]int]bool{}
				for seed := range uint64(20) {
					at := checkCrop(t, open(t, dir, o), seed, size)
					seen[at] = true
				}
				if moves := !slices.Equal(size, []int{5, 7, 11}); moves == (len(seen) == 1) {
					t.Errorf("a crop of %v begins at %v", size, seen)
				}
			}
		}
	}
}

// checkCrop checks that both fields show the same part of arrays of ascending
// numbers, and returns where it begins.
func checkCrop(t *testing.T, src *npy.Source, seed uint64, size []int) (at [3]int) {
	t.Helper()
	dims, want := [3]int{5, 7, 11}, [3]int{5, 7, 11}
	for i, n := range size {
		if n > 0 {
			want[3-len(size)+i] = n
		}
	}
	for b := range loadertest.All(t, src, loader.Config{BatchSize: 1, Seed: seed}) {
		image, mask := b.Row("image", 0), b.Row("mask", 0)
		if image.Shape != loader.Dims(2, want[0], want[1], want[2]) || mask.Shape != loader.Dims(want[0], want[1], want[2]) {
			t.Fatalf("crop %v has the shapes %v and %v", size, image.Shape, mask.Shape)
		}
		list := loader.View[int32](image)
		first := int(list[0])
		at = [3]int{first / 77, first / 11 % 7, first % 11}
		i := 0
		for c := range 2 {
			for z := range want[0] {
				for y := range want[1] {
					for x := range want[2] {
						n := ((c*dims[0]+at[0]+z)*dims[1]+at[1]+y)*dims[2] + at[2] + x
						if int(list[i]) != n || c == 0 && mask.Data[i] != uint8(n) {
							t.Fatalf("crop %v at %v: element %d is %d and %d, want %d", size, at, i, list[i], mask.Data[i%len(mask.Data)], n)
						}
						i++
					}
				}
			}
		}
	}
	return at
}

// TestCropDraws checks that a crop moves from epoch to epoch and not with how the
// loader runs, and that a trace tells where it is.
func TestCropDraws(t *testing.T) {
	files := map[string][]byte{}
	for i := range 12 {
		files[fmt.Sprintf("%02d.npy", i)] = stored("<u2", "(40, 40)", ramp[uint16](0, 1600))
	}
	dir := folder(t, files)
	o := npy.Options{Crop: npy.RandomCrop{Size: []int{3, 3}}}
	want := texts(t, open(t, dir, o), "array", loader.Config{Epochs: 2, Seed: 3})
	for _, c := range []loader.Config{{Epochs: 2, Seed: 3, Workers: 5}, {Epochs: 2, Seed: 3, Readers: 1, Prefetch: 1}} {
		if got := texts(t, open(t, dir, o), "array", c); !slices.Equal(got, want) {
			t.Errorf("%+v: crops are\n%v\nwant\n%v", c, got, want)
		}
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(want)))); n < 22 {
		t.Errorf("%d of 24 crops differ", n)
	}
	ld, err := loader.New(open(t, dir, o), loader.Config{BatchSize: 1, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	tr, err := ld.Trace(t.Context(), 1, 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	at := tr.Steps[0].Notes[0]
	if got := fmt.Sprintf("%v%v", tr.Fields[0].Shape, values(tr.Fields[0])); got != want[17] || at.Name != "crop" || loader.View[uint16](tr.Fields[0])[0] != uint16(40*at.Values[0]+at.Values[1]) {
		t.Errorf("the trace shows %v at %v, want %v", got, at, want[17])
	}
}

func TestConformance(t *testing.T) {
	files, stacks, plain, plainStacks := map[string][]byte{}, map[string][]byte{}, map[string][]byte{}, map[string][]byte{}
	for i := range 30 {
		plain[fmt.Sprintf("%02d.npz", i)] = archived(zip.Store, member{"x", stored("<f4", fmt.Sprintf("(%d, 3)", i%4), ramp[float32](i, i%4*3))})
		plainStacks[fmt.Sprintf("%02d.npy", i)] = stored("<u2", fmt.Sprintf("(%d, 2, 3)", i%7), ramp[uint16](i, i%7*6))
		method := []uint16{zip.Store, zip.Deflate}[i%2]
		files[fmt.Sprintf("%02d.npz", i)] = archived(method, member{"x", stored("<i4", fmt.Sprintf("(%d, 3)", i%4), ramp[int32](i, i%4*3))}, member{"y", stored("|u1", "(5,)", ramp[uint8](i, 5))})
		stacks[fmt.Sprintf("%02d.npy", i)] = stored(">u2", fmt.Sprintf("(%d, 2, 3)", i%7), ramp[uint16](i, i%7*6))
	}
	for name, c := range map[string]struct {
		files map[string][]byte
		o     npy.Options
		field int // that is read straight into batches
	}{
		"files": {files, npy.Options{}, -1}, "one array": {files, npy.Options{Columns: []string{"y"}}, -1}, "plain": {plain, npy.Options{}, 0},
		"stacks": {stacks, npy.Options{Stack: true}, -1}, "plain stacks": {plainStacks, npy.Options{Stack: true}, 0},
		"a deadline": {plain, npy.Options{Pool: shard.PoolConfig{Deadline: time.Minute}}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
				c.field = -1
			}
			dir := folder(t, c.files)
			loadertest.Source(t, func() loader.Source { return open(t, dir, c.o) })
			src := open(t, dir, c.o)
			defer src.Close()
			if f := src.Sizes(nil, nil); f != c.field {
				t.Errorf("field %d is read straight into batches, want %d", f, c.field)
			}
			loadertest.Allocs(t, src, loader.Config{BatchSize: 30, Order: loader.Shuffle{}}, 0)
		})
	}
	crops := open(t, folder(t, plainStacks), npy.Options{Stack: true, Crop: npy.RandomCrop{Size: []int{1, 2}}})
	defer crops.Close()
	if f := crops.Sizes(nil, nil); f >= 0 {
		t.Errorf("field %d, of which parts are read, is read straight into batches", f)
	}
	loadertest.Allocs(t, crops, loader.Config{BatchSize: 30, Order: loader.Shuffle{}}, 0)
}

func TestOpenRefuses(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"a.npy": stored("<i4", "(3, 2)", ramp[int32](0, 6)), "b.npy": stored("<f4", "(3, 2)", ramp[float32](0, 6)), "c.npy": stored("<i4", "(6,)", ramp[int32](0, 6)),
		"d.npz": archived(zip.Deflate, member{"array", stored("<i4", "(3, 2)", ramp[int32](0, 6))}), "e.npy": stored("<i4", "()", ramp[int32](0, 1)),
		"f.npz": archived(zip.Store, member{"x", stored("<i4", "(3, 2)", ramp[int32](0, 6))}, member{"y", stored("<i4", "(2, 3)", ramp[int32](0, 6))}),
		"g.npz": archived(zip.Store), "h.npz": archived(zip.Store, member{"", stored("<i4", "(1,)", ramp[int32](0, 1))}),
	})
	list := func(names ...string) string {
		path := filepath.Join(t.TempDir(), "list")
		var text strings.Builder
		for _, n := range names {
			text.WriteString(filepath.Join(dir, n) + "\n")
		}
		if err := os.WriteFile(path, []byte(text.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return "@" + path
	}
	crop := func(size ...int) npy.Options { return npy.Options{Crop: npy.RandomCrop{Size: size}} }
	for _, c := range []struct {
		path string
		o    npy.Options
		want error
	}{
		{list("a.npy", "b.npy"), npy.Options{}, loader.ErrSpec},
		{list("a.npy", "c.npy"), npy.Options{}, loader.ErrSpec},
		{list("a.npy", "f.npz"), npy.Options{}, loader.ErrSpec},
		{list("d.npz"), npy.Options{Stack: true}, loader.ErrSpec},
		{list("e.npy"), npy.Options{Stack: true}, loader.ErrSpec},
		{list("f.npz"), npy.Options{Stack: true}, loader.ErrCorrupt},
		{list("f.npz"), crop(2, 2), loader.ErrCorrupt},
		{list("g.npz"), npy.Options{}, loader.ErrSpec},
		{list("h.npz"), npy.Options{}, loader.ErrSpec}, // has no name
		{list("a.npy"), npy.Options{Columns: []string{"x"}}, loader.ErrSpec},
		{list("a.npy"), npy.Options{Fields: map[string]loader.Field{"x": {}}}, loader.ErrSpec},
		{list("a.npy"), npy.Options{Fields: map[string]loader.Field{"array": {DType: dtype.BFloat16}}}, loader.ErrSpec},
		{list("a.npy"), npy.Options{Limits: format.Limits{RecordBytes: 23}}, loader.ErrCorrupt},
		{list("f.npz"), npy.Options{Limits: format.Limits{RecordBytes: 23}, Crop: npy.RandomCrop{Size: []int{1, 1}, Columns: []string{"x"}}}, loader.ErrCorrupt}, // y is read as a whole
		{list("a.npy"), npy.Options{Stack: true, Limits: format.Limits{ShardRecords: 2}}, loader.ErrCorrupt},
		{list("a.npy"), crop(4, 1), loader.ErrSpec},
		{list("a.npy"), crop(1, 1, 1), loader.ErrSpec},
		{list("a.npy"), crop(0, 0), loader.ErrSpec},
		{list("a.npy"), crop(-1, 1), loader.ErrSpec},
		{list("a.npy"), npy.Options{Crop: npy.RandomCrop{Size: []int{1}, Columns: []string{"x"}}}, loader.ErrSpec},
		{filepath.Join(dir, "none"), npy.Options{}, os.ErrNotExist},
	} {
		if src, err := npy.Open(c.path, c.o); !errors.Is(err, c.want) || src != nil {
			t.Errorf("Open(%s, %+v) is %v, want %v", c.path, c.o, err, c.want)
		}
	}
}

var _ io.Closer = (*npy.Source)(nil)
