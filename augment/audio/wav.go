package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/stokerdata/stoker/loader"
)

// Encoding is how a WAV file stores a sample.
type Encoding uint8

// The encodings that are read and written. Mu-law and A-law are those of ITU-T
// recommendation G.711.
const (
	PCM16 Encoding = iota
	PCM8
	PCM24
	PCM32
	Float32
	Float64
	MuLaw
	ALaw
)

var encodings = [...]struct {
	name  string
	bytes int
	tag   uint16 // format tag of the file
}{
	{"16-bit PCM", 2, 1}, {"8-bit PCM", 1, 1}, {"24-bit PCM", 3, 1}, {"32-bit PCM", 4, 1},
	{"32-bit float", 4, 3}, {"64-bit float", 8, 3}, {"mu-law", 1, 7}, {"A-law", 1, 6},
}

// String returns the encoding in words.
func (e Encoding) String() string {
	if int(e) >= len(encodings) {
		return "unknown"
	}
	return encodings[e].name
}

// Format describes the samples of a WAV file.
type Format struct {
	Rate     int // frames per second
	Channels int
	Encoding Encoding
}

// maxChannels bounds what a header may claim: twice the largest layouts in use.
const maxChannels = 128

// extensible is the format tag of WAVE_FORMAT_EXTENSIBLE, whose own tag stands
// in front of guid.
const (
	extensible = 0xfffe
	guid       = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
)

// What stands where a size does not fit, or was not known to a program that
// wrote to a pipe: SoX puts the second one for the data.
const (
	unknownSize = math.MaxUint32
	pipedSize   = 0x7ffff000
)

// DecodeWAV returns the samples of a WAV file, frame by frame, and its format.
// It reads RIFF files and the larger RF64 (EBU Tech 3306), with the encodings
// listed above. A file that ends early is an error, but not one whose sizes were
// left open by a program that wrote it as a stream. Errors wrap
// loader.ErrCorrupt.
func DecodeWAV(file []byte) ([]float32, Format, error) {
	f, data, err := parse(file, false)
	if err != nil {
		return nil, Format{}, fmt.Errorf("audio: %w", err)
	}
	samples := make([]float32, len(data)/encodings[f.Encoding].bytes)
	if err := f.Encoding.decode(samples, data); err != nil {
		return nil, Format{}, fmt.Errorf("audio: %w", err)
	}
	return samples, f, nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("wav: "+format+": %w", append(args, loader.ErrCorrupt)...)
}

// parse finds the format and the sample bytes, whole frames, of a WAV file.
func parse(file []byte, truncated bool) (f Format, data []byte, err error) {
	if len(file) < 12 || string(file[8:12]) != "WAVE" {
		return f, nil, corrupt("no RIFF WAVE header in %d bytes", len(file))
	}
	large := string(file[:4]) == "RF64"
	if !large && string(file[:4]) != "RIFF" {
		return f, nil, corrupt("a file of type %q", file[:4])
	}
	open := size32(file[4:]) == 0 || size32(file[4:]) == unknownSize && !large
	length := int64(-1) // of the data, from ds64
	rest := file[12:]
	for len(rest) >= 8 {
		id, size := rest[:4], int64(size32(rest[4:]))
		rest = rest[8:]
		if string(id) == "data" {
			if size == unknownSize && length >= 0 {
				size = length
			} else if size > int64(len(rest)) && (size == unknownSize || size == pipedSize) || open && size == 0 {
				size = int64(len(rest) - len(rest)%max(1, f.frameBytes()))
			}
			return f.data(rest, size, truncated)
		}
		if size > int64(len(rest)) {
			return f, nil, corrupt("chunk %q has %d bytes, %d are left", id, size, len(rest))
		}
		switch body := rest[:size]; string(id) {
		case "ds64":
			if size >= 16 && large {
				length = int64(min(binary.LittleEndian.Uint64(body[8:]), math.MaxInt64))
			}
		case "fmt ":
			if f, err = parseFormat(body); err != nil {
				return f, nil, err
			}
		}
		rest = rest[min(size+size&1, int64(len(rest))):]
	}
	return f, nil, corrupt("no data chunk")
}

