package cast

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// TestUint16 compares the kernel with its plain twin.
func TestUint16(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]byte, 2*200+1)
	for i := range src {
		src[i] = byte(r.Uint32())
	}
	compare(t, Uint16ToInt32, plainUint16, 2, src)
	most := binary.LittleEndian.AppendUint16(nil, 0xffff)
	got := make([]int32, 1)
	if Uint16ToInt32(got, most); got[0] != 0xffff {
		t.Errorf("the largest number became %d", got[0])
	}
}

// TestInt32 does the same for numbers that are rounded too.
func TestInt32(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]int32, 100)
	for i := range src {
		src[i] = int32(r.Uint32()) >> (i % 32)
	}
	compare(t, Int32ToFloat32, plain, 1, append(src, math.MinInt32, math.MaxInt32, 1<<24+1, -1<<24-1, 1<<25+2))
}

// TestFloat64 does the same for those too large or too small for a float32,
// infinite, and no numbers.
func TestFloat64(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]float64, 100)
	for i := range src {
		src[i] = math.Float64frombits(r.Uint64())
	}
	for i := range src[:50] {
		src[i] = r.NormFloat64()
	}
	compare(t, Float64ToFloat32, plain, 1, append(src, 0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(),
		math.MaxFloat64, math.MaxFloat32, 1e-45, 1e-40, -1e-300, 1+1.0/(1<<24), 1+3.0/(1<<24)))
}

// compare compares a kernel with its plain twin bit by bit, at all lengths around
// blocks and wherever the numbers begin, of which each is so many values of src, and
// looks at what lies beside them.
func compare[D int32 | float32, S byte | int32 | float64](t *testing.T, kernel, plain func([]D, []S), each int, src []S) {
	t.Helper()
	const beside = -7
	for n := range len(src)/each + 1 {
		for off := range min(len(src)+1-n*each, 64) {
			got, want := make([]D, n+2), make([]D, n+2)
			got[0], got[n+1], want[0], want[n+1] = beside, beside, beside, beside
			kernel(got[1:n+1], src[off:])
			plain(want[1:n+1], src[off:])
			if !bytes.Equal(bits(got), bits(want)) {
				t.Fatalf("%d numbers from %d on are %v, want %v", n, off, got, want)
			}
		}
	}
}

func bits[T any](x []T) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, x)
	if err != nil {
		panic(err) // x has no numbers of fixed size
	}
	return b
}

func BenchmarkUint16(b *testing.B)  { benchmark(b, Uint16ToInt32, plainUint16, 2) }
func BenchmarkInt32(b *testing.B)   { benchmark(b, Int32ToFloat32, plain, 1) }
func BenchmarkFloat64(b *testing.B) { benchmark(b, Float64ToFloat32, plain, 1) }

func benchmark[D int32 | float32, S byte | int32 | float64](b *testing.B, kernel, plain func([]D, []S), each int) {
	dst, src := make([]D, 1024), make([]S, 1024*each)
	for name, by := range map[string]func([]D, []S){"kernel": kernel, "plain": plain} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(binary.Size(dst) + binary.Size(src)))
			for b.Loop() {
				by(dst, src)
			}
		})
	}
}
