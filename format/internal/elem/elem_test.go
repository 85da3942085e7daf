package elem

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stokerdata/stoker/loader"
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
