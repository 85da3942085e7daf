package audio

import (
	"fmt"
	"math"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/loader"
)

// Speed plays audio faster or slower by a factor that is drawn uniformly, the
// pitch moving along, as a tape does: n frames become n/factor, rounded.
// Spans move. The method is that of Ko, Peddinti, Povey and Khudanpur, "Audio
// augmentation for speech recognition" (Interspeech 2015).
//
// Frames between the given ones are interpolated with a windowed sinc (Smith,
// "Digital audio resampling home page", CCRMA): 24 zero crossings on each side,
// Kaiser window of beta 9, cut off at 0.9 of the lower of both Nyquist
// frequencies. It keeps what lies below 0.75 of that and suppresses images and
// aliases by 80 dB. For factors above 1 the lower one is rounded down to the
// next eighth of an octave, so that filters are computed once, in Bind.
type Speed struct {
	// Field is the audio; "" means the only field of kind Audio.
	Field string
	// Min and Max bound the factor, from 1/4 to 4. Both 0 means 0.9 and 1.1.
	Min, Max float64
}

// Bind implements loader.Transform.
func (m Speed) Bind(in loader.Spec) (loader.Stage, error) {
	if m.Min == 0 && m.Max == 0 {
		m.Min, m.Max = 0.9, 1.1
	}
	if !(m.Min >= 0.25 && m.Min <= m.Max && m.Max <= 4) {
		return loader.Stage{}, fmt.Errorf("factors from %v to %v: %w", m.Min, m.Max, loader.ErrSpec)
	}
	t, out, err := bindTimeline(in, m.Field, -1)
	if err != nil {
		return loader.Stage{}, err
	}
	bank := newBank(m.Min, m.Max)
	return loader.Stage{Out: out, Writes: t.writes(), Row: func(w *loader.Worker, s *loader.Sample) error {
		factor := draw.Uniform(w.Rand(), m.Min, m.Max)
		w.Note("speed", factor)
		return resample(w, s, &t, bank.filter(factor), uint64(math.RoundToEven(factor*one)))
	}}, nil
}

// one is a step of one frame: positions count in 2^-32 frames.
const one = 1 << 32

// resample makes frame i of the new audio what f finds at position i*step.
func resample(w *loader.Worker, s *loader.Sample, t *timeline, f *filter, step uint64) error {
	x, frames, channels := t.samples(s)
	if step == one || frames == 0 {
		return nil
	}
	if frames > maxFrames/4 {
		return fmt.Errorf("%d frames are too many for a change of speed: %w", frames, loader.ErrCorrupt)
	}
	n := int((uint64(frames)*one + step/2) / step)
	y := t.out(w, s, n, channels)
	// Silence on both sides spares the inner loop all questions.
	padded := floats(w, (frames+2*f.half)*channels)
	clear(padded[:f.half*channels])
	clear(padded[f.half*channels+copy(padded[f.half*channels:], x):])
	if channels == 1 {
		f.mono(y, padded, step)
	} else {
		f.frames(y, padded, channels, step, floats(w, 2*f.half))
	}
	return t.spans.Move(w, s, frames, func(start, end int) (int, int, bool) {
		return at(start, step, n), at(end, step, n), true
	})
}

// at returns the frame, of n, that frame i becomes.
func at(i int, step uint64, n int) int { return min(int((uint64(i)*one+step/2)/step), n) }
