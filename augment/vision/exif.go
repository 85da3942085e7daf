package vision

import "encoding/binary"

// orientation returns the orientation, 1 to 8, that the EXIF part of a JPEG file
// states (EXIF 2.32, tag 0x0112), and 1 if it states none.
func orientation(data []byte) int {
	const sos, app1 = 0xda, 0xe1
	for p := data[min(2, len(data)):]; len(p) >= 4 && p[0] == 0xff && p[1] != sos; {
		if p[1] == 0xff { // fill byte
			p = p[1:]
			continue
		}
		n := int(binary.BigEndian.Uint16(p[2:]))
		if n < 2 || len(p) < 2+n {
			break
		}
		if body := p[4 : 2+n]; p[1] == app1 && len(body) > 6 && string(body[:6]) == "Exif\x00\x00" {
			return tiffOrientation(body[6:])
		}
		p = p[2+n:]
	}
	return 1
}

// tiffOrientation looks the tag up in the first directory.
func tiffOrientation(t []byte) int {
	var order binary.ByteOrder = binary.LittleEndian
	if len(t) < 8 {
		return 1
	}
	if t[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(t[4:]))
	if at+2 > int64(len(t)) {
		return 1
	}
	entries := t[at+2:]
	for range order.Uint16(t[at:]) {
		if len(entries) < 12 {
			break
		}
		const tag, short = 0x0112, 3
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if v := order.Uint16(entries[8:]); v >= 1 && v <= 8 {
				return int(v)
			}
			break
		}
		entries = entries[12:]
	}
	return 1
}
