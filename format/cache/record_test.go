package cache

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// kept is a spec of values that vary, beside a removed field.
var kept = loader.Spec{
	{Name: "a", DType: dtype.Uint8, Shape: loader.Dims(-1)},
	{},
	{Name: "b", DType: dtype.Float32, Shape: loader.Dims(2, -1, -1)},
	{Name: "c", DType: dtype.Bool, Shape: loader.Dims(3)},
}

func row(a, b1, b2 int) []loader.Tensor {
	return []loader.Tensor{
		{DType: dtype.Uint8, Shape: loader.Dims(a), Data: bytes.Repeat([]byte{7}, a)},
		{},
		{DType: dtype.Float32, Shape: loader.Dims(2, b1, b2), Data: bytes.Repeat([]byte{8}, 8*b1*b2)},
		{DType: dtype.Bool, Shape: loader.Dims(3), Data: []byte{1, 0, 1}},
	}
}

func record(t testing.TB, l *layout, id int64, row []loader.Tensor) []byte {
	t.Helper()
	n, err := l.size(row)
	if err != nil {
		t.Fatal(err)
	}
	rec := make([]byte, n)
	l.put(rec, id, row)
	stamp(rec)
	return rec
}

// FuzzRecord reads records with the right checksum and whatever behind it: they
// are rows of the spec, or refused.
func FuzzRecord(f *testing.F) {
	l := newLayout(kept)
	for _, r := range [][]loader.Tensor{row(0, 0, 0), row(5, 2, 3), row(9, 0, 7)} {
		f.Add(record(f, &l, 3, r)[recordHead:])
	}
	f.Add(append(record(f, &l, 3, row(5, 2, 3))[recordHead:], make([]byte, 8)...))
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, body []byte) {
		rec := append(binary.NativeEndian.AppendUint64(make([]byte, 8), 3), body...)
		stamp(rec)
		got := make([]loader.Tensor, len(kept))
		if l.sound(rec, 4, got) {
			t.Error("it is a record of another row")
		}
		if !l.sound(rec, 3, got) {
			return
		}
		n, err := l.size(got)
		if err != nil || n != len(rec) {
			t.Fatalf("a record of %d bytes holds a row of %d: %v", len(rec), n, err)
		}
		again := make([]loader.Tensor, len(kept))
		if !l.sound(record(t, &l, 3, got), 3, again) {
			t.Fatal("what was read cannot be written")
		}
		for i := range got {
			if got[i].Shape != again[i].Shape || !bytes.Equal(got[i].Data, again[i].Data) {
				t.Errorf("field %d was %v and became %v", i, got[i], again[i])
			}
		}
	})
}

func TestSizeRefuses(t *testing.T) {
	l := newLayout(kept)
	for name, change := range map[string]func(r []loader.Tensor){
		"type":      func(r []loader.Tensor) { r[0].DType = dtype.Int8 },
		"rank":      func(r []loader.Tensor) { r[0].Shape = loader.Dims(5, 1) },
		"dimension": func(r []loader.Tensor) { r[2].Shape = loader.Dims(1, 4, 3) },
		"bytes":     func(r []loader.Tensor) { r[2].Data = r[2].Data[1:] },
	} {
		r := row(5, 2, 3)
		if _, err := l.size(r); err != nil {
			t.Error(err)
		}
		change(r)
		if n, err := l.size(r); err == nil {
			t.Errorf("%s: a record of %d bytes", name, n)
		}
	}
}
