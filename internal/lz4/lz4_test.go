package lz4

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pierrec/lz4/v4"
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
		{"int32", grow(func(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, r.Uint32N(50_000)) })},
		{"noise", grow(func(b []byte) []byte { return append(b, byte(r.Uint32())) })},
	}
	for _, period := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 100} {
		list = append(list, sample{fmt.Sprint("period ", period), grow(func(b []byte) []byte {
			if len(b) < period || r.IntN(20) == 0 {
				return append(b, byte(r.Uint32()))
			}
			for range r.IntN(30) {
				b = append(b, b[len(b)-period])
			}
			return b
		})})
	}
	return list
}

func compress(t testing.TB, data []byte) []byte {
	t.Helper()
	out := make([]byte, lz4.CompressBlockBound(len(data)))
	n, err := lz4.CompressBlock(data, out, nil)
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
	return out[:n]
}

// plain is Block without short.
func plain(dst []byte, done int, src []byte) (int, error) {
	d, s := done, 0
	for s < len(src) {
		if d, s = sequence(dst, d, src, s); s < 0 {
			return 0, errBlock
		}
	}
	return d, nil
}

// within decodes src to the middle of a larger piece of memory, of which no other
// byte may change.
func within(t testing.TB, decode func([]byte, int, []byte) (int, error), before []byte, size int, src []byte) ([]byte, error) {
	t.Helper()
	const beside = 64
	memory := bytes.Repeat([]byte{0xa5}, beside+len(before)+size+beside)
	copy(memory[beside:], before)
	dst := memory[beside : beside+len(before)+size]
	end, err := decode(dst[:len(dst):len(dst)], len(before), src)
	for _, b := range [][]byte{memory[:beside], memory[len(memory)-beside:]} {
		if bytes.Count(b, []byte{0xa5}) != beside {
			t.Fatal("it writes beside its memory")
		}
	}
	if !bytes.Equal(dst[:len(before)], before) {
		t.Fatal("it writes to what was decoded before")
	}
	if err != nil {
		return nil, err
	}
	return dst[len(before):end], nil
}

func TestBlock(t *testing.T) {
	for _, n := range []int{20, 100, 5000} {
		for _, s := range samples(n) {
			if s.name == "noise" || n < 100 && s.name != "period 1" {
				continue // would be stored
			}
			src := compress(t, s.data)
			for name, decode := range map[string]func([]byte, int, []byte) (int, error){"block": Block, "plain": plain} {
				got, err := within(t, decode, nil, n, src)
				if err != nil || !bytes.Equal(got, s.data) {
					t.Errorf("%s of %d bytes, %s: %v, equal %v", s.name, n, name, err, bytes.Equal(got, s.data))
				}
				if _, err := within(t, decode, nil, n-1, src); err == nil {
					t.Errorf("%s of %d bytes, %s: fits one byte less", s.name, n, name)
				}
			}
		}
	}
}

// TestSequences puts together sequences of all kinds: lengths around those where
// they are stored or copied in another way, from as far back as that matters.
func TestSequences(t *testing.T) {
	before := []byte("thirty-two bytes, decoded before")
	lengths := []int{0, 1, 7, 8, 13, 14, 15, 16, 17, 31, 32, 33, 269, 270, 271, 600}
	for _, literals := range lengths {
		for _, match := range lengths {
			for back := 1; back <= len(before); back++ {
				src, want := []byte(nil), bytes.Clone(before)
				for i := range 3 {
					text := bytes.Repeat([]byte{byte('a' + i), 'b', 'c'}, literals)[:literals]
					src = put(src, text, back, match)
					want = append(want, text...)
					for range match + minMatch {
						want = append(want, want[len(want)-back])
					}
				}
				src, want = append(src, 5<<4, 'i', 's', 'e', 'n', 'd'), append(want, "isend"...)
				size := len(want) - len(before)
				got, err := within(t, Block, before, size, src)
				if err != nil || !bytes.Equal(got, want[len(before):]) {
					t.Fatalf("%d literals and %d bytes from %d back: %v", literals, match+minMatch, back, err)
				}
				for _, n := range []int{size - 1, size - 6, 1, 0} {
					if _, err := within(t, Block, before, n, src); err == nil {
						t.Fatalf("%d literals and %d bytes from %d back fit %d bytes", literals, match+minMatch, back, n)
					}
				}
			}
		}
	}
}

