package zstd

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// sample is data of one kind, as in the columns of tables.
type sample struct {
	name string
	data []byte
}

func samples(n int) []sample {
	r := rand.New(rand.NewPCG(1, 2))
	grow := func(next func(b []byte) []byte) []byte {
		var b []byte
		for len(b) < n {
			b = next(b)
		}
		return b[:n]
	}
	list := []sample{
		{"int64", grow(func(b []byte) []byte {
			return binary.LittleEndian.AppendUint64(b, uint64(1_700_000_000_000+r.Int64N(1_000_000)))
		})},
		{"float64", grow(func(b []byte) []byte {
			return binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(r.IntN(10_000))/1000))
		})},
		{"text", grow(func(b []byte) []byte { return fmt.Appendf(b, "category_%d", r.IntN(2000)) })},
		{"bits", grow(func(b []byte) []byte { return append(b, byte(r.NormFloat64()*3+10)) })},
		{"noise", grow(func(b []byte) []byte { return append(b, byte(r.Uint32())) })},
		{"zeros", make([]byte, n)},
		{"far", grow(func(b []byte) []byte { // long pieces of what was long ago
			if len(b) < 1000 || r.IntN(3) == 0 {
				return fmt.Appendf(b, "%x", r.Uint64N(1<<r.IntN(64)))
			}
			at := r.IntN(len(b))
			return append(b, b[at:min(len(b), at+r.IntN(3000))]...)
		})},
	}
	for _, period := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 100} {
		list = append(list, sample{fmt.Sprint("period ", period), grow(func(b []byte) []byte {
			if len(b) < period || r.IntN(20) == 0 {
				return append(b, byte(r.Uint32()))
			}
			for range r.IntN(60) {
				b = append(b, b[len(b)-period])
			}
			return b
		})})
	}
	return list
}

func compress(t testing.TB, data []byte, options ...zstd.EOption) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil, append(options, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		t.Fatal(err)
	}
	return e.EncodeAll(data, nil)
}

// decoders are all ways to decode.
func decoders() map[string]func(dst, src []byte) error {
	fast, plain, library := frames{kernel: hasKernel()}, frames{}, Decoder{}
	return map[string]func(dst, src []byte) error{
		"kernel": fast.decode, "plain": plain.decode, "library": library.byLibrary, "decoder": new(Decoder).Decode,
	}
}

// within decodes src to the middle of a larger piece of memory, of which no other
// byte may change.
func within(t testing.TB, decode func(dst, src []byte) error, size int, src []byte) ([]byte, error) {
	t.Helper()
	const beside = 64
	memory := bytes.Repeat([]byte{0xa5}, beside+size+beside)
	dst := memory[beside : beside+size]
	err := decode(dst, src)
	for _, b := range [][]byte{memory[:beside], memory[len(memory)-beside:]} {
		if bytes.Count(b, []byte{0xa5}) != beside {
			t.Fatal("it writes beside its memory")
		}
	}
	if err != nil {
		return nil, err
	}
	return dst, nil
}

func TestDecode(t *testing.T) {
	for _, n := range []int{0, 1, 20, 100, 5000, 300_000} {
		for _, s := range samples(n) {
			for kind, options := range map[string][]zstd.EOption{
				"fastest": {zstd.WithEncoderLevel(zstd.SpeedFastest)},
				"best":    {zstd.WithEncoderLevel(zstd.SpeedBestCompression)},
				"blocks":  {zstd.WithEncoderCRC(false), zstd.WithWindowSize(4096)},
				"zero":    {zstd.WithZeroFrames(true), zstd.WithSingleSegment(true)},
			} {
				src := compress(t, s.data, options...)
				for name, decode := range decoders() {
					got, err := within(t, decode, n, src)
					if err != nil || !bytes.Equal(got, s.data) {
						t.Errorf("%s of %d bytes, %s, %s: %v, equal %v", s.name, n, kind, name, err, bytes.Equal(got, s.data))
					}
					if n == 0 {
						continue
					}
					if _, err := within(t, decode, n-1, src); err == nil {
						t.Errorf("%s of %d bytes, %s, %s: fits one byte less", s.name, n, kind, name)
					}
					if _, err := within(t, decode, n+1, src); err == nil {
						t.Errorf("%s of %d bytes, %s, %s: fills one byte more", s.name, n, kind, name)
					}
				}
			}
		}
	}
}

