package tones

import (
	"fmt"

	"github.com/stokerdata/stoker/loader"
)

// Wave is the form of a tone.
type Wave uint8

// The wave forms. All but Sine and Chirp have up to 32 harmonics, as far as they
// lie below nine tenths of half the sampling rate.
const (
	Sine     Wave = iota
	Triangle      // odd harmonics, falling with the square of their number
	Square        // odd harmonics
	Sawtooth      // all harmonics
	Pluck         // all harmonics, dying away
	Chirp         // a sine that glides evenly, up to an octave upwards or down
	nWaves
)

var waveNames = [nWaves]string{"sine", "triangle", "square", "sawtooth", "pluck", "chirp"}

// String returns the name of w.
func (w Wave) String() string {
	if w >= nWaves {
		return "unknown"
	}
	return waveNames[w]
}

// Noise is the colour of a noise.
type Noise uint8

// The noises.
const (
	White Noise = iota // equal power in every Hz, nearly normal
	Pink               // equal power in every octave
	nNoises
)

var noiseNames = [nNoises]string{"white", "pink"}

// String returns the name of n.
func (n Noise) String() string {
	if n >= nNoises {
		return "unknown"
	}
	return noiseNames[n]
}

// Encoding is the form of the audio field.
type Encoding uint8

// The encodings.
const (
	Samples Encoding = iota // float32, full scale 1
	WAV                     // a file of 16-bit numbers
)

// Config describes sounds. The zero Config is valid: clean tones of all wave
// forms, one second at 16 kHz.
type Config struct {
	// Rate is the number of frames per second, 1000 to 192000. 0 means 16000.
	Rate int
	// Frames is the length of a sound, 16 to 1<<24. 0 means one second.
	Frames int
	// Waves lists the wave forms; a label is an index into it. Nil means all.
	Waves []Wave
	// MinPitch and MaxPitch bound the fundamental frequency in Hz, which is
	// uniform on a logarithmic scale, up to a quarter of Rate. 0 means 110 and
	// 880, or that quarter if it is lower.
	MinPitch, MaxPitch float64
	// Noises lists the noises, one of which is added to each sound. Nil means
	// none.
	Noises []Noise
	// MinSNR and MaxSNR bound the ratio of the powers of tone and noise, over
	// the whole sound, in decibels, within ±100. If both are 0 they are 5 and 30.
	MinSNR, MaxSNR float64
	// Encoded says in which form the sound is given.
	Encoded Encoding
}

func (c Config) withDefaults() Config {
	if c.Rate == 0 {
		c.Rate = 16000
	}
	if c.Frames == 0 {
		c.Frames = c.Rate
	}
	if c.Waves == nil {
		c.Waves = []Wave{Sine, Triangle, Square, Sawtooth, Pluck, Chirp}
	}
	if c.MinPitch == 0 {
		c.MinPitch = 110
	}
	if c.MaxPitch == 0 {
		c.MaxPitch = max(c.MinPitch, min(880, float64(c.Rate)/4))
	}
	if c.MinSNR == 0 && c.MaxSNR == 0 {
		c.MinSNR, c.MaxSNR = 5, 30
	}
	return c
}

// check returns an error if c, with its defaults, cannot be heard.
func (c Config) check() error {
	for _, r := range []struct {
		ok   bool
		what string
	}{
		{1000 <= c.Rate && c.Rate <= 192_000, fmt.Sprintf("rate %d", c.Rate)},
		{16 <= c.Frames && c.Frames <= 1<<24, fmt.Sprintf("%d frames", c.Frames)},
		{len(c.Waves) > 0, "no waves"},
		{1 <= c.MinPitch && c.MinPitch <= c.MaxPitch && c.MaxPitch <= float64(c.Rate)/4, fmt.Sprintf("pitches %v to %v Hz", c.MinPitch, c.MaxPitch)},
		{-100 <= c.MinSNR && c.MinSNR <= c.MaxSNR && c.MaxSNR <= 100, fmt.Sprintf("SNR %v to %v dB", c.MinSNR, c.MaxSNR)},
		{c.Encoded <= WAV, fmt.Sprintf("encoding %d", c.Encoded)},
	} {
		if !r.ok {
			return fmt.Errorf("tones: %s: out of range: %w", r.what, loader.ErrSpec)
		}
	}
	for _, w := range c.Waves {
		if w >= nWaves {
			return fmt.Errorf("tones: there is no wave %d: %w", w, loader.ErrSpec)
		}
	}
	for _, n := range c.Noises {
		if n >= nNoises {
			return fmt.Errorf("tones: there is no noise %d: %w", n, loader.ErrSpec)
		}
	}
	return nil
}