// put appends a sequence to src.
func put(src, literals []byte, back, match int) []byte {
	src = append(src, byte(min(len(literals), more)<<4|min(match, more)))
	src = putMore(src, len(literals))
	src = append(src, literals...)
	return putMore(binary.LittleEndian.AppendUint16(src, uint16(back)), match)
}

func putMore(src []byte, n int) []byte {
	if n < more {
		return src
	}
	for n -= more; n >= 255; n -= 255 {
		src = append(src, 255)
	}
	return append(src, byte(n))
}

func TestDamage(t *testing.T) {
	zeros := make([]byte, 100)
	for name, src := range map[string][]byte{
		"no literals":                     {0x40, 1, 2, 3},
		"length without end":              {0xf0, 255, 255},
		"half an offset":                  {0x10, 1, 2},
		"offset 0":                        append([]byte{0x10, 1, 0, 0}, zeros...),
		"before the beginning":            append([]byte{0x10, 1, 2, 0}, zeros...),
		"long, before the beginning":      append([]byte{0x1f, 1, 2, 0, 9}, zeros...),
		"match that is longer than dst":   append([]byte{0x1f, 1, 1, 0, 255, 255, 255, 0}, zeros...),
		"literals that are more than dst": append(append([]byte{0xf0, 255, 255, 255}, zeros...), make([]byte, 1000)...),
	} {
		if got, err := within(t, Block, nil, 200, src); err == nil {
			t.Errorf("%s: decoded to %d bytes", name, len(got))
		}
	}
	if end, err := Block(make([]byte, 9), 4, nil); end != 4 || err != nil {
		t.Errorf("an empty block ends at %d, %v", end, err)
	}
	for _, s := range samples(3000) {
		if s.name == "noise" {
			continue
		}
		src := compress(t, s.data)
		for n := range src {
			got, err := within(t, Block, nil, len(s.data), src[:n])
			if err == nil && !bytes.HasPrefix(s.data, got) {
				t.Errorf("%s: %d of %d bytes give other bytes", s.name, n, len(src))
			}
		}
	}
}

// FuzzBlock compares Block with its plain twin, and with pierrec's decoder.
func FuzzBlock(f *testing.F) {
	for _, s := range samples(300) {
		if s.name != "noise" {
			f.Add(compress(f, s.data), []byte(nil), 300)
		}
	}
	f.Add([]byte{0x0f, 4, 0, 81, 0x50, 's', 't', 'o', 'k', 'e'}, []byte("stoker"), 200)
	f.Fuzz(func(t *testing.T, src, before []byte, size int) {
		size = min(max(0, size), 1<<16)
		got, err := within(t, Block, before, size, src)
		want, plainErr := within(t, plain, before, size, src)
		if (err == nil) != (plainErr == nil) || !bytes.Equal(got, want) {
			t.Fatalf("%v, %v; equal %v", err, plainErr, bytes.Equal(got, want))
		}
		if len(before) > 64<<10 {
			return // pierrec looks no further back
		}
		other := make([]byte, size)
		n, otherErr := lz4.UncompressBlockWithDict(src, other, before)
		if err == nil && otherErr == nil && !bytes.Equal(got, other[:n]) {
			t.Fatal("pierrec decodes it to other bytes")
		}
	})
}

func TestAllocations(t *testing.T) {
	data := samples(5000)[0].data
	src, dst := compress(t, data), make([]byte, len(data))
	if n := testing.AllocsPerRun(10, func() { Block(dst, 0, src) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkBlock decodes 64 KiB of columns, beside the plain twin and pierrec's
// assembly.
func BenchmarkBlock(b *testing.B) {
	for _, s := range samples(64 << 10)[:4] {
		src, dst := compress(b, s.data), make([]byte, len(s.data))
		for _, c := range []struct {
			name   string
			decode func() (int, error)
		}{
			{"ours", func() (int, error) { return Block(dst, 0, src) }},
			{"plain", func() (int, error) { return plain(dst, 0, src) }},
			{"pierrec", func() (int, error) { return lz4.UncompressBlock(src, dst) }},
		} {
			b.Run(s.name+"/"+c.name, func(b *testing.B) {
				b.SetBytes(int64(len(dst)))
				for b.Loop() {
					if n, err := c.decode(); n != len(dst) || err != nil {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}
