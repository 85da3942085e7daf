package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zeebo/xxh3"
)

// TestIndex decodes windows of all files that can have an index with one.
func TestIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	d := Decoder{Options: Options{MissingTables: true}}
	n := 0
	for _, f := range fixtures(t) {
		pix, h, err := whole(&d, f.data)
		if err != nil {
			t.Fatal(err)
		}
		for _, every := range []int{0, 1, 3} {
			index, err := d.AppendIndex(nil, every)
			if errors.Is(err, ErrUnsupported) {
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", f.Name, err)
				break
			}
			n++
			if err := d.UseIndex(index); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
			for range 4 {
				w := window(r, h.Width, h.Height)
				got := rows{t: t}
				if err := d.Rows(w, &got); err != nil || !bytes.Equal(got.pix, crop(pix, h.Width, w)) {
					t.Errorf("%s: window %v with an entry every %d MCUs differs: %v", f.Name, w, every, err)
				}
			}
			if again, err := d.AppendIndex(nil, every); err != nil || !bytes.Equal(again, index) {
				t.Errorf("%s: made with an index, it is another one: %v", f.Name, err)
			}
		}
	}
	if n < 300 {
		t.Errorf("%d indices", n)
	}
}

// TestIndexLarge has files that are un-stuffed in several pieces. They begin with
// more or less noise, so that a piece ends among large blocks or small ones.
func TestIndexLarge(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	m := image.NewGray(image.Rect(0, 0, 1200, 400))
	var d Decoder
	for noisy := 8; noisy < 160; noisy += 8 {
		for i := range m.Pix[(noisy-8)*m.Stride : noisy*m.Stride] {
			m.Pix[(noisy-8)*m.Stride+i] = uint8(r.Uint32())
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: 60}); err != nil {
			t.Fatal(err)
		}
		pix, h, err := whole(&d, file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		index, err := d.AppendIndex(nil, 1)
		if err == nil {
			err = d.UseIndex(index)
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			w := window(r, h.Width, h.Height)
			got := rows{t: t}
			if err := d.Rows(w, &got); err != nil || !bytes.Equal(got.pix, crop(pix, h.Width, w)) {
				t.Errorf("%d rows of noise, %d bytes: window %v differs: %v", noisy, file.Len(), w, err)
			}
		}
	}
}

// indexed returns a file with restart markers or without, its index and pixels.
func indexed(t testing.TB, restarts bool) (file, index, pix []byte, width, height int) {
	var d Decoder
	for _, f := range fixtures(t) {
		p, h, err := whole(&d, f.data)
		if err != nil || h.Progressive || d.scan.interval > 0 != restarts || h.Width < 30 || h.Height < 30 {
			continue
		}
		if index, err := d.AppendIndex(nil, 1); err == nil {
			return f.data, index, p, h.Width, h.Height
		}
	}
	t.Fatal("no such file")
	return
}

// TestIndexDamaged flips every bit of an index, cuts it everywhere, and uses it
// with another file: it must be refused, and decoding go on without.
func TestIndexDamaged(t *testing.T) {
	file, index, pix, w, h := indexed(t, true)
	other, _, _, _, _ := indexed(t, false)
	var d Decoder
	refused := func(name string, index []byte) {
		if err := d.UseIndex(index); !errors.Is(err, ErrIndex) {
			t.Errorf("%s: %v", name, err)
		}
		got := make([]uint8, len(pix))
		if err := d.RGB(got, 3*w, image.Rect(0, 0, w, h)); err != nil || !bytes.Equal(got, pix) {
			t.Fatalf("%s: decoding without it fails: %v", name, err)
		}
	}
	if _, err := d.Open(file); err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(index) {
		bad := slices.Clone(index)
		bad[i/8] ^= 1 << (i % 8)
		refused("flipped", bad)
	}
	for i := range index {
		refused("cut", index[:i])
	}
	refused("longer", append(slices.Clone(index), 0))
	changed := slices.Clone(file)
	changed[len(changed)-5] ^= 1
	for _, f := range [][]byte{changed, other} {
		if _, err := d.Open(f); err != nil {
			t.Fatal(err)
		}
		if err := d.UseIndex(index); !errors.Is(err, ErrIndex) {
			t.Errorf("an index of another file: %v", err)
		}
	}
}

// FuzzIndex forges the sums of damaged indices: whatever they say, decoding ends
// with pixels or an error.
func FuzzIndex(f *testing.F) {
	var files, indices [2][]byte
	for i := range files {
		files[i], indices[i], _, _, _ = indexed(f, i == 1)
		f.Add(indices[i][:len(indices[i])-8], i == 1, uint16(3), uint16(5))
	}
	f.Fuzz(func(t *testing.T, index []byte, restarts bool, x, y uint16) {
		var d Decoder
		file := files[0]
		if restarts {
			file = files[1]
		}
		h, err := d.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		index = binary.LittleEndian.AppendUint64(slices.Clone(index), xxh3.Hash(index))
		if err := d.UseIndex(index); err != nil && !errors.Is(err, ErrIndex) {
			t.Error(err)
		}
		at := image.Pt(int(x)%h.Width, int(y)%h.Height)
		got := rows{t: t}
		if err := d.Rows(image.Rectangle{at, image.Pt(h.Width, h.Height)}, &got); err != nil && !errors.Is(err, ErrFormat) {
			t.Error(err)
		}
	})
}

// TestNumbers reads numbers as encoding/binary does, whatever the bytes.
func TestNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 100_000 {
		b := make([]byte, r.IntN(12))
		for i := range b {
			b[i] = uint8(r.IntN(256)) | uint8(r.IntN(2))<<7
		}
		unsigned, signed := numbers{b: b}, numbers{b: b}
		got, gotSigned := unsigned.uvarint(), signed.signed()
		want, n := binary.Uvarint(b)
		wantSigned, _ := binary.Varint(b)
		if n <= 0 {
			want, wantSigned, n = 0, 0, len(b)
		}
		if got != want || gotSigned != wantSigned || !bytes.Equal(unsigned.b, b[n:]) || !bytes.Equal(signed.b, b[n:]) {
			t.Fatalf("% x: %d and %d, want %d and %d of %d bytes", b, got, gotSigned, want, wantSigned, n)
		}
	}
}
