package audio

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/loader"
)

// Color is the spectrum of a generated noise.
type Color uint8

const (
	// White noise has the same power at all frequencies; its samples are normal.
	White Color = iota
	// Pink noise has the same power in each octave. It is made as Voss proposed
	// (Gardner, "White and brown music, fractal curves and one-over-f
	// fluctuations", Scientific American, 1978): a sum of random numbers of
	// which number k is drawn anew every 2^k samples.
	Pink
)

// AddNoise adds generated noise at a signal-to-noise ratio that is drawn
// uniformly: its root mean square is that of the audio divided by 10^(snr/20),
// both over the whole sample. Each channel gets its own noise. Silence stays
// silent.
type AddNoise struct {
	// Field is the audio; "" means the only field of kind Audio.
	Field string
	Color Color
	// MinSNR and MaxSNR bound the ratio in dB, within ±200; 5 and 40 are usual.
	MinSNR, MaxSNR float64
}

// Bind implements loader.Transform.
func (m AddNoise) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := findAudio(in, m.Field)
	if err == nil {
		err = checkLevels("noise ratio", m.MinSNR, m.MaxSNR)
	}
	if err == nil && m.Color > Pink {
		err = fmt.Errorf("color %d: %w", m.Color, loader.ErrSpec)
	}
	if err != nil {
		return loader.Stage{}, err
	}
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		snr := draw.Uniform(w.Rand(), m.MinSNR, m.MaxSNR)
		w.Note("snr", snr)
		t := w.Mutable(s, f)
		x := loader.View[float32](*t)
		noise := floats(w, len(x))
		for c := range t.Shape.Dim(1) {
			if m.Color == White {
				white(w.Rand(), noise, c, t.Shape.Dim(1))
			} else {
				pink(w.Rand(), noise, c, t.Shape.Dim(1))
			}
		}
		mix(x, noise, noiseScale(x, noise, snr))
		return nil
	}}, nil
}

// white fills every stride-th sample of x from first on.
func white(rng *rand.Rand, x []float32, first, stride int) {
	for i := first; i < len(x); i += stride {
		x[i] = float32(draw.Normal(rng))
	}
}

// pinkRows is the number of random numbers that pink adds up, besides one that
// is always new: the spectrum falls down to 2^-16 of the sampling rate.
const pinkRows = 16

// pink is white for pink noise.
func pink(rng *rand.Rand, x []float32, first, stride int) {
	var rows [pinkRows]int64
	sum := int64(0)
	for k := range rows {
		rows[k] = int64(rng.Uint32())
		sum += rows[k]
	}
	const mean = (pinkRows + 1) << 31
	n := uint64(0)
	for i := first; i < len(x); i += stride {
		n++
		u := rng.Uint64() // one half for each of the two numbers that change
		k := min(bits.TrailingZeros64(n), pinkRows-1)
		sum -= rows[k]
		rows[k] = int64(u >> 32)
		sum += rows[k]
		x[i] = float32(sum+int64(uint32(u))-mean) * (1.0 / (1 << 33))
	}
}

// MixAt mixes another audio field of the sample in, as noise or as a second
// voice, at a signal-to-noise ratio that is drawn uniformly: its root mean
// square becomes that of the audio divided by 10^(snr/20), both over what is
// heard. Noise that is long enough is cut at a place that is drawn uniformly;
// what is too short begins at such a place and repeats. If either is silent
// nothing changes.
type MixAt struct {
	// Field is the audio that is changed. Required.
	Field string
	// Noise is the audio that is mixed in: of the same rate, and of one channel
	// or as many. Required.
	Noise string
	// MinSNR and MaxSNR bound the ratio in dB, within ±200; 3 and 30 are usual.
	MinSNR, MaxSNR float64
}

// Bind implements loader.Transform.
func (m MixAt) Bind(in loader.Spec) (loader.Stage, error) {
	if m.Field == "" || m.Noise == "" || m.Field == m.Noise {
		return loader.Stage{}, fmt.Errorf("name two audio fields, not %q and %q: %w", m.Field, m.Noise, loader.ErrSpec)
	}
	f, err := findAudio(in, m.Field)
	if err != nil {
		return loader.Stage{}, err
	}
	g, err := findAudio(in, m.Noise)
	if err == nil {
		err = checkLevels("noise ratio", m.MinSNR, m.MaxSNR)
	}
	if err == nil && in[f].Rate != in[g].Rate {
		err = fmt.Errorf("%q has %d frames per second, %q has %d: %w", m.Field, in[f].Rate, m.Noise, in[g].Rate, loader.ErrSpec)
	}
	if err != nil {
		return loader.Stage{}, err
	}
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		return m.row(w, s, f, g)
	}}, nil
}

func (m *MixAt) row(w *loader.Worker, s *loader.Sample, f, g int) error {
	snr := draw.Uniform(w.Rand(), m.MinSNR, m.MaxSNR)
	w.Note("snr", snr)
	from := s.Fields[g]
	frames, channels := s.Fields[f].Shape.Dim(0), s.Fields[f].Shape.Dim(1)
	length, parts := from.Shape.Dim(0), from.Shape.Dim(1)
	if parts != channels && parts != 1 {
		return fmt.Errorf("noise of %d channels for audio of %d: %w", parts, channels, loader.ErrCorrupt)
	}
	if frames == 0 || length == 0 {
		return nil
	}
	places := length
	if length >= frames {
		places = length - frames + 1
	}
	start := w.Rand().IntN(places)
	w.Note("start", float64(start))
	x, noise := loader.View[float32](*w.Mutable(s, f)), floats(w, frames*channels)
	for at := 0; at < frames; start = 0 {
		n := min(frames-at, length-start)
		src := loader.View[float32](from)[start*parts:][:n*parts]
		if parts == channels {
			copy(noise[at*channels:], src)
		} else {
			spread(noise[at*channels:], src, channels)
		}
		at += n
	}
	mix(x, noise, noiseScale(x, noise, snr))
	return nil
}

// noiseScale returns the factor that brings noise to the given level below x,
// 0 if either is silent.
func noiseScale(x, noise []float32, snr float64) float64 {
	signal, level := power(x), power(noise)
	if level == 0 {
		return 0
	}
	return math.Sqrt(signal/level) / amplitude(snr)
}

// power returns the mean square of x, 0 if it is empty.
func power(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(float64(v) * float64(v))
	}
	return sum / float64(max(1, len(x)))
}

// mix adds noise times by to x.
func mix(x, noise []float32, by float64) {
	noise = noise[:len(x)]
	for i, v := range noise {
		x[i] += float32(float64(v) * by)
	}
}
