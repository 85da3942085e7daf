package pixelsimd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stokerdata/stoker/internal/cpu"
)

// randomTable makes windows as a filter of the given width would, with weights
// of all signs and sizes that kernels take.
func randomTable(r *rand.Rand, in, out, width int) *Table {
	room := min(width, in)
	room += room & 1
	t := &Table{Lo: make([]int32, out), N: make([]int32, out), Room: room, K: make([]int32, out*room)}
	for i := range out {
		n := 1 + r.IntN(min(width, in))
		if i == 0 {
			n = min(width, in)
		}
		lo := min(i*in/out, in-n)
		t.Lo[i], t.N[i] = int32(lo), int32(n)
		for j := range t.K[i*room:][:n] {
			t.K[i*room+j] = int32(r.Uint32()) >> (5 + r.IntN(12))
		}
	}
	return t
}

// samples fills p with one of: noise, all black, all white, stripes.
func samples(r *rand.Rand, p []uint8) {
	kind := r.IntN(4)
	for i := range p {
		switch kind {
		case 0:
			p[i] = uint8(r.Uint32())
		case 1:
			p[i] = 0
		case 2:
			p[i] = 255
		default:
			p[i] = uint8(i / 3 % 2 * 255)
		}
	}
}

// TestAcross compares the two ways to resize rows, whose ends are at the end of
// memory.
func TestAcross(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var a Across
	for i := range 600 {
		in, out, width := 1+r.IntN(40), 1+r.IntN(30), 1+r.IntN(40)
		if i < 200 {
			in, width = 1+r.IntN(8), 1+r.IntN(6)
		}
		c := 1 + i%2*2
		name := fmt.Sprint(in, " to ", out, " pixels of ", c, " by windows of ", width)
		table := randomTable(r, in, out, width)
		src, dst := fenced(t, in*c, AcrossReads), fenced(t, out*c, AcrossPad)
		samples(r, src[:cap(src)])
		a.Set(table, in, c)
		if cpu.AVX2() && a.plain {
			t.Fatal(name, ": not packed")
		}
		a.Row(dst, src)
		want := make([]uint8, out*c)
		if c == 3 {
			table.row3(want, src)
		} else {
			table.row1(want, src)
		}
		if !bytes.Equal(dst, want) {
			t.Fatalf("%s: got %v, want %v", name, dst, want)
		}
	}
}

// TestDown compares the two ways to resize columns, in the same manner.
func TestDown(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var d Down
	var sums Sums
	for range 400 {
		in, out, width, n := 1+r.IntN(20), 1+r.IntN(12), 1+r.IntN(20), 1+r.IntN(130)
		table := randomTable(r, in, out, width)
		d.Set(table)
		stride := max(n, 32)
		src, dst := fenced(t, in*stride, 0), fenced(t, n, 0)
		samples(r, src)
		rows, want := make([]int, width+1), make([]uint8, n)
		for i := range out {
			lo, k := table.window(i)
			for j := range k {
				rows[j] = (lo + j) * stride
			}
			sums.row(want, src, rows[:len(k)], k)
			d.Row(dst, i, src, rows, &sums)
			if !bytes.Equal(dst, want) {
				t.Fatalf("%d of %d to %d rows of %d samples: got %v, want %v", i, in, out, n, dst, want)
			}
		}
	}
}

// TestHeavy runs the heaviest weights there may be.
func TestHeavy(t *testing.T) {
	for _, w := range []int32{-1 << 26, 1<<26 - 1, -1, 1} {
		table := &Table{Lo: []int32{0}, N: []int32{1}, K: []int32{w, 0}, Room: 2}
		var a Across
		a.Set(table, 1, 3)
		src, dst, want := fenced(t, 3, AcrossReads), fenced(t, 3, AcrossPad), make([]uint8, 3)
		src[0], src[1], src[2] = 1, 7, 31
		a.Row(dst, src)
		if table.row3(want, src); !bytes.Equal(dst, want) {
			t.Errorf("weight %d: got %v, want %v", w, dst, want)
		}
	}
}

// TestLong runs windows so long that sums of parts leave 32 bits.
func TestLong(t *testing.T) {
	const n = 1 << 16
	table := &Table{Lo: []int32{0}, N: []int32{n}, K: make([]int32, n), Room: n}
	for i := range table.K {
		table.K[i] = 1 << (Precision - 16)
		if i%2 == 0 {
			table.K[i] += 2047 // their sum comes back from others
		} else {
			table.K[i] -= 2047
		}
	}
	for _, c := range []int{1, 3} {
		src, dst := fenced(t, n*c, AcrossReads), fenced(t, c, AcrossPad)
		for i := range src {
			src[i] = 255
		}
		var a Across
		a.Set(table, n, c)
		if a.Row(dst, src); dst[0] != 255 {
			t.Errorf("%d samples a pixel: got %d of white", c, dst[0])
		}
	}
}
