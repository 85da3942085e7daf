package audio

import (
	"cmp"
	"fmt"

	"github.com/stokerdata/stoker/loader"
)

// InsertPause inserts silence where it is heard least as a cut: a position is
// drawn uniformly, around it the 256 frames with the least energy are looked
// for, and the pause begins before the quietest frame of these, which is a zero
// crossing unless the audio has none there. The result is longer by exactly the
// frames that were drawn. Spans behind the pause move, those around it grow.
type InsertPause struct {
	// Field is the audio; "" means the only field of kind Audio.
	Field string
	// MinFrames and MaxFrames bound the length, which is drawn uniformly. Both 0
	// means a tenth to a half of a second, for audio of a known rate.
	MinFrames, MaxFrames int
	// Reach is how far from the position that is drawn, in frames, the quiet
	// place may lie; 0 means 4096.
	Reach int
}

// quietFrames is the length over which energy is compared: half a period of
// the lowest voices at 16 kHz, so that no single zero crossing passes for quiet.
const quietFrames = 256

// maxFrames bounds what may be asked for: six hours at 48 kHz are a mistake in
// units.
const maxFrames = 1 << 30

// Bind implements loader.Transform.
func (m InsertPause) Bind(in loader.Spec) (loader.Stage, error) {
	t, out, err := bindTimeline(in, m.Field, -1)
	if err != nil {
		return loader.Stage{}, err
	}
	if m.MinFrames == 0 && m.MaxFrames == 0 {
		if m.MinFrames, m.MaxFrames = in[t.audio].Rate/10, in[t.audio].Rate/2; m.MaxFrames == 0 {
			return loader.Stage{}, fmt.Errorf("the rate of %q is not known, so say how many frames: %w", in[t.audio].Name, loader.ErrSpec)
		}
	}
	m.Reach = cmp.Or(m.Reach, 4096)
	if m.MinFrames < 0 || m.MaxFrames < m.MinFrames || m.MaxFrames > maxFrames || m.Reach < 0 {
		return loader.Stage{}, fmt.Errorf("a pause of %d to %d frames, reach %d: %w", m.MinFrames, m.MaxFrames, m.Reach, loader.ErrSpec)
	}
	return loader.Stage{Out: out, Writes: t.writes(), Row: func(w *loader.Worker, s *loader.Sample) error {
		return m.row(w, s, &t)
	}}, nil
}

func (m *InsertPause) row(w *loader.Worker, s *loader.Sample, t *timeline) error {
	x, frames, channels := t.samples(s)
	rng := w.Rand()
	n := m.MinFrames + rng.IntN(m.MaxFrames-m.MinFrames+1)
	if frames > maxFrames {
		return fmt.Errorf("%d frames are too many for a pause: %w", frames, loader.ErrCorrupt)
	}
	drawn := rng.IntN(frames + 1)
	lo, hi := max(0, drawn-m.Reach), min(frames, drawn+m.Reach)
	at := lo
	if lo < hi {
		energy := floats(w, hi-lo)
		energies(energy, x[lo*channels:], channels)
		at += quietest(energy)
	}
	w.Note("pause", float64(at), float64(n))
	y := t.out(w, s, frames+n, channels)
	copy(y, x[:at*channels])
	clear(y[at*channels : (at+n)*channels])
	copy(y[(at+n)*channels:], x[at*channels:])
	return t.spans.Move(w, s, frames, func(start, end int) (int, int, bool) {
		if start >= at {
			start += n
		}
		if end > at || start > end {
			end += n
		}
		return start, end, true
	})
}

// energies sets dst to the sum of squares of each frame of x.
func energies(dst, x []float32, channels int) {
	for i := range dst {
		sum := float32(0)
		for _, v := range x[i*channels:][:channels] {
			sum += float32(v * v)
		}
		dst[i] = sum
	}
}

// quietest returns the frame with the least energy within the run of
// quietFrames that has the least; the first one if there are several.
func quietest(energy []float32) int {
	width := min(quietFrames, len(energy))
	sum := 0.0
	for _, e := range energy[:width] {
		sum += float64(e)
	}
	best, least := 0, sum
	for i, e := range energy[width:] {
		if sum += float64(e) - float64(energy[i]); sum < least {
			best, least = i+1, sum
		}
	}
	at := best
	for i, e := range energy[best : best+width] {
		if e < energy[at] {
			at = best + i
		}
	}
	return at
}
