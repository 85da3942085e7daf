package audio

import (
	"cmp"
	"fmt"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Decode turns the bytes of a WAV file into audio, as DecodeWAV does. The field
// becomes float32 (frames, channels) of kind Audio.
type Decode struct {
	// Field is the encoded audio; "" means the only field of kind EncodedAudio.
	Field string
	// Rate is the frames per second that every file must have; it is an error
	// if one has not. 0 accepts all and appends the int32 scalar "<name>.rate".
	Rate int
	// Channels is the channels of every sample: 1 is the mean of those that a
	// file has, and a file of one gives as many copies as needed. Other
	// mismatches are errors. 0 keeps what each file has, so that the shape
	// varies in both dimensions.
	Channels int
	// Truncated accepts files that end early: the whole frames that are there.
	Truncated bool
	// MaxSamples bounds frames times channels of what is decoded; 0 means 2^28,
	// which is 1 GiB.
	MaxSamples int
}

// Bind implements loader.Transform.
func (m Decode) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := in.Find(m.Field, kind.EncodedAudio)
	if err != nil {
		return loader.Stage{}, err
	}
	if t := in[f]; t.DType != dtype.Uint8 || t.Shape.Rank() != 1 {
		return loader.Stage{}, fmt.Errorf("field %v is no encoded audio: %w", t, loader.ErrSpec)
	}
	if m.Rate < 0 || m.Channels < 0 || m.Channels > maxChannels || m.MaxSamples < 0 {
		return loader.Stage{}, fmt.Errorf("%+v: %w", m, loader.ErrSpec)
	}
	m.MaxSamples = cmp.Or(m.MaxSamples, 1<<28)
	d := decoder{Decode: m, f: f, rate: -1}
	out := in.Clone()
	out[f].DType, out[f].Shape = dtype.Float32, loader.Dims(-1, cmp.Or(m.Channels, -1))
	out[f].Kind, out[f].Rate = kind.Audio, m.Rate
	writes := []int{f}
	if m.Rate == 0 {
		out, d.rate = out.With(loader.Field{Name: in[f].Name + ".rate", DType: dtype.Int32})
		writes = append(writes, d.rate)
	}
	return loader.Stage{Out: out, Writes: writes, Row: d.row}, nil
}

// decoder is a bound Decode.
type decoder struct {
	Decode
	f, rate int // fields, rate may be -1
}

func (d decoder) row(w *loader.Worker, s *loader.Sample) error {
	format, data, err := parse(s.Fields[d.f].Data, d.Truncated)
	if err != nil {
		return err
	}
	if d.Rate != 0 && format.Rate != d.Rate {
		return fmt.Errorf("wav: %d frames per second, not %d: %w", format.Rate, d.Rate, loader.ErrCorrupt)
	}
	frames, channels := len(data)/format.frameBytes(), cmp.Or(d.Channels, format.Channels)
	if channels != format.Channels && channels != 1 && format.Channels != 1 {
		return fmt.Errorf("wav: %d channels, not %d: %w", format.Channels, channels, loader.ErrCorrupt)
	}
	if most := max(channels, format.Channels); frames > d.MaxSamples/most {
		return fmt.Errorf("wav: %d frames of %d channels are more than %d samples: %w", frames, most, d.MaxSamples, loader.ErrCorrupt)
	}
	samples := loader.View[float32](*w.Out(s, d.f, dtype.Float32, loader.Dims(frames, channels)))
	raw := samples
	if channels != format.Channels {
		raw = floats(w, frames*format.Channels)
	}
	if err := format.Encoding.decode(raw, data); err != nil {
		return err
	}
	switch {
	case channels < format.Channels:
		mixDown(samples, raw, format.Channels)
	case channels > format.Channels:
		spread(samples, raw, channels)
	}
	if d.rate >= 0 {
		loader.View[int32](*w.Out(s, d.rate, dtype.Int32, loader.Dims()))[0] = int32(format.Rate)
	}
	return nil
}

// mixDown sets each sample of dst to the mean of the channels of a frame.
func mixDown(dst, src []float32, channels int) {
	scale := 1 / float32(channels)
	for i := range dst {
		sum := float32(0)
		for _, x := range src[i*channels:][:channels] {
			sum += x
		}
		dst[i] = sum * scale
	}
}

// spread copies each sample of src to the channels of a frame.
func spread(dst, src []float32, channels int) {
	for i, x := range src {
		frame := dst[i*channels:][:channels]
		for c := range frame {
			frame[c] = x
		}
	}
}

// floats returns n samples of scratch memory, not cleared.
func floats(w *loader.Worker, n int) []float32 {
	return loader.View[float32](loader.Tensor{DType: dtype.Float32, Data: w.Scratch(4 * n)})
}

// findAudio returns the index of the named audio or, if name is empty, of the
// only one.
func findAudio(in loader.Spec, name string) (int, error) {
	f, err := in.Find(name, kind.Audio)
	if err != nil {
		return -1, err
	}
	if t := in[f]; t.Kind != kind.Audio || t.DType != dtype.Float32 || t.Shape.Rank() != 2 {
		return -1, fmt.Errorf("field %v is no audio float32 (frames, channels): %w", t, loader.ErrSpec)
	}
	return f, nil
}
