package npy_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/npy"
	"github.com/stokerdata/stoker/loader"
)

// read returns the values of all fields of a file, or the first error.
func read(ctx testing.TB, path string, o npy.Options) (text string, err error) {
	src, err := npy.Open(path, o)
	if err != nil {
		return "", err
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1})
	if err != nil {
		return "", errors.Join(err, src.Close())
	}
	defer ld.Close()
	for id := range ld.Len() {
		tr, err := ld.Trace(ctx.Context(), 0, id, 0) // in this goroutine, as fuzzing likes it
		if err != nil {
			return "", err
		}
		for _, f := range tr.Fields {
			text += fmt.Sprint(f.DType, f.Shape, f.Data)
		}
	}
	return text, nil
}

// expected reports whether err is what damage may cause.
func expected(err error) bool {
	return errors.Is(err, loader.ErrCorrupt) || errors.Is(err, loader.ErrSpec)
}

// TestDamage cuts files everywhere and changes a bit of each of their bytes. An archive then
// gives the same values or an error; a .npy file has nothing that could tell of
// elements, but those of its header must not do harm.
func TestDamage(t *testing.T) {
	array := stored("<i4", "(2, 3)", ramp[int32](1, 6))
	columns := map[string][]string{"a.npy": nil, "b.npz": {"x"}, "c.npz": {"x", "y"}}
	for name, whole := range map[string][]byte{
		"a.npy": array,
		"b.npz": archived(zip.Store, member{"x", array}),
		"c.npz": archived(zip.Deflate, member{"x", array}, member{"y", stored("|b1", "(2,)", []byte{0, 1})}),
	} {
		path := filepath.Join(t.TempDir(), name)
		try := func(b []byte) (string, error) {
			if err := os.WriteFile(path, b, 0o666); err != nil {
				t.Fatal(err)
			}
			text, err := read(t, path, npy.Options{Columns: columns[name]})
			if err != nil && (!expected(err) || !strings.Contains(err.Error(), name)) {
				t.Errorf("%s: %v", name, err)
			}
			return text, err
		}
		want, err := try(whole)
		if err != nil {
			t.Fatal(err)
		}
		for n := range whole {
			if _, err := try(whole[:n]); err == nil {
				t.Errorf("%s: the first %d bytes were read", name, n)
			}
		}
		for at := range whole {
			bit := at * 5 % 8
			b := bytes.Clone(whole)
			b[at] ^= 1 << bit
			if got, err := try(b); err == nil && got != want && name != "a.npy" {
				t.Errorf("%s: bit %d of byte %#x was changed, and is %s", name, bit, at, got)
			}
		}
	}
}

// TestHostile is about files that claim much.
func TestHostile(t *testing.T) {
	header := func(text string) []byte {
		b := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(text)))
		return append(b, text...)
	}
	bomb := archived(zip.Deflate, member{"x", stored("|u1", "(8388608,)", make([]byte, 8<<20))})
	huge := archived(zip.Deflate, member{"x", stored("|u1", "(4000000000000,)", make([]byte, 10))})
	at := bytes.LastIndex(huge, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(huge[at+24:], 1<<31) // the size in the directory
	y := member{"y", stored("<i4", "(1,)", ramp[int32](2, 1))}
	inner := archived(zip.Store, y)
	inner = inner[:bytes.Index(inner, []byte("PK\x01\x02"))] // as it lies in an archive
	overlap := archived(zip.Store, member{"x", stored("|u1", fmt.Sprintf("(%d,)", len(inner)), inner)}, y)
	at = bytes.LastIndex(overlap, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(overlap[at+42:], uint32(bytes.Index(overlap, inner))) // the place in the directory
	renamed := archived(zip.Store, y)
	renamed[bytes.LastIndex(renamed, []byte("y.npy"))]++
	many := make([]member, 30_000)
	for i := range many {
		many[i].name = strings.Repeat("n", 200) + fmt.Sprint(i)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"shape.npy":    {header("{'descr': '<i4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }\n"), "shape"},
		"empty.npy":    {header("{'descr': '<i4', 'fortran_order': False, 'shape': (0, 2147483646, 2147483646, 2147483646), }\n"), "shape"},
		"negative.npy": {header("{'descr': '<i4', 'fortran_order': False, 'shape': (-1,), }\n"), "no number"},
		"deep.npy":     {header("{'descr': '<i4', 'fortran_order': False, 'shape': (" + strings.Repeat("1, ", 20000) + "), }\n"), "20000 dimensions"},
		"twice.npy":    {header("{'descr': '<i4', 'descr': '<i4', 'fortran_order': False, 'shape': (), }\n"), "twice"},
		"more.npy":     {header("{'descr': '<i4', 'fortran_order': False, 'shape': (), 'x': 1, }\n"), "unknown key"},
		"keys.npy":     {header("{descr: '<i4'}\n"), "no string at \"descr"},
		"less.npy":     {header("{'descr': '<i4', 'shape': (), }\n"), "2 of descr"},
		"escape.npy":   {header("{'descr': '<i\\x34', 'fortran_order': False, 'shape': (), }\n"), "no string"},
		"behind.npy":   {append(header("{'descr': '|u1', 'fortran_order': False, 'shape': (), }\n"), 1, 2), "an array of [] takes"},
		"tail.npy":     {header("{'descr': '|u1', 'fortran_order': False, 'shape': (), } {}\n"), "no its end"},
		"bomb.npz":     {bomb, "Limits.RecordBytes"},
		"huge.npz":     {huge, "that become"},
		"overlap.npz":  {overlap, "share bytes"},
		"renamed.npz":  {renamed, `"z.npy" in the directory and "y.npy"`},
		"many.npz":     {archived(zip.Store, many...), "of a directory"},
		"bool.npy":     {stored("|b1", "(3,)", []byte{0, 1, 2}), "not a bool"},
	} {
		dir := folder(t, map[string][]byte{name: c.data})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := read(t, dir, npy.Options{Limits: format.Limits{RecordBytes: 4 << 20}})
		runtime.ReadMemStats(&after)
		if !expected(err) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
			t.Errorf("%s: %d bytes were allocated", name, grown)
		}
	}
}

