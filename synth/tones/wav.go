package tones

import (
	"encoding/binary"
	"math"
)

// headerBytes is the length of a WAV header: the RIFF, fmt and data chunks of
// "Multimedia Programming Interface and Data Specifications 1.0" (IBM and
// Microsoft, 1991), for linear PCM.
const headerBytes = 44

// putWAV writes a mono file of 16-bit numbers to dst, of headerBytes and two
// bytes for each value of x, which must be within ±1.
func putWAV(dst []byte, x []float32, rate int) {
	le, n := binary.LittleEndian, 2*len(x)
	copy(dst[0:], "RIFF")
	le.PutUint32(dst[4:], uint32(headerBytes-8+n))
	copy(dst[8:], "WAVEfmt ")
	le.PutUint32(dst[16:], 16)
	le.PutUint16(dst[20:], 1) // linear PCM
	le.PutUint16(dst[22:], 1) // channels
	le.PutUint32(dst[24:], uint32(rate))
	le.PutUint32(dst[28:], uint32(2*rate)) // bytes per second
	le.PutUint16(dst[32:], 2)              // bytes per frame
	le.PutUint16(dst[34:], 16)             // bits per value
	copy(dst[36:], "data")
	le.PutUint32(dst[40:], uint32(n))
	for i, v := range x {
		le.PutUint16(dst[headerBytes+2*i:], uint16(int16(math.RoundToEven(float64(v)*32767))))
	}
}
