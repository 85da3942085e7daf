package feather

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// words returns n bytes that compress well but not too well.
func words(n int) []byte {
	rng := rand.New(rand.NewPCG(31, 32))
	b := make([]byte, 0, n+16)
	for len(b) < n {
		b = append(b, []string{"alpha ", "beta ", "gamma ", "delta "}[rng.IntN(4)]...)
		b = append(b, byte(rng.IntN(256)))
	}
	return b[:n]
}

func lz4Frame(t testing.TB, b []byte, options ...lz4.Option) []byte {
	t.Helper()
	var out bytes.Buffer
	w := lz4.NewWriter(&out)
	if err := w.Apply(options...); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstdFrame(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

func TestLZ4Frames(t *testing.T) {
	noise := make([]byte, 70_000) // is stored, not compressed
	rng := rand.New(rand.NewPCG(33, 34))
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	for _, data := range [][]byte{words(1), words(100), words(65_536), words(300_000), noise} {
		for name, options := range map[string][]lz4.Option{
			"plain":     {lz4.ChecksumOption(false), lz4.BlockSizeOption(lz4.Block64Kb)},
			"checksums": {lz4.ChecksumOption(true), lz4.BlockSizeOption(lz4.Block64Kb)},
			"size":      {lz4.SizeOption(uint64(len(data))), lz4.BlockSizeOption(lz4.Block256Kb)},
		} {
			frame := lz4Frame(t, data, options...)
			got := make([]byte, len(data))
			if err := decodeLZ4(got, frame); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s, %d bytes: error %v, equal %v", name, len(data), err, bytes.Equal(got, data))
			}
			for _, n := range []int{len(data) - 1, len(data) + 1} {
				if err := decodeLZ4(make([]byte, n), frame); err == nil {
					t.Errorf("%s: frame of %d bytes was read as %d", name, len(data), n)
				}
			}
			for n := range min(len(frame), 64) {
				if err := decodeLZ4(got, frame[:n]); err == nil && n < len(frame) {
					t.Errorf("%s: %d of %d bytes were read as a frame", name, n, len(frame))
				}
			}
		}
	}
}

// TestLinkedLZ4 reads a frame whose second block refers to the first, with
// checksums of the blocks as stored: pierrec's writer links none, and sums up
// what is in them instead.
func TestLinkedLZ4(t *testing.T) {
	first := words(1000)
	block := make([]byte, lz4.CompressBlockBound(len(first)))
	n, err := lz4.CompressBlock(first, block, nil)
	if err != nil {
		t.Fatal(err)
	}
	frame := binary.LittleEndian.AppendUint32(nil, lz4Magic)
	frame = append(frame, 1<<6|lz4HasBlockSum, 4<<4) // linked blocks of at most 64 KiB
	frame = append(frame, byte(xxh32(frame[4:6])>>8))
	frame = binary.LittleEndian.AppendUint32(frame, uint32(n))
	frame = append(frame, block[:n]...)
	frame = binary.LittleEndian.AppendUint32(frame, xxh32(block[:n]))
	// A match of 15+4+81 bytes, 1,000 bytes back, then the literals "stoke".
	second := []byte{0x0f, 0xe8, 0x03, 81, 0x50, 's', 't', 'o', 'k', 'e'}
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(second)))
	frame = append(frame, second...)
	frame = binary.LittleEndian.AppendUint32(frame, xxh32(second))
	frame = binary.LittleEndian.AppendUint32(frame, 0)
	got := make([]byte, 1105)
	if err := decodeLZ4(got, frame); err != nil {
		t.Fatal(err)
	}
	if want := append(append(first[:1000:1000], first[:100]...), "stoke"...); !bytes.Equal(got, want) {
		t.Error("linked blocks give other bytes")
	}
	frame[20] ^= 1
	if err := decodeLZ4(got, frame); !errors.Is(err, errLZ4Sum) {
		t.Errorf("damaged block: error %v", err)
	}
}

// The digests are those of the xxHash specification's own program.
func TestXXH32(t *testing.T) {
	for text, want := range map[string]uint32{"": 0x02cc5d05, "a": 0x550d7456, "abc": 0x32d153ff, "Nobody inspects the spammish repetition": 0xe2293b2f} {
		if got := xxh32([]byte(text)); got != want {
			t.Errorf("xxh32(%q) = %#x, want %#x", text, got, want)
		}
	}
}

