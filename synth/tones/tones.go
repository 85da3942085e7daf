package tones

import (
	"fmt"
	"math/rand/v2"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Generator makes sounds; it is a synth.Generator.
type Generator struct {
	cfg    Config
	spec   loader.Spec
	tables *[nWaves][nLevels]table
}

// Indices of the fields.
const (
	fieldAudio = iota
	fieldLabel
	fieldPitch
)

// New returns a generator of the sounds that c describes. The error wraps
// loader.ErrSpec.
func New(c Config) (*Generator, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Generator{cfg: c, spec: spec(c), tables: newTables()}, nil
}

func spec(c Config) loader.Spec {
	var names []string
	for _, w := range c.Waves {
		names = append(names, w.String())
	}
	audio := loader.Field{Name: "audio", DType: dtype.Float32, Shape: loader.Dims(c.Frames, 1), Kind: kind.Audio, Rate: c.Rate}
	if c.Encoded == WAV {
		audio.DType, audio.Shape, audio.Kind = dtype.Uint8, loader.Dims(headerBytes+2*c.Frames), kind.EncodedAudio
	}
	return loader.Spec{
		fieldAudio: audio,
		fieldLabel: {Name: "label", DType: dtype.Int32, Shape: loader.Dims(), Kind: kind.Label, Names: names},
		fieldPitch: {Name: "pitch", DType: dtype.Float32, Shape: loader.Dims()},
	}
}

// Spec implements synth.Generator.
func (g *Generator) Spec() loader.Spec { return g.spec }

// Fingerprint returns the configuration, which the sounds follow from.
func (g *Generator) Fingerprint() string { return fmt.Sprintf("%+v", g.cfg) }

// Row implements synth.Generator.
func (g *Generator) Row(rng *rand.Rand, _ int64, w *loader.Worker, s *loader.Sample) error {
	for f := range g.spec {
		w.Out(s, f, g.spec[f].DType, g.spec[f].Shape)
	}
	floats := func() []float32 {
		return loader.View[float32](loader.Tensor{DType: dtype.Float32, Data: w.Scratch(4 * g.cfg.Frames)})
	}
	var x, noise []float32
	if g.cfg.Encoded == WAV {
		x = floats()
	} else {
		x = loader.View[float32](s.Fields[fieldAudio])
	}
	if len(g.cfg.Noises) > 0 {
		noise = floats()
	}
	t, snr := g.draw(rng, x, noise)
	if g.cfg.Encoded == WAV {
		putWAV(s.Fields[fieldAudio].Data, x, g.cfg.Rate)
	}
	loader.View[int32](s.Fields[fieldLabel])[0] = int32(t.label)
	loader.View[float32](s.Fields[fieldPitch])[0] = float32(t.pitch)
	w.Note("pitch", t.pitch)
	w.Note("attack and release, seconds", float64(t.attack)/float64(g.cfg.Rate), float64(t.release)/float64(g.cfg.Rate))
	if noise != nil {
		w.Note("snr", snr)
	}
	return nil
}

// draw draws a sound into x; noise is scratch of the same length, or nil for
// none. What is drawn of the tone does not depend on the noise.
func (g *Generator) draw(rng *rand.Rand, x, noise []float32) (t tone, snr float64) {
	t = g.tone(rng)
	peak := float32(draw.LogUniform(rng, 0.1, 0.95))
	g.play(&t, x)
	if noise != nil {
		snr = draw.Uniform(rng, g.cfg.MinSNR, g.cfg.MaxSNR)
		if g.cfg.Noises[rng.Int32N(int32(len(g.cfg.Noises)))] == Pink {
			pink(rng, noise)
		} else {
			white(rng, noise)
		}
		mix(x, noise, snr)
	}
	scale(x, peak)
	return t, snr
}
