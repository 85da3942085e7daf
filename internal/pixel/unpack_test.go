package pixel

import (
	"bytes"
	"testing"
)

func TestUnpack(t *testing.T) {
	src := []uint8{0b1101_0010, 0b0111_1000}
	for bits, want := range map[uint][]uint8{
		1: {1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1},
		2: {3, 1, 0, 2, 1, 3, 2},
		4: {13, 2, 7},
	} {
		got := make([]uint8, len(want))
		Unpack(got, src, bits, 1)
		if !bytes.Equal(got, want) {
			t.Errorf("%d bits: %d, want %d", bits, got, want)
		}
		Unpack(got, src, bits, 17)
		for i, v := range want {
			if got[i] != 17*v {
				t.Errorf("%d bits times 17: %d, want %d", bits, got[i], 17*v)
			}
		}
	}
}
