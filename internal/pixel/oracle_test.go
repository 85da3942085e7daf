package pixel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// oracle is a result of Pillow; testdata/gen.py makes them.
type oracle struct {
	Op     string
	Src    [3]int // width, height, bands
	Dst    [2]int
	Filter Filter
	Factor float32
	Crop   *[4]int
	At     int
	SHA256 string
}

// picture computes the image that the oracle was given: noise on a ramp.
func picture(w, h, c int) Image {
	m := Packed(make([]uint8, w*h*c), h, w, c)
	x := uint32(1)
	for i := range m.Pix {
		x = x*1664525 + 1013904223
		m.Pix[i] = uint8(x>>26) + uint8((i/c%w*3+i/(w*c)*2+i%c*85)%192)
	}
	return m
}

// run does with our code what the oracle did with Pillow.
func (o oracle) run(t *testing.T) []uint8 {
	c := o.Src[2]
	src := picture(o.Src[0], o.Src[1], min(c, 3))
	switch o.Op {
	case "resize":
		if w := o.Crop; w != nil {
			src = src.Crop(w[0], w[1], w[2], w[3])
		}
		dst := Packed(make([]uint8, o.Dst[0]*o.Dst[1]*c), o.Dst[1], o.Dst[0], c)
		var r Resizer
		r.Resize(dst, src, o.Filter)
		rows := Packed(make([]uint8, len(dst.Pix)), dst.H, dst.W, c)
		stream(t, &r, rows, src, o.Filter, o.At%2*rowPad)
		if !bytes.Equal(dst.Pix, rows.Pix) {
			t.Errorf("%v to %v, filter %d: other bytes by rows", o.Src, o.Dst, o.Filter)
		}
		return dst.Pix
	case "Brightness":
		Brightness(src, o.Factor)
	case "Contrast":
		Contrast(src, o.Factor)
	case "Color":
		Saturation(src, o.Factor)
	default:
		t.Fatalf("unknown op %q", o.Op)
	}
	return src.Pix
}

// TestPillow compares with Pillow byte for byte.
func TestPillow(t *testing.T) {
	raw, err := os.ReadFile("testdata/pillow.bin")
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile("testdata/pillow.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []oracle
	if err := json.Unmarshal(index, &all); err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		name := fmt.Sprintf("%s %v to %v filter %d factor %v", o.Op, o.Src, o.Dst, o.Filter, o.Factor)
		got := o.run(t)
		if o.SHA256 != "" {
			if sum := sha256.Sum256(got); hex.EncodeToString(sum[:]) != o.SHA256 {
				t.Errorf("%s: other bytes than Pillow's", name)
			}
			continue
		}
		want := raw[o.At:][:len(got)]
		differ, most := 0, 0
		for i := range want {
			if d := max(got[i], want[i]) - min(got[i], want[i]); d > 0 {
				differ, most = differ+1, max(most, int(d))
			}
		}
		if differ > 0 {
			t.Errorf("%s: %d of %d bytes differ from Pillow's, by up to %d", name, differ, len(want), most)
		}
	}
	if len(all) < 100 {
		t.Errorf("only %d cases", len(all))
	}
}
