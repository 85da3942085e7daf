package audio

import (
	"fmt"
	"math"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/internal/stable"
	"github.com/stokerdata/stoker/loader"
)

// Gain changes the level by a number of decibels that is drawn uniformly. What
// gets louder than full scale is not clipped.
type Gain struct {
	// Field is the audio; "" means the only field of kind Audio.
	Field string
	// MinDB and MaxDB bound the gain, within ±200 dB; -12 and 12 are usual.
	MinDB, MaxDB float64
}

// Bind implements loader.Transform.
func (m Gain) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := findAudio(in, m.Field)
	if err == nil {
		err = checkLevels("gain", m.MinDB, m.MaxDB)
	}
	if err != nil {
		return loader.Stage{}, err
	}
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		db := draw.Uniform(w.Rand(), m.MinDB, m.MaxDB)
		w.Note("gain", db)
		scale(loader.View[float32](*w.Mutable(s, f)), float32(amplitude(db)))
		return nil
	}}, nil
}

// amplitude returns the factor that a level in decibels stands for.
func amplitude(db float64) float64 {
	return stable.Exp2(float64(db * (math.Log2E * math.Ln10 / 20)))
}

func scale(x []float32, by float32) {
	for i := range x {
		x[i] *= by
	}
}

// checkLevels returns an error if lo to hi is no range of decibels.
func checkLevels(name string, lo, hi float64) error {
	if !(lo >= -200 && lo <= hi && hi <= 200) {
		return fmt.Errorf("%s from %v to %v dB: %w", name, lo, hi, loader.ErrSpec)
	}
	return nil
}