// TestOtherWriter reads what the library of RFC 8878's authors made of all samples of
// 20,000 bytes, one after the other, at level 19. Unlike klauspost's it splits blocks, and has them
// share tables.
func TestOtherWriter(t *testing.T) {
	src, err := os.ReadFile("testdata/libzstd-1.5.4-level19.zst")
	if err != nil {
		t.Fatal(err)
	}
	var want []byte
	for _, s := range samples(20_000) {
		want = append(want, s.data...)
	}
	for name, decode := range decoders() {
		got, err := within(t, decode, len(want), src)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, equal %v", name, err, bytes.Equal(got, want))
		}
	}
}

// TestFrames reads more than one frame, and skips those without content.
func TestFrames(t *testing.T) {
	skip := append(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, skippable+5), 3), 1, 2, 3)
	one, two := compress(t, []byte("one,")), compress(t, []byte("two"))
	src := bytes.Join([][]byte{skip, one, skip, two}, nil)
	for name, decode := range decoders() {
		got, err := within(t, decode, 7, src)
		if err != nil || string(got) != "one,two" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// bitWriter writes bits to be read backwards.
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) put(x, n int) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(x>>i&1) << (w.n % 8)
		w.n++
	}
}

// blockOf makes the frame of one block of sequences, of each of which codes are the same,
// with the extra bits given.
func blockOf(literals []byte, codes [3]byte, extra [][3]int) []byte {
	var body []byte
	body = append(body, byte(len(literals)<<4)|3<<2, byte(len(literals)>>4), byte(len(literals)>>12))
	body = append(body, literals...)
	body = append(body, byte(len(extra)), oneSymbol<<6|oneSymbol<<4|oneSymbol<<2, codes[literalLength], codes[offset], codes[matchLength])
	var w bitWriter
	for i := len(extra) - 1; i >= 0; i-- { // the last one first, and its parts
		for _, part := range []int{literalLength, matchLength, offset} {
			w.put(extra[i][part], int(fields[part].codes[codes[part]].extra))
		}
	}
	w.put(1, 1)
	body = append(body, w.b...)
	src := binary.LittleEndian.AppendUint32(nil, frameMagic)
	src = append(src, 0, 20<<3) // a window of 1 GiB, no size, no checksum
	head := 1 | compressedBlock<<1 | len(body)<<3
	return append(append(src, byte(head), byte(head>>8), byte(head>>16)), body...)
}

// expand says what sequences mean.
func expand(literals []byte, codes [3]byte, extra [][3]int) (want []byte, ok bool) {
	recent := []int{1, 4, 8}
	for _, x := range extra {
		v := [3]int{}
		for part := range v {
			v[part] = int(fields[part].codes[codes[part]].base) + x[part]
		}
		if v[literalLength] > len(literals) {
			return nil, false
		}
		want = append(want, literals[:v[literalLength]]...)
		literals = literals[v[literalLength]:]
		back, which := v[offset]-3, v[offset]-1
		if v[literalLength] == 0 {
			which++
		}
		switch {
		case back > 0:
			recent = []int{back, recent[0], recent[1]}
		case which == 1:
			recent[0], recent[1] = recent[1], recent[0]
		case which == 2:
			recent = []int{recent[2], recent[0], recent[1]}
		case which == 3:
			recent = []int{recent[0] - 1, recent[0], recent[1]}
		}
		if recent[0] < 1 || recent[0] > len(want) {
			return nil, false
		}
		for range v[matchLength] {
			want = append(want, want[len(want)-recent[0]])
		}
	}
	return append(want, literals...), true
}

