package exif

import "encoding/binary"

// Orientation returns what the tag 0x0112 says in the first directory of an EXIF
// segment from its TIFF header on (EXIF 2.32, 4.6): 1 to 8, and 1 where there is
// none.
func Orientation(tiff []byte) int {
	if v := Short(tiff, 0x0112); v >= 1 && v <= 8 {
		return v
	}
	return 1
}

// Short returns the value of a tag of type SHORT in the first directory, -1 where
// there is none.
func Short(tiff []byte, tag uint16) int {
	if len(tiff) < 8 {
		return -1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return -1
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		const short = 3
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			return int(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return -1
}
