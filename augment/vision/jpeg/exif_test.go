package jpeg

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// tiff returns an EXIF directory with one entry before the orientation.
func tiff(order binary.AppendByteOrder, kind, orientation uint16) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint16(order.AppendUint32(b, 8), 2)
	b = append(order.AppendUint16(b, 0x010f), make([]byte, 10)...)
	b = order.AppendUint16(order.AppendUint16(b, 0x0112), kind)
	return append(order.AppendUint16(order.AppendUint32(b, 1), orientation), 0, 0)
}

// TestOrientation puts EXIF segments in front of a file.
func TestOrientation(t *testing.T) {
	file := named(t, "7x7-420-q50")
	with := func(exif []byte) []byte {
		body := append([]byte("Exif\x00\x00"), exif...)
		head := []byte{0xff, soi, 0xff, app1, 0, byte(len(body) + 2)}
		return slices.Concat(head, body, file[2:])
	}
	for _, c := range []struct {
		name string
		data []byte
		want int
	}{
		{"none", file, 1},
		{"little endian", with(tiff(binary.LittleEndian, 3, 6)), 6},
		{"big endian", with(tiff(binary.BigEndian, 3, 8)), 8},
		{"the first of two", slices.Concat(with(tiff(binary.BigEndian, 3, 2))[:len(with(tiff(binary.BigEndian, 3, 2)))-len(file)+2], with(tiff(binary.BigEndian, 3, 4))[2:]), 2},
		{"9", with(tiff(binary.LittleEndian, 3, 9)), 1},
		{"0", with(tiff(binary.LittleEndian, 3, 0)), 1},
		{"of another type", with(tiff(binary.LittleEndian, 4, 6)), 1},
		{"cut", with(tiff(binary.LittleEndian, 3, 6)[:30]), 1},
		{"empty", with(nil), 1},
		{"a directory far away", with([]byte("II*\x00\xff\xff\xff\xff")), 1},
	} {
		var d Decoder
		if h, err := d.Open(c.data); err != nil || h.Orientation != c.want {
			t.Errorf("%s: got %d, %v, want %d", c.name, h.Orientation, err, c.want)
		}
	}
}

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		name  string
		scale int
		want  string
	}{
		{"large-420", 1, "{161 123 3 false 1 [(2,2) (1,1) (1,1) (0,0)] (16,16)}"},
		{"large-420", 4, "{41 31 3 false 1 [(2,2) (1,1) (1,1) (0,0)] (4,4)}"},
		{"large-progressive", 1, "{161 123 3 true 1 [(2,2) (1,1) (1,1) (0,0)] (16,16)}"},
		{"grey-22", 1, "{45 27 1 false 1 [(1,1) (0,0) (0,0) (0,0)] (8,8)}"},
	} {
		d := Decoder{Options: Options{Scale: c.scale}}
		h, err := d.Open(named(t, c.name))
		if got := fmt.Sprint(h); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.name, got, err, c.want)
		}
	}
}