func size32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

func (f Format) frameBytes() int { return f.Channels * encodings[f.Encoding].bytes }

// data cuts the data chunk, of the given size, from what follows its header.
func (f Format) data(rest []byte, size int64, truncated bool) (Format, []byte, error) {
	frame := f.frameBytes()
	if frame == 0 {
		return f, nil, corrupt("data before format")
	}
	if size > int64(len(rest)) || size%int64(frame) != 0 {
		if !truncated {
			return f, nil, corrupt("%d of %d bytes of data, in frames of %d", len(rest), size, frame)
		}
		size = min(size, int64(len(rest)))
		size -= size % int64(frame)
	}
	return f, rest[:size], nil
}

// parseFormat reads the format chunk.
func parseFormat(b []byte) (Format, error) {
	if len(b) < 16 {
		return Format{}, corrupt("format chunk of %d bytes", len(b))
	}
	tag, bits := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[14:]))
	f := Format{Channels: int(binary.LittleEndian.Uint16(b[2:])), Rate: int(size32(b[4:]))}
	frame := int(binary.LittleEndian.Uint16(b[12:]))
	if tag == extensible {
		if len(b) < 40 || !bytes.Equal(b[26:40], []byte(guid)) {
			return Format{}, corrupt("format of an unknown kind")
		}
		tag = binary.LittleEndian.Uint16(b[24:])
	}
	if f.Channels == 0 || f.Channels > maxChannels || f.Rate == 0 || f.Rate > math.MaxInt32 {
		return Format{}, corrupt("%d channels of %d frames per second", f.Channels, f.Rate)
	}
	for e, known := range encodings {
		if known.tag == tag && 8*known.bytes == bits {
			f.Encoding = Encoding(e)
			if f.frameBytes() != frame {
				return Format{}, corrupt("frames of %d bytes for %d channels of %v", frame, f.Channels, f.Encoding)
			}
			return f, nil
		}
	}
	return Format{}, corrupt("format %d with %d bits is not one that is read", tag, bits)
}

// decode converts data to samples, all of dst.
func (e Encoding) decode(dst []float32, data []byte) error {
	data = data[:len(dst)*encodings[e].bytes]
	switch e {
	case PCM8:
		for i, x := range data {
			dst[i] = (float32(x) - 128) * (1.0 / 128)
		}
	case PCM16:
		decode16(dst, data)
	case PCM24:
		for i := range dst {
			b := data[3*i:][:3]
			dst[i] = float32(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) * (1.0 / (1 << 31))
		}
	case PCM32:
		for i := range dst {
			dst[i] = float32(int32(size32(data[4*i:]))) * (1.0 / (1 << 31))
		}
	case MuLaw:
		for i, x := range data {
			dst[i] = muLaw[x]
		}
	case ALaw:
		for i, x := range data {
			dst[i] = aLaw[x]
		}
	case Float32:
		for i := range dst {
			dst[i] = math.Float32frombits(size32(data[4*i:]))
		}
		return checkFinite(dst)
	case Float64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:])))
		}
		return checkFinite(dst)
	}
	return nil
}

// decode16 decodes the most common encoding, four samples at a time.
func decode16(dst []float32, data []byte) {
	const scale = 1.0 / 32768
	for len(dst) >= 4 && len(data) >= 8 {
		v, d := binary.LittleEndian.Uint64(data), (*[4]float32)(dst)
		d[0] = float32(int16(v)) * scale
		d[1] = float32(int16(v>>16)) * scale
		d[2] = float32(int16(v>>32)) * scale
		d[3] = float32(int16(v>>48)) * scale
		dst, data = dst[4:], data[8:]
	}
	for i := range dst {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(data[2*i:]))) * scale
	}
}

// checkFinite returns an error if a sample is infinite or no number: one such
// sample would spoil the gradients of a whole batch.
func checkFinite(x []float32) error {
	for i, v := range x {
		if v-v != 0 {
			return corrupt("sample %d is %v", i, v)
		}
	}
	return nil
}
