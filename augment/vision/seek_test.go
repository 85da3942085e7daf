package vision

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/loader"
)

// cropping is a pipeline whose crops leave most of an image out.
func cropping(seek *SeekIndex) []loader.Transform {
	return []loader.Transform{Decode{Seek: seek}, RandomCrop{Size: 40}, FlipH{P: 0.5}, ToTensor{}}
}

// TestSeekBytes runs two epochs without an index, with one that is made on the
// way, one that is there, one that is too small and one of other files.
func TestSeekBytes(t *testing.T) {
	src := everything(t, 40, jpegFile)
	want := digest(t, src, 1, 16, cropping(nil))
	seek := &SeekIndex{Every: 4}
	for i := range 2 {
		if digest(t, src, 1+i, 16, cropping(seek)) != want {
			t.Errorf("run %d with an index gives other bytes", i+1)
		}
	}
	files, size := seek.Stats()
	if files != 40 || size < 40*seekOverhead {
		t.Errorf("%d files of 40, %d bytes", files, size)
	}
	small := &SeekIndex{Bytes: size / 2}
	stale := &SeekIndex{}
	digest(t, everything(t, 41, jpegFile), 1, 16, append([]loader.Transform{Decode{Seek: stale, Orient: true}}, cropping(nil)[1:]...))
	for id := range stale.at {
		stale.at[id] = stale.at[(id+1)%41] // entries of the file behind
	}
	damaged := &SeekIndex{}
	for id := range int64(40) {
		entry, _ := seek.find(id)
		entry = slices.Clone(entry)
		entry[int(id)*7%len(entry)] ^= 1 << (id % 8)
		damaged.put(id, entry)
	}
	for name, x := range map[string]*SeekIndex{"small": small, "stale": stale, "damaged": damaged} {
		if digest(t, src, 2, 16, cropping(x)) != want {
			t.Errorf("%s: other bytes", name)
		}
	}
	if n, b := small.Stats(); n == 0 || n == 40 || b > size/2 {
		t.Errorf("%d files, %d bytes, room for %d", n, b, size/2)
	}
}

// TestSeekKeeps writes an index and reads it again.
func TestSeekKeeps(t *testing.T) {
	x := &SeekIndex{}
	digest(t, everything(t, 12, jpegFile), 1, 4, cropping(x))
	var file bytes.Buffer
	n, err := x.WriteTo(&file)
	if err != nil || n != int64(file.Len()) {
		t.Fatalf("%d bytes of %d written, %v", n, file.Len(), err)
	}
	var y SeekIndex
	if m, err := y.ReadFrom(bytes.NewReader(file.Bytes())); err != nil || m != n {
		t.Fatalf("%d bytes of %d read, %v", m, n, err)
	}
	for id := range int64(12) {
		a, _ := x.find(id)
		b, ok := y.find(id)
		if !ok || !bytes.Equal(a, b) {
			t.Errorf("entry %d differs", id)
		}
	}
	var again bytes.Buffer
	if y.WriteTo(&again); !bytes.Equal(again.Bytes(), file.Bytes()) {
		t.Error("written again it differs")
	}
	for cut := range file.Len() {
		var z SeekIndex
		_, err := z.ReadFrom(bytes.NewReader(file.Bytes()[:cut]))
		if files, _ := z.Stats(); err == nil && (cut < len(seekMagic) || files == 12) || err != nil && !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("cut at %d: %d entries, %v", cut, files, err)
		}
	}
}

func FuzzSeekIndex(f *testing.F) {
	f.Add([]byte(seekMagic + "\x05\x03abc\x06\x00"))
	f.Add([]byte(seekMagic + "\x05\xff\xff\xff\x07"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x := SeekIndex{Bytes: 1 << 20}
		if _, err := x.ReadFrom(bytes.NewReader(data)); err != nil && !errors.Is(err, loader.ErrCorrupt) {
			t.Error(err)
		}
		if _, n := x.Stats(); n > 1<<20 {
			t.Errorf("%d bytes", n)
		}
	})
}
