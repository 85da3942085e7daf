package inflate

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"hash/adler32"
	"io"
	"math/rand/v2"
	"testing"
)

// deflated returns data as a zlib stream.
func deflated(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// inflated returns what z makes of a stream, taken in steps, up to limit bytes.
func inflated(z *Reader, stream []byte, step, limit int) ([]byte, error) {
	if err := z.Reset(stream); err != nil {
		return nil, err
	}
	var all []byte
	for len(all) < limit {
		p, err := z.Next(step)
		if err != nil && z.part == end {
			all = append(all, z.out[z.r:z.w]...)
			z.r = z.w
			break
		}
		if err != nil {
			return all, err
		}
		all = append(all, p...)
	}
	return all, z.Close()
}

// texts is data of many kinds: what codes and repetitions are made for, and what
// they are not.
func texts() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, f func(i int, before []byte) byte) []byte {
		b := make([]byte, 0, n)
		for i := range n {
			b = append(b, f(i, b))
		}
		return b
	}
	return map[string][]byte{
		"nothing": nil,
		"a byte":  {7},
		"noughts": make([]byte, 300_000),
		"noise":   draw(200_000, func(int, []byte) byte { return byte(r.Uint32()) }),
		"bits":    draw(100_000, func(int, []byte) byte { return byte(r.Uint32()) & 1 }),
		"skew":    draw(200_000, func(int, []byte) byte { return byte(r.ExpFloat64() * 9) }),
		"walk": draw(200_000, func(i int, b []byte) byte {
			if i == 0 {
				return 0
			}
			return b[i-1] + byte(r.IntN(3)) - 1
		}),
		"far": draw(150_000, func(i int, b []byte) byte {
			if i >= 32_768 && i&1023 > 2 {
				return b[i-32_768]
			}
			return byte(r.Uint32())
		}),
		"near": draw(150_000, func(i int, b []byte) byte {
			if d := i >> 12 & 15; d > 0 && i&127 > 2 {
				return b[i-d]
			}
			return byte(r.Uint32())
		}),
	}
}

func TestReader(t *testing.T) {
	var z Reader // one for all, so that nothing is left of a stream in the next
	for name, want := range texts() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
			stream := deflated(t, want, level)
			for _, step := range []int{97, 1501, 70_000, 1_000_000} {
				got, err := inflated(&z, stream, step, 1<<20)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s, level %d, step %d: %d bytes for %d, %v", name, level, step, len(got), len(want), err)
				}
			}
		}
	}
}

// TestRaw reads streams without their heads and checksums, beside whole ones.
func TestRaw(t *testing.T) {
	var z Reader
	for name, want := range texts() {
		stream := deflated(t, want, 6)
		raw := stream[2 : len(stream)-4]
		z.ResetRaw(raw)
		got, err := z.Next(len(want))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: %d bytes for %d, %v", name, len(got), len(want), err)
		}
		if err := z.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, n := range []int{0, len(raw) / 2, len(raw) - 1} {
			z.ResetRaw(raw[:n])
			_, err := z.Next(len(want))
			if err == nil {
				err = z.Close()
			}
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: %d of %d bytes: %v", name, n, len(raw), err)
			}
		}
		if _, err := inflated(&z, stream[:len(stream)-1], 100, 1<<20); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: a whole stream behind a raw one is not checked: %v", name, err)
		}
	}
}

// TestFixed reads a short stream, for which compressors choose the fixed codes.
func TestFixed(t *testing.T) {
	want := []byte("stoker stoker stoker \xff\x90")
	stream := deflated(t, want, flate.BestCompression)
	if stream[2]>>1&3 != 1 {
		t.Fatal("the first block has codes of its own")
	}
	var z Reader
	for range 2 {
		if got, err := inflated(&z, stream, 1, 100); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestTruncated(t *testing.T) {
	var z Reader
	for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestCompression} {
		stream := deflated(t, texts()["skew"][:3000], level)
		for n := range stream {
			if _, err := inflated(&z, stream[:n], 100, 1<<20); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("level %d: %d of %d bytes: %v", level, n, len(stream), err)
			}
		}
	}
}