// TestSkipCRC reads an array whose checksum is wrong.
func TestSkipCRC(t *testing.T) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		data := archived(method, member{"x", stored("<i4", "(2,)", ramp[int32](1, 2))})
		at := bytes.LastIndex(data, []byte("PK\x01\x02"))
		data[at+16]++
		dir := folder(t, map[string][]byte{"a.npz": data})
		if _, err := read(t, dir, npy.Options{}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "CRC") {
			t.Errorf("a wrong checksum gives %v", err)
		}
		if text, err := read(t, dir, npy.Options{SkipCRC: true}); err != nil || !strings.HasSuffix(text, "[1 0 0 0 2 0 0 0]") {
			t.Errorf("unchecked, it gives %s, %v", text, err)
		}
	}
}

// TestChangedFile is about a file that is cut behind Open.
func TestChangedFile(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.npy": stored("<i4", "(2,)", ramp[int32](1, 2)), "b.npy": stored("<i4", "(2,)", ramp[int32](3, 2))})
	src := open(t, dir, npy.Options{})
	if err := os.Truncate(filepath.Join(dir, "a.npy"), 130); err != nil {
		t.Fatal(err)
	}
	var rows []string
	ld, err := loader.New(src, loader.Config{BatchSize: 1, OnError: loader.Skip(1)})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprint(loader.View[int32](b.Tensor("array"))))
	}
	if !slices.Equal(rows, []string{"[3 4]"}) {
		t.Errorf("rows are %v", rows)
	}
}

func FuzzArray(f *testing.F) {
	f.Add(stored("<i4", "(2, 3)", ramp[int32](1, 6)))
	f.Add(stored(">f8", "(1, 0)", []byte{}))
	fuzz(f, "a.npy")
}

func FuzzArchive(f *testing.F) {
	array := stored("<i4", "(2, 3)", ramp[int32](1, 6))
	f.Add(archived(zip.Store, member{"x", array}))
	f.Add(archived(zip.Deflate, member{"x", array}, member{"y", stored("|b1", "(2,)", []byte{0, 1})}))
	fuzz(f, "a.npz")
}

// fuzz opens files of any bytes as rows, as stacks, and in part.
func fuzz(f *testing.F, name string) {
	options := []npy.Options{{}, {Stack: true, Reverse: true}, {Crop: npy.RandomCrop{Size: []int{1}}}}
	for i := range options {
		options[i].Limits = format.Limits{RecordBytes: 1 << 20, ShardRecords: 1 << 10}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := folder(t, map[string][]byte{name: data})
		for _, o := range options {
			if _, err := read(t, dir, o); err != nil && !expected(err) {
				t.Errorf("%+v: %v", o, err)
			}
		}
	})
}
