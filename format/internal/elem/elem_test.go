package elem

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/loader"

	"github.com/stokerdata/stoker/loader/dtype"
)

func TestSwap(t *testing.T) {
	for size, want := range map[int]string{1: "12345678", 2: "21436587", 4: "43218765", 8: "87654321"} {
		b := []byte("12345678")
		if Swap(b, size); string(b) != want {
			t.Errorf("elements of %d bytes: %s, want %s", size, b, want)
		}
	}
}

func TestIsBig(t *testing.T) {
	if IsBig(binary.LittleEndian) || !IsBig(binary.BigEndian) {
		t.Error("the orders are mixed up")
	}
}

func TestCheckBools(t *testing.T) {
	if err := CheckBools([]byte{0, 1, 1}); err != nil {
		t.Error(err)
	}
	if err := CheckBools([]byte{0, 2}); !errors.Is(err, loader.ErrCorrupt) {
		t.Errorf("2 is a bool: %v", err)
	}
}

func TestAligned(t *testing.T) {
	b := bytes.Repeat([]byte{0}, 64)
	aligned := 0
	for i := range 16 {
		if !Aligned(b[i:], 1) {
			t.Error("a byte can lie anywhere")
		}
		if Aligned(b[i:], 8) {
			aligned++
		}
	}
	if aligned != 2 {
		t.Errorf("%d of 16 places are aligned to 8", aligned)
	}
}

func TestGather(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 8} {
		from := make([]byte, 10*n)
		for i := range from {
			from[i] = byte(i + 1)
		}
		for _, p := range []loader.Pick{
			{Rows: []int{2, 3, 4}, At: []int{1, 2, 3}, Run: true},
			{Rows: []int{9, 0, 9}, At: []int{0, 1, 2}},
			{Rows: []int{1, 2}, At: []int{3, 0}},
			{Run: true},
		} {
			got, want := make([]byte, 4*n), make([]byte, 4*n)
			Gather(got, from, n, p)
			for k, i := range p.Rows {
				copy(want[p.At[k]*n:][:n], from[i*n:])
			}
			if !bytes.Equal(got, want) {
				t.Errorf("rows of %d bytes, %v: %v, want %v", n, p, got, want)
			}
		}
	}
}

// TestNaN looks at the first element of each type: it is no number where there is
// such a value, and stays as it was elsewhere.
func TestNaN(t *testing.T) {
	for d, want := range map[dtype.Type][]byte{
		dtype.Float16: {0, 0x7e}, dtype.BFloat16: {0xc0, 0x7f}, dtype.Float32: {0, 0, 0xc0, 0x7f},
		dtype.Float64: {1, 0, 0, 0, 0, 0, 0xf8, 0x7f}, dtype.Int32: {9, 9, 9, 9},
	} {
		b := bytes.Repeat([]byte{9}, 2*d.Size())
		NaN(b, d)
		if binary.LittleEndian.Uint16([]byte{1, 0}) != binary.NativeEndian.Uint16([]byte{1, 0}) {
			Swap(b, d.Size())
		}
		if !bytes.Equal(b, slices.Concat(want, want)) {
			t.Errorf("%v: %v, want %v twice", d, b, want)
		}
	}
}

// TestInterleave lays columns of elements of all sizes side by side.
func TestInterleave(t *testing.T) {
	const rows, columns, stride = 19, 5, 7
	for _, size := range []int{1, 2, 4, 8} {
		from, dst := make([][]byte, columns), make([]byte, rows*stride*size)
		for g := range from {
			for at := range rows * size {
				from[g] = append(from[g], byte(1+g+11*at))
			}
		}
		Interleave(dst, stride, size, from)
		for at, x := range dst {
			i, g, k := at/(stride*size), at/size%stride, at%size
			want := byte(0)
			if g < columns {
				want = from[g][i*size+k]
			}
			if x != want {
				t.Fatalf("elements of %d bytes: byte %d of (%d, %d) is %d, want %d", size, k, i, g, x, want)
			}
		}
	}
}

// TestFill fills slices of all lengths up to several steps, and nothing behind them.
func TestFill(t *testing.T) {
	for n := range 300 {
		b := make([]byte, n+1)
		Fill(b[:n], 7)
		for i, x := range b {
			if (x == 7) != (i < n) {
				t.Fatalf("%d bytes: byte %d is %d", n, i, x)
			}
		}
	}
}
