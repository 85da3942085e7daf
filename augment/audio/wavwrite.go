package audio

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// EncodeWAV writes samples, frame by frame, as a WAV file. Samples are rounded
// to the nearest value of the encoding, ties to even, and what lies outside of
// full scale is clipped to it; floats are written as they are. Channels 0 means
// 1. The file must stay below 4 GiB.
func EncodeWAV(w io.Writer, f Format, samples []float32) error {
	if f.Channels == 0 {
		f.Channels = 1
	}
	if f.Rate <= 0 || f.Channels < 0 || f.Channels > maxChannels || int(f.Encoding) >= len(encodings) || len(samples)%f.Channels != 0 {
		return fmt.Errorf("audio: encode wav: %d samples, %+v", len(samples), f)
	}
	e := encodings[f.Encoding]
	size := int64(len(samples)) * int64(e.bytes)
	if size > math.MaxUint32-64 {
		return fmt.Errorf("audio: encode wav: %d bytes are more than a WAV file holds", size)
	}
	if _, err := w.Write(header(f, uint32(size))); err != nil {
		return fmt.Errorf("audio: encode wav: %w", err)
	}
	buf := make([]byte, 0, 32<<10)
	for len(samples) > 0 || size&1 == 1 {
		n := min(len(samples), (cap(buf)-1)/e.bytes)
		buf = f.Encoding.append(buf[:0], samples[:n])
		if samples = samples[n:]; len(samples) == 0 && size&1 == 1 {
			buf, size = append(buf, 0), 0 // chunks are padded to an even length
		}
		if _, err := w.Write(buf); err != nil {
			return fmt.Errorf("audio: encode wav: %w", err)
		}
	}
	return nil
}

// header returns the bytes of a WAV file before size bytes of samples. Other
// formats than PCM need the size of an extension, and a fact chunk.
func header(f Format, size uint32) []byte {
	e := encodings[f.Encoding]
	le := binary.LittleEndian
	var b []byte
	b = append(b, "WAVEfmt "...)
	if e.tag == 1 {
		b = le.AppendUint32(b, 16)
	} else {
		b = le.AppendUint32(b, 18)
	}
	b = le.AppendUint16(b, e.tag)
	b = le.AppendUint16(b, uint16(f.Channels))
	b = le.AppendUint32(b, uint32(f.Rate))
	b = le.AppendUint32(b, uint32(f.Rate*f.frameBytes()))
	b = le.AppendUint16(b, uint16(f.frameBytes()))
	b = le.AppendUint16(b, uint16(8*e.bytes))
	if e.tag != 1 {
		b = le.AppendUint16(b, 0)
		b = append(b, "fact\x04\x00\x00\x00"...)
		b = le.AppendUint32(b, size/uint32(f.frameBytes()))
	}
	b = append(b, "data"...)
	b = le.AppendUint32(b, size)
	riff := le.AppendUint32([]byte("RIFF"), uint32(len(b))+size+size&1)
	return append(riff, b...)
}

// append appends the bytes of samples to b.
func (e Encoding) append(b []byte, samples []float32) []byte {
	le := binary.LittleEndian
	for _, x := range samples {
		switch e {
		case PCM8:
			b = append(b, byte(quantize(x, 7)+128))
		case PCM16:
			b = le.AppendUint16(b, uint16(quantize(x, 15)))
		case PCM24:
			v := quantize(x, 23)
			b = append(b, byte(v), byte(v>>8), byte(v>>16))
		case PCM32:
			b = le.AppendUint32(b, uint32(quantize(x, 31)))
		case Float32:
			b = le.AppendUint32(b, math.Float32bits(x))
		case Float64:
			b = le.AppendUint64(b, math.Float64bits(float64(x)))
		case MuLaw:
			b = append(b, compress(&muLaw, 0x7f, x))
		case ALaw:
			b = append(b, compress(&aLaw, 0x55, x))
		}
	}
	return b
}

// quantize returns x in units of 2^-bits, rounded and clipped; 0 for NaN.
func quantize(x float32, bits int) int64 {
	full := math.Ldexp(1, bits)
	if x != x {
		return 0
	}
	return int64(max(-full, min(full-1, math.RoundToEven(float64(x)*full))))
}
