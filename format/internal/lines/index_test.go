package lines

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// indexed writes a CSV file of several blocks and returns its path, and that of a
// directory for indexes which is not there yet.
func indexed(t testing.TB) (path, dir string) {
	path = filepath.Join(t.TempDir(), "a.csv")
	var text strings.Builder
	text.WriteString("n,s\n")
	for i := range 12_000 {
		fmt.Fprintf(&text, "%d,\"%s\"\n\n", i, strings.Repeat("x\n", 150))
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path, filepath.Join(t.TempDir(), "some", "where")
}

// one returns the set of one file.
func one(t testing.TB, path string) shard.Set {
	t.Helper()
	set, err := shard.Finder{}.Find(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func openIndexed(t testing.TB, path, dir string) *Source {
	t.Helper()
	s, err := Open("csv", one(t, path), syntax.CSV{Comma: ','}, Options{IndexDir: dir, Infer: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// only returns the path of the only index.
func only(t testing.TB, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d files, %v", len(list), err)
	}
	return filepath.Join(dir, list[0].Name())
}

// scans reports whether opening the source read all of the file.
func scans(s *Source) bool { return s.pool.Stats().Bytes >= s.set[0].Size }

func TestIndex(t *testing.T) {
	path, dir := indexed(t)
	first, second, none := openIndexed(t, path, dir), openIndexed(t, path, dir), openIndexed(t, path, "")
	if !scans(first) || scans(second) {
		t.Errorf("the first read the file: %v, the second: %v", scans(first), scans(second))
	}
	if len(first.blocks) < 4 {
		t.Fatalf("%d blocks", len(first.blocks))
	}
	if !reflect.DeepEqual(first.places, second.places) || !reflect.DeepEqual(first.blocks, second.blocks) || !reflect.DeepEqual(first.heads, second.heads) {
		t.Error("the index tells of other blocks than the file")
	}
	if !reflect.DeepEqual(first.blocks, none.blocks) || first.Fingerprint() != none.Fingerprint() {
		t.Error("with an index, blocks are others than without")
	}
	if only(t, dir) != first.indexPath(0) {
		t.Errorf("index is %s", only(t, dir))
	}
}

// TestProgress has Open tell of a file of several blocks, and of one that has an index.
func TestProgress(t *testing.T) {
	path, dir := indexed(t)
	for _, known := range []bool{false, true} {
		var told []int64
		progress := func(done, total int64) {
			if told = append(told, done); total != one(t, path).Bytes() {
				t.Errorf("%d bytes in all", total)
			}
		}
		s, err := Open("csv", one(t, path), syntax.CSV{Comma: ','}, Options{IndexDir: dir, Infer: 1, Progress: progress})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if !slices.IsSorted(told) || (len(told) == 1) != known || told[len(told)-1] != s.set.Bytes() {
			t.Errorf("told of %d of %d bytes", told, s.set.Bytes())
		}
	}
}

// TestIndexStale changes a file in ways that its index notices, when it is opened or
// when a block is read.
func TestIndexStale(t *testing.T) {
	path, dir := indexed(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte, keepTime bool) {
		info, err := os.Stat(path)
		if err == nil {
			err = os.WriteFile(path, text, 0o666)
		}
		if at := info.ModTime(); err == nil {
			if !keepTime {
				at = at.Add(time.Second)
			}
			err = os.Chtimes(path, at, at)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	again := func(what string, want bool) *Source {
		s := openIndexed(t, path, dir)
		if scans(s) != want {
			t.Errorf("%s: read the file: %v", what, !want)
		}
		return s
	}
	again("new", true)
	again("as it was", false)
	write(text, false)
	again("another time", true)
	write(append(text, "1,2\n"...), true)
	again("another size", true)
	changed := []byte(strings.Replace(string(text)+"1,2\n", "0,\"x", "9,\"x", 1))
	write(changed, true)
	again("another first block", true)
	changed[0] = 'm' // another name
	write(changed, true)
	if s := again("another name", false); s.want[0] != "m" {
		t.Errorf("columns are %q", s.want)
	}
	changed[len(changed)-2]++
	write(changed, true)
	again("another last block", true)

	s := again("as it was", false)
	mid := s.places[2]
	changed[mid.off]++
	write(changed, true)
	s = again("another block between", false)
	rows, err := s.Open(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	err = rows.(loader.Decoder).Decode(nil, 0)
	if !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "a.csv") || !strings.Contains(err.Error(), "index") {
		t.Errorf("a block that was changed: %v", err)
	}
}

// TestIndexOptions makes sure that another way to cut a file has another index.
func TestIndexOptions(t *testing.T) {
	path, dir := indexed(t)
	openIndexed(t, path, dir)
	for name, c := range map[string]struct {
		s syntax.CSV
		o Options
	}{
		"names":  {syntax.CSV{Comma: ',', Columns: []string{"n", "s"}}, Options{}},
		"limits": {syntax.CSV{Comma: ','}, Options{Limits: format.Limits{RecordBytes: 1 << 20}}},
	} {
		c.o.IndexDir, c.o.Infer = dir, 1
		src, err := Open("csv", one(t, path), c.s, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if !scans(src) {
			t.Errorf("with other %s it has the same index", name)
		}
		src.Close()
	}
}

// TestIndexDamaged cuts an index off everywhere and flips its bits: it is made again.
func TestIndexDamaged(t *testing.T) {
	path, dir := indexed(t)
	src := openIndexed(t, path, dir)
	index := only(t, dir)
	good, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	for n := range good {
		if _, err := src.parseIndex(good[:n], src.set[0]); err == nil {
			t.Errorf("%d of %d bytes are read", n, len(good))
		}
	}
	for bit := range 8 * len(good) {
		good[bit/8] ^= 1 << (bit % 8)
		if _, err := src.parseIndex(good, src.set[0]); err == nil {
			t.Errorf("bit %d is not noticed", bit)
		}
		good[bit/8] ^= 1 << (bit % 8)
	}
	other := &Source{name: "csv", syntax: syntax.CSV{Comma: ';'}, o: src.o}
	if _, err := other.parseIndex(good, src.set[0]); err == nil {
		t.Error("the index of another syntax is read")
	}
	for _, bad := range [][]byte{nil, good[:len(good)-1], append([]byte("x"), good...)} {
		if err := os.WriteFile(index, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		s := openIndexed(t, path, dir)
		if got, _ := os.ReadFile(index); !scans(s) || string(got) != string(good) || !reflect.DeepEqual(s.places, src.places) {
			t.Errorf("an index of %d bytes is not made again", len(bad))
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("csv", one(t, path), syntax.CSV{Comma: ','}, Options{IndexDir: filepath.Join(dir, "file")}); err == nil {
		t.Error("a file is no directory")
	}
}

// FuzzIndex parses indexes of any bytes, with a sum that is right.
func FuzzIndex(f *testing.F) {
	s := &Source{name: "csv", syntax: syntax.CSV{Comma: ','}}
	s.o.Limits = s.o.Limits.WithDefaults()
	file := shard.File{Size: 1000, ModTime: time.Unix(1, 2)}
	l := layout{blocks: []block{{place{off: 4, n: 500, line: 2, sum: 1}, 7}, {place{off: 600, n: 400, line: 30}, 1}}}
	head := len(indexMagic) + 3*8
	b := l.index(s.cut(), file)
	f.Add(b[head : len(b)-sumBytes])
	f.Fuzz(func(t *testing.T, rest []byte) {
		b := append(b[:head:head], rest...)
		got, err := s.parseIndex(binary.LittleEndian.AppendUint64(b, xxh3.Hash(b)), file)
		if err != nil {
			return
		}
		end := int64(0)
		for _, p := range got.blocks {
			if p.off < end || p.n <= 0 || p.rows <= 0 || p.rows > p.n || p.off+int64(p.n) > file.Size {
				t.Fatalf("a block of %d rows in %d bytes at %d", p.rows, p.n, p.off)
			}
			end = p.off + int64(p.n)
		}
		if !reflect.DeepEqual(got, must(s.parseIndex(got.index(s.cut(), file), file))) {
			t.Error("written again, it is another")
		}
	})
}

func must(l *layout, err error) *layout {
	if err != nil {
		panic(err)
	}
	return l
}

// BenchmarkOpen opens a file with an index and without.
func BenchmarkOpen(b *testing.B) {
	path, dir := indexed(b)
	for _, dir := range []string{"", dir} {
		b.Run(map[bool]string{true: "scan", false: "index"}[dir == ""], func(b *testing.B) {
			for b.Loop() {
				s, err := Open("csv", one(b, path), syntax.CSV{Comma: ','}, Options{IndexDir: dir, Infer: 1})
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(s.set[0].Size)
				s.Close()
			}
		})
	}
}
