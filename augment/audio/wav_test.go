package audio_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/augment/audio"
	"github.com/stokerdata/stoker/loader"
)

var encodingNames = map[string]audio.Encoding{
	"pcm8": audio.PCM8, "pcm16": audio.PCM16, "pcm24": audio.PCM24, "pcm32": audio.PCM32,
	"float32": audio.Float32, "float64": audio.Float64, "mulaw": audio.MuLaw, "alaw": audio.ALaw,
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// want returns the samples that SoX reads from a file of testdata.
func want(t testing.TB, name string) []float32 {
	t.Helper()
	b := read(t, name+".f32")
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}

// SoX rounds what it gives as float32 to 24 bits below the point.
func TestDecodeLikeSoX(t *testing.T) {
	names := map[string]audio.Encoding{"stream": audio.PCM16}
	maps.Copy(names, encodingNames)
	for name, encoding := range names {
		t.Run(name, func(t *testing.T) {
			got, f, err := audio.DecodeWAV(read(t, name+".wav"))
			if err != nil {
				t.Fatal(err)
			}
			if want := (audio.Format{Rate: 8000, Channels: 2, Encoding: encoding}); f != want {
				t.Errorf("format %+v, want %+v", f, want)
			}
			expect := want(t, name)
			if len(got) != len(expect) {
				t.Fatalf("%d samples, want %d", len(got), len(expect))
			}
			tolerance := 0.0
			if encoding == audio.PCM32 || encoding == audio.Float64 {
				tolerance = 1. / (1 << 25)
			}
			for i := range got {
				if math.Abs(float64(got[i])-float64(expect[i])) > tolerance {
					t.Fatalf("sample %d is %v, want %v", i, got[i], expect[i])
				}
			}
		})
	}
}

// What SoX wrote comes out of EncodeWAV byte by byte.
func TestEncodeLikeSoX(t *testing.T) {
	for name, encoding := range encodingNames {
		t.Run(name, func(t *testing.T) {
			file := read(t, name+".wav")
			samples, f, err := audio.DecodeWAV(file)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := audio.EncodeWAV(&out, audio.Format{Rate: f.Rate, Channels: f.Channels, Encoding: encoding}, samples); err != nil {
				t.Fatal(err)
			}
			got, expect := out.Bytes()[bytes.Index(out.Bytes(), []byte("data")):], file[bytes.Index(file, []byte("data")):]
			if encoding == audio.PCM32 || encoding == audio.Float64 {
				again, _, err := audio.DecodeWAV(out.Bytes())
				if err != nil || !slices.Equal(again, samples) {
					t.Error("float32 does not survive")
				}
				return
			}
			if !bytes.Equal(got, expect) {
				t.Errorf("got  %x\nwant %x", got[:40], expect[:40])
			}
		})
	}
}

func TestEncodeRounding(t *testing.T) {
	in := []float32{0, 1, -1, 2, -2, 0.5, 1.5 / 128, 2.5 / 128, float32(math.NaN()), float32(math.Inf(1))}
	var out bytes.Buffer
	if err := audio.EncodeWAV(&out, audio.Format{Rate: 1, Encoding: audio.PCM8}, in); err != nil {
		t.Fatal(err)
	}
	if got, want := out.Bytes()[44:], []byte{128, 255, 0, 255, 0, 192, 130, 130, 128, 255}; !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEncodeErrors(t *testing.T) {
	for _, f := range []audio.Format{{}, {Rate: 1, Channels: 2}, {Rate: 1, Channels: -1}, {Rate: 1, Encoding: 99}} {
		if err := audio.EncodeWAV(io.Discard, f, make([]float32, 3)); err == nil {
			t.Errorf("%+v was written", f)
		}
	}
	if err := audio.EncodeWAV(failing{}, audio.Format{Rate: 1}, make([]float32, 3)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("write error: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// encode returns samples as the bytes of a WAV file.
func encode(t testing.TB, f audio.Format, samples []float32) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audio.EncodeWAV(&b, f, samples); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func put32(b []byte, at int, v uint32) []byte {
	b = bytes.Clone(b)
	binary.LittleEndian.PutUint32(b[at:], v)
	return b
}

func insert(b []byte, at int, s string) []byte {
	return slices.Insert(bytes.Clone(b), at, []byte(s)...)
}

// A plain file: RIFF at 0, its size at 4, fmt at 12, data at 36, its size at 40.
func TestParse(t *testing.T) {
	samples := []float32{0, 0.5, -0.5, 0.25}
	file := encode(t, audio.Format{Rate: 8000, Channels: 2}, samples)
	rf64 := put32(file, 40, math.MaxUint32)
	copy(rf64, "RF64")
	rf64 = insert(put32(rf64, 4, math.MaxUint32), 12, "ds64\x1c\x00\x00\x00"+"\x00\x00\x00\x00\x00\x00\x00\x00"+"\x08\x00\x00\x00\x00\x00\x00\x00"+"\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	shortRF64 := bytes.Clone(rf64)
	shortRF64[28] = 0x80
	largeRF64 := bytes.Clone(rf64)
	copy(largeRF64[28:], "\xff\xff\xff\xff\xff\xff\xff\xff")
	extensible := insert(put32(file, 16, 40), 36, "\x16\x00\x10\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71")
	copy(extensible[20:], "\xfe\xff")
	badGUID := bytes.Clone(extensible)
	badGUID[50] = 0
	tests := []struct {
		name string
		file []byte
		ok   bool
	}{
		{"plain", file, true},
		{"chunk before", insert(file, 12, "LIST\x04\x00\x00\x00abcd"), true},
		{"odd chunk, padded", insert(file, 12, "LIST\x03\x00\x00\x00abc\x00"), true},
		{"chunk behind", append(bytes.Clone(file), "LIST\x63\x00\x00\x00"...), true},
		{"extensible", extensible, true},
		{"RF64", rf64, true},
		{"piped, all ones", put32(put32(file, 4, math.MaxUint32), 40, math.MaxUint32), true},
		{"piped, zeros", put32(put32(file, 4, 0), 40, 0), true},
		{"piped, by SoX", put32(put32(file, 4, 0x7ffff024), 40, 0x7ffff000), true},

		{"empty", nil, false},
		{"header only", file[:12], false},
		{"no data", file[:36], false},
		{"not RIFF", append([]byte("RIFX"), file[4:]...), false},
		{"not WAVE", insert(file, 8, "AVI "), false},
		{"truncated", file[:len(file)-4], false},
		{"half a frame", append(put32(file, 40, 9), 0), false},
		{"half a frame at the end", put32(file, 40, 6), false},
		{"data too long", put32(file, 40, 9999), false},
		{"format too long", put32(file, 16, 9999), false},
		{"format too short", put32(file, 16, 14), false},
		{"data before format", insert(file, 12, "data\x00\x00\x00\x00"), false},
		{"no channels", put32(file, 22, 0), false},
		{"many channels", put32(file, 20, 0xffff0001), false},
		{"no rate", put32(file, 24, 0), false},
		{"rate", put32(file, 24, math.MaxUint32), false},
		{"odd frames", put32(file, 32, 16<<16|3), false},
		{"12 bits", put32(file, 32, 12<<16|4), false},
		{"ADPCM", put32(file, 20, 2<<16|2), false},
		{"unknown extension", badGUID, false},
		{"RF64, too short", shortRF64, false},
		{"RF64, size of 2^64", largeRF64, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := audio.DecodeWAV(test.file)
			if test.ok && (err != nil || !slices.Equal(got, samples)) {
				t.Errorf("got %v, %v", got, err)
			}
			if !test.ok && (!errors.Is(err, loader.ErrCorrupt) || !strings.HasPrefix(err.Error(), "audio: wav: ")) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestNotFinite(t *testing.T) {
	for _, e := range []audio.Encoding{audio.Float32, audio.Float64} {
		for _, x := range []float64{math.NaN(), math.Inf(-1)} {
			file := encode(t, audio.Format{Rate: 1, Encoding: e}, []float32{0, float32(x)})
			if _, _, err := audio.DecodeWAV(file); !errors.Is(err, loader.ErrCorrupt) {
				t.Errorf("%v in %v: %v", x, e, err)
			}
		}
	}
}

// A file that ends too early is an error wherever it ends.
func TestEveryPrefix(t *testing.T) {
	for name := range encodingNames {
		file := read(t, name+".wav")
		at := bytes.Index(file, []byte("data"))
		end := at + 8 + int(binary.LittleEndian.Uint32(file[at+4:]))
		for n := range end {
			if _, _, err := audio.DecodeWAV(file[:n]); !errors.Is(err, loader.ErrCorrupt) {
				t.Fatalf("%s: %d of %d bytes: %v", name, n, end, err)
			}
		}
	}
}

// Any file either gives an error or samples that survive being written.
func FuzzDecodeWAV(f *testing.F) {
	for name := range encodingNames {
		f.Add(read(f, name+".wav"))
	}
	f.Add(read(f, "stream.wav"))
	f.Fuzz(func(t *testing.T, file []byte) {
		samples, format, err := audio.DecodeWAV(file)
		if err != nil {
			if !errors.Is(err, loader.ErrCorrupt) {
				t.Errorf("error %v", err)
			}
			return
		}
		if len(samples) > len(file) {
			t.Fatalf("%d samples from %d bytes", len(samples), len(file))
		}
		format.Encoding = audio.Float32
		again, back, err := audio.DecodeWAV(encode(t, format, samples))
		if err != nil || back != format || !slices.Equal(again, samples) {
			t.Errorf("written and read: %+v, %v", back, err)
		}
	})
}
