package exif

import "testing"

// segment returns a TIFF header and a directory with one entry.
func segment(order string, tag, kind, value byte) string {
	if order == "MM" {
		return "MM\x00*\x00\x00\x00\x08\x00\x01\x01" + string([]byte{tag, 0, kind, 0, 0, 0, 1, 0, value, 0, 0})
	}
	return "II*\x00\x08\x00\x00\x00\x01\x00" + string([]byte{tag, 1, kind, 0, 1, 0, 0, 0, value, 0, 0, 0})
}

func TestOrientation(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       int
	}{
		{"nothing", "", 1},
		{"little endian", segment("II", 0x12, 3, 6), 6},
		{"big endian", segment("MM", 0x12, 3, 8), 8},
		{"another tag", segment("II", 0x13, 3, 6), 1},
		{"another type", segment("II", 0x12, 4, 6), 1},
		{"too large", segment("II", 0x12, 3, 9), 1},
		{"nought", segment("MM", 0x12, 3, 0), 1},
		{"a directory beyond the end", "II*\x00\xff\xff\xff\xff", 1},
		{"no entries", "II*\x00\x08\x00\x00\x00\x05\x00", 1},
	} {
		if got := Orientation([]byte(c.data)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add([]byte(segment("II", 0x12, 3, 6)))
	f.Add([]byte(segment("MM", 0x12, 3, 6)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := Orientation(data); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}
