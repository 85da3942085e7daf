package tokens_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/tokens"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// index returns a Megatron index of sequences of the given lengths.
func index(code byte, lengths, documents []int) []byte {
	b := []byte("MMIDIDX\x00\x00")
	b = binary.LittleEndian.AppendUint64(b, 1)
	b = append(b, code)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(lengths)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(documents)))
	for _, n := range lengths {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	size := map[byte]int{4: 4, 8: 2}[code]
	at := 0
	for _, n := range lengths {
		b = binary.LittleEndian.AppendUint64(b, uint64(at*size))
		at += n
	}
	for _, n := range documents {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	return b
}

func TestMegatron(t *testing.T) {
	list := []uint32{1, 2, 3, 4, 5, 6, 7, 8, 9}
	want := [][]int{{1, 2, 3}, {}, {4, 5, 6, 7, 8, 9}}
	for name, files := range map[string]map[string][]byte{
		"uint16": {"a.bin": pack16(list), "a.idx": index(8, []int{3, 2, 4}, []int{0, 1, 1, 3})},
		"int32":  {"a.bin": pack32(list), "a.idx": index(4, []int{3, 2, 4}, []int{0, 1, 1, 3})},
		"modes":  {"a.bin": pack32(list), "a.idx": append(index(4, []int{3, 2, 4}, []int{0, 1, 1, 3}), 0, 0, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, files)
			src, err := tokens.OpenDocuments(dir, tokens.DocumentOptions{})
			if err != nil {
				t.Fatal(err)
			}
			same(t, "documents", all[int32](t, src, "tokens"), want)
			same(t, "windows", all[int32](t, open(t, dir, tokens.Options{Window: 4}), "tokens"), [][]int{{1, 2, 3, 4}, {5, 6, 7, 8}})
		})
	}
}

// TestMegatronDamage changes each bit of an index, and cuts it everywhere. What
// can still be read must be documents of that file.
func TestMegatronDamage(t *testing.T) {
	whole := index(8, []int{3, 2, 4}, []int{0, 1, 3})
	dir := folder(t, map[string][]byte{"a.bin": pack16(numbers(0, 9))})
	try := func(what string, at int, b []byte) (ok bool) {
		if err := os.WriteFile(filepath.Join(dir, "a.idx"), b, 0o666); err != nil {
			t.Fatal(err)
		}
		src, err := tokens.OpenDocuments(dir, tokens.DocumentOptions{})
		if err != nil {
			if !errors.Is(err, loader.ErrCorrupt) {
				t.Errorf("%s at %d: %v", what, at, err)
			}
			return false
		}
		n := 0
		for _, d := range all[int32](t, src, "tokens") {
			n += len(d)
		}
		if n != 9 {
			t.Errorf("%s at %d: %d tokens", what, at, n)
		}
		return true
	}
	if !try("nothing", 0, whole) {
		t.Fatal("the whole index is refused")
	}
	for n := range whole {
		if try("cut", n, whole[:n]) {
			t.Errorf("an index of %d bytes was read", n)
		}
	}
	kept := 0
	for bit := range 8 * len(whole) {
		b := append([]byte(nil), whole...)
		b[bit/8] ^= 1 << (bit % 8)
		if try("bit", bit, b) {
			kept++
		}
	}
	if kept > 2 { // where a document begins can be another sequence
		t.Errorf("%d changed bits were not noticed", kept)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add(index(8, []int{3, 2, 4}, []int{0, 1, 3}))
	f.Add(index(4, []int{9}, []int{0, 0, 1, 1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := folder(t, map[string][]byte{"a.bin": pack16(numbers(0, 9)), "a.idx": b})
		src, err := tokens.OpenDocuments(dir, tokens.DocumentOptions{})
		if err != nil {
			if !errors.Is(err, loader.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		defer src.Close()
		bytes := int64(0)
		for _, b := range src.Blocks() {
			bytes += b.Bytes
		}
		if bytes != 18 {
			t.Errorf("documents of %d bytes in a file of 18", bytes)
		}
	})
}

func TestDocumentsByEnds(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.bin": pack16([]uint32{1, 0, 0, 2, 3}), "b.bin": pack16([]uint32{4, 0}), "c.bin": nil})
	o := tokens.DocumentOptions{Ends: []uint32{0}}
	src, err := tokens.OpenDocuments(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "documents", all[int32](t, src, "tokens"), [][]int{{1, 0}, {0}, {2, 3}, {4, 0}})
	for name, c := range map[string]struct {
		o    tokens.DocumentOptions
		want error
	}{
		"long":       {tokens.DocumentOptions{Ends: o.Ends, Limits: format.Limits{ValueBytes: 4}}, loader.ErrCorrupt},
		"many":       {tokens.DocumentOptions{Ends: o.Ends, Limits: format.Limits{ShardRecords: 2}}, loader.ErrCorrupt},
		"vocabulary": {tokens.DocumentOptions{Ends: o.Ends, Stored: tokens.Stored{Vocabulary: 3}}, loader.ErrCorrupt},
		"width":      {tokens.DocumentOptions{Stored: tokens.Stored{DType: dtype.Uint16}}, os.ErrNotExist},
	} {
		if _, err := tokens.OpenDocuments(dir, c.o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