// claim returns a buffer that claims to hold n bytes.
func claim(n int64, frame []byte) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(n)), frame...)
}

func TestDecompress(t *testing.T) {
	data := words(5000)
	bomb := make([]byte, 8<<20)
	for _, test := range []struct {
		name string
		how  codec
		b    []byte
		want string // error
	}{
		{"lz4", codecLZ4, claim(5000, lz4Frame(t, data)), ""},
		{"zstd", codecZstd, claim(5000, zstdFrame(t, data)), ""},
		{"stored", codecZstd, claim(-1, data), ""},
		{"lz4 less", codecLZ4, claim(4999, lz4Frame(t, data)), "compressed buffer of 4999 bytes"},
		{"zstd less", codecZstd, claim(4999, zstdFrame(t, data)), "compressed buffer of 4999 bytes"},
		{"zstd more", codecZstd, claim(5001, zstdFrame(t, data)), "claims"},
		{"negative", codecZstd, claim(-2, data), "claims to hold -2 bytes"},
		{"above the limit", codecLZ4, claim(1<<20+1, data), "Limits.PageBytes is 1048576"},
		{"huge", codecLZ4, claim(1<<62, data), "Limits.PageBytes is 1048576"},
		{"zstd bomb", codecZstd, claim(64, zstdFrame(t, bomb)), "compressed buffer of 64 bytes"},
		{"lz4 bomb", codecLZ4, claim(64, lz4Frame(t, bomb)), "compressed buffer of 64 bytes"},
		{"noise", codecZstd, claim(64, data), "compressed buffer of 64 bytes"},
		{"short", codecZstd, []byte{1, 2, 3}, "compressed buffer of 3 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			lim := format.Limits{PageBytes: 1 << 20, BlockBytes: 1 << 20}
			r := rows{s: &source{bufs: shard.NewBuffers(2 << 20), lim: lim}, raw: [][]byte{test.b}, rooms: make([][]byte, 1)}
			err := r.makeRoom(t.Context())
			var got []byte
			if err == nil {
				got, err = decompress(r.rooms[0], test.b, test.how)
			}
			switch {
			case test.want == "" && (err != nil || !bytes.Equal(got, data)):
				t.Errorf("error %v", err)
			case test.want != "" && (!errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want %q", err, test.want)
			}
			if strings.Contains(test.want, "Limits") && r.room != nil {
				t.Errorf("%d bytes were allocated", cap(r.room))
			}
		})
	}
}

// TestNothing decompresses a buffer without bytes and without a frame: as Arrow Java
// writes that of texts which are all empty.
func TestNothing(t *testing.T) {
	for _, how := range []codec{codecLZ4, codecZstd} {
		if got, err := decompress(nil, claim(0, nil), how); err != nil || len(got) > 0 {
			t.Errorf("codec %d: %d bytes, error %v", how, len(got), err)
		}
	}
}

func TestGuard(t *testing.T) {
	err := func() (err error) {
		defer guard(&err)
		var none []byte
		_ = none[len(words(1))]
		return nil
	}()
	if err == nil || !strings.Contains(err.Error(), "decoder panicked") {
		t.Errorf("panic gave %v", err)
	}
}

func TestExpand(t *testing.T) {
	for n := range 40 {
		bools := make([]byte, n)
		for i := range bools {
			bools[i] = byte(i * i % 7 & 1)
		}
		got := make([]byte, n)
		expand(got, pack(nil, bools))
		if !bytes.Equal(got, bools) {
			t.Errorf("%d bools: got %v, want %v", n, got, bools)
		}
	}
}

func BenchmarkDecompress(b *testing.B) {
	data := words(1 << 20)
	for _, c := range []struct {
		name  string
		how   codec
		frame []byte
	}{{"lz4", codecLZ4, lz4Frame(b, data, lz4.ChecksumOption(false))}, {"lz4-sum", codecLZ4, lz4Frame(b, data)}, {"zstd", codecZstd, zstdFrame(b, data)}} {
		buf := claim(int64(len(data)), c.frame)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			dst := make([]byte, len(data))
			for b.Loop() {
				if _, err := decompress(dst, buf, c.how); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