func TestDamaged(t *testing.T) {
	stream := deflated(t, texts()["skew"][:3000], flate.BestCompression)
	last := len(stream) - 1
	for _, c := range []struct {
		at   int
		mask byte
		want error
	}{{0, 1, errHeader}, {0, 0x80, errHeader}, {1, 1, errHeader}, {1, 0x20, errHeader}, {2, 2, errBlock}, {3, 0xff, errCodes}, {last, 1, errSum}} {
		bad := bytes.Clone(stream)
		bad[c.at] ^= c.mask
		if c.at == 2 {
			bad[c.at] |= 6
		}
		var z Reader
		if _, err := inflated(&z, bad, 100, 1<<20); !errors.Is(err, c.want) {
			t.Errorf("byte %d: %v, want %v", c.at, err, c.want)
		}
	}
	for stream, want := range map[string]error{
		"\x78\x01\x01\x02\x00\x00\x00ab": errStored,
		"\x78\x01\x63\x00\x42\x00":       errDistance, // a nought, then three from two places before
	} {
		var z Reader
		if _, err := inflated(&z, []byte(stream), 1, 100); !errors.Is(err, want) {
			t.Errorf("%x: %v, want %v", stream, err, want)
		}
	}
}

func TestClose(t *testing.T) {
	var z Reader
	if err := z.Reset(deflated(t, []byte("abc"), 6)); err != nil {
		t.Fatal(err)
	}
	if _, err := z.Next(2); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); !errors.Is(err, errLonger) {
		t.Errorf("got %v", err)
	}
}

func TestAdler(t *testing.T) {
	for name, p := range texts() {
		for _, n := range []int{0, 1, 7, 8, 9, 175, 176, 177, 5552, len(p)} {
			p := p[:min(n, len(p))]
			if got, want := adler(1, p), adler32.Checksum(p); got != want {
				t.Errorf("%d bytes of %s: %x, want %x", len(p), name, got, want)
			}
		}
	}
	full := bytes.Repeat([]byte{255}, 1<<20)
	if got, want := adler(1, full), adler32.Checksum(full); got != want {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestAllocations(t *testing.T) {
	var z Reader
	stream := deflated(t, texts()["skew"], 6)
	if n := testing.AllocsPerRun(5, func() {
		if z.Reset(stream) != nil {
			t.Fatal("an error")
		}
		for range 100 {
			if _, err := z.Next(2000); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzReader compares with the standard library: the same bytes, or an error
// from both.
func FuzzReader(f *testing.F) {
	for _, p := range texts() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 9} {
			f.Add(deflated(f, p[:min(len(p), 2000)], level), 7)
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, step int) {
		const limit = 1 << 18
		var want []byte
		r, err := zlib.NewReader(bytes.NewReader(stream))
		if err == nil {
			want, err = io.ReadAll(io.LimitReader(r, limit))
		}
		step = 1 + step&0xffff
		var z Reader
		got, gotErr := inflated(&z, stream, step, limit)
		if len(got) >= limit || len(want) >= limit {
			return // too much to say how it ends
		}
		if (err == nil) != (gotErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%d bytes, %v; want %d bytes, %v", len(got), gotErr, len(want), err)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	benchmark(b, func(stream []byte, rows int) error {
		z := &benchReader
		if err := z.Reset(stream); err != nil {
			return err
		}
		for range rows {
			if _, err := z.Next(1000); err != nil {
				return err
			}
		}
		return z.Close()
	})
}

var benchReader Reader

// BenchmarkReaderIdeal is the standard library's.
func BenchmarkReaderIdeal(b *testing.B) {
	var r io.ReadCloser
	row := make([]byte, 1000)
	benchmark(b, func(stream []byte, rows int) (err error) {
		if r == nil {
			r, err = zlib.NewReader(bytes.NewReader(stream))
		} else {
			err = r.(zlib.Resetter).Reset(bytes.NewReader(stream), nil)
		}
		for range rows {
			if _, err := io.ReadFull(r, row); err != nil {
				return err
			}
		}
		return err
	})
}

// benchmark reads data like the filtered pixels of a photograph.
func benchmark(b *testing.B, read func(stream []byte, rows int) error) {
	r := rand.New(rand.NewPCG(3, 4))
	data := make([]byte, 500_000)
	for i := range data {
		data[i] = byte(r.NormFloat64() * 5)
		if i > 3000 && r.IntN(20) == 0 {
			data[i] = data[i-1500]
		}
	}
	stream := deflated(b, data, 6)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := read(stream, len(data)/1000); err != nil {
			b.Fatal(err)
		}
	}
}