// TestSequences puts together sequences of all kinds: each code of one part, beside
// others that are stored or copied in another way.
func TestSequences(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	literals := make([]byte, 14_000)
	for i := range literals {
		literals[i] = byte(r.Uint32())
	}
	tried, right := 0, 0
	all := decoders()
	delete(all, "library") // it takes no window of so much
	delete(all, "decoder")
	for ll := range byte(26) {
		for of := range byte(8) {
			for ml := range byte(43) {
				if tried++; ll > 3 && ll < 15 && ml > 3 && ml < 12 {
					continue // nothing new
				}
				codes := [3]byte{literalLength: ll, offset: of, matchLength: ml}
				extra := make([][3]int, 12)
				for i := range extra {
					for part := range 3 {
						extra[i][part] = r.IntN(1 << fields[part].codes[codes[part]].extra)
					}
				}
				src := blockOf(literals, codes, extra)
				want, ok := expand(literals, codes, extra)
				if len(want) > maxBlock {
					continue
				}
				if ok {
					right++
				}
				for name, decode := range all {
					got, err := within(t, decode, len(want), src)
					if (err == nil) != ok || ok && !bytes.Equal(got, want) {
						t.Fatalf("%s, codes %v: %v, want ok %v, equal %v", name, codes, err, ok, bytes.Equal(got, want))
					}
					if !ok || len(want) == 0 {
						continue
					}
					for _, n := range []int{len(want) - 1, len(want) / 2, 0} {
						if _, err := within(t, decode, n, src); err == nil {
							t.Fatalf("%s, codes %v: %d bytes fit %d", name, codes, len(want), n)
						}
					}
				}
			}
		}
	}
	if right < 3500 {
		t.Errorf("%d of %d kinds are decoded", right, tried)
	}
}

// TestDamage changes frames. What the library refuses may pass only for a window that is
// too small for its offsets, and what it decodes must give the same bytes.
func TestDamage(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	all := decoders()
	library := all["library"]
	for _, s := range samples(3000) {
		for kind, options := range map[string][]zstd.EOption{
			"sum":  {zstd.WithEncoderLevel(zstd.SpeedBestCompression)},
			"bare": {zstd.WithEncoderCRC(false), zstd.WithWindowSize(1024)},
		} {
			whole := compress(t, s.data, options...)
			for i := range 400 {
				src := bytes.Clone(whole)
				if i < len(whole) && i < 100 {
					src = src[:len(src)*i/100]
				} else {
					for range 1 + r.IntN(3) {
						src[r.IntN(len(src))] ^= 1 << r.IntN(8)
					}
				}
				want, wantErr := within(t, library, len(s.data), src)
				for _, name := range []string{"kernel", "plain"} {
					got, err := within(t, all[name], len(s.data), src)
					if wantErr == nil && (err != nil || !bytes.Equal(got, want)) {
						t.Fatalf("%s, %s, %s: %v, equal %v", s.name, kind, name, err, bytes.Equal(got, want))
					}
					if err == nil && kind == "sum" && !bytes.Equal(got, s.data) {
						t.Fatalf("%s, %s: it decodes to other bytes", s.name, name)
					}
				}
			}
		}
	}
}

// FuzzDecode compares the kernel with its plain twin, and both with the library.
func FuzzDecode(f *testing.F) {
	for _, s := range samples(300) {
		f.Add(compress(f, s.data), 300)
		f.Add(compress(f, s.data, zstd.WithEncoderCRC(false)), 300)
	}
	f.Add(blockOf([]byte("literals"), [3]byte{1, 1, 5}, [][3]int{{}, {}, {}}), 40)
	all := decoders()
	f.Fuzz(func(t *testing.T, src []byte, size int) {
		size = min(max(0, size), 1<<18)
		got, err := within(t, all["kernel"], size, src)
		want, plainErr := within(t, all["plain"], size, src)
		if (err == nil) != (plainErr == nil) || !bytes.Equal(got, want) {
			t.Fatalf("%v, %v; equal %v", err, plainErr, bytes.Equal(got, want))
		}
		other, otherErr := within(t, all["library"], size, src)
		if otherErr == nil && (err != nil || !bytes.Equal(got, other)) {
			t.Fatalf("%v; the library decodes it, equal %v", err, bytes.Equal(got, other))
		}
	})
}

func TestAllocations(t *testing.T) {
	data := samples(5000)[1].data
	src, dst := compress(t, data), make([]byte, len(data))
	var d Decoder
	if n := testing.AllocsPerRun(10, func() { d.Decode(dst, src) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkDecode decodes 500,000 bytes of columns, beside the plain twin and the library.
func BenchmarkDecode(b *testing.B) {
	for _, s := range samples(500_000)[:4] {
		src, dst := compress(b, s.data, zstd.WithEncoderLevel(zstd.SpeedDefault)), make([]byte, len(s.data))
		for _, name := range []string{"kernel", "plain", "library"} {
			decode := decoders()[name]
			b.Run(s.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(dst)))
				for b.Loop() {
					if err := decode(dst, src); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
