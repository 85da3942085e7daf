//go:build amd64 && !purego

package pixelsimd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stokerdata/stoker/internal/cpu"
)

// TestSixteens compares the kernel for 16 samples with those for four pixels and
// with the plain twin, on weights as filters have them and on any that three bytes
// hold.
func TestSixteens(t *testing.T) {
	if !cpu.AVX512() {
		t.Skip("no kernel here")
	}
	r := rand.New(rand.NewPCG(5, 6))
	taken := 0
	for i := range 3000 {
		in, out := 1+r.IntN(700), 1+r.IntN(300)
		table := bilinear(in, out)
		if i%2 == 0 {
			table = randomTable(r, in, out, 1+r.IntN(20))
			for j, k := range table.K {
				table.K[j] = max(min(k>>r.IntN(8), 0x7f7f7f), -0x808080)
			}
		}
		src := fenced(t, 3*in, AcrossReads)
		samples(r, src[:cap(src)])
		name := fmt.Sprint(in, " to ", out, " pixels, windows of ", table.Room)
		var p packed
		p.set(table, in, 3)
		if i%2 == 1 && in >= 20 && in < 3*out && !p.wide {
			t.Fatal(name, ": not for the kernel")
		}
		if !p.wide {
			continue
		}
		taken++
		got, fours, want := fenced(t, 3*out, AcrossPad), fenced(t, 3*out, AcrossPad), make([]uint8, 3*out)
		p.row(got, src)
		p.wide = false
		p.fours(table)
		p.row(fours, src)
		table.row3(want, src)
		if !bytes.Equal(got, want) || !bytes.Equal(fours, want) {
			t.Fatalf("%s: got %v and %v, want %v", name, got, fours, want)
		}
	}
	if taken < 1500 {
		t.Errorf("%d tables were for the kernel", taken)
	}
}

// TestSixteensRefuse gives it weights that are too heavy by one.
func TestSixteensRefuse(t *testing.T) {
	for _, w := range []int32{0x7f7f7f + 1, -0x808080 - 1} {
		table := bilinear(300, 200)
		table.K[7] = w
		if p := new(sixteens); p.set(table, 300) {
			t.Errorf("takes a weight of %d", w)
		}
	}
}
