package audio

import (
	"fmt"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Crop makes all samples equally long: longer ones are cut to a part of them,
// shorter ones padded with silence at their end. It appends the frames that are
// no padding as the int32 scalar "<name>.length". Spans move; what is left of
// them outside of the part is cut off, and those outside of it are dropped.
type Crop struct {
	// Field is the audio; "" means the only field of kind Audio.
	Field string
	// Frames is the length. Required.
	Frames int
	// Random draws the part uniformly; without it, it is the beginning.
	Random bool
}

// Bind implements loader.Transform.
func (m Crop) Bind(in loader.Spec) (loader.Stage, error) {
	if m.Frames <= 0 || m.Frames > maxFrames {
		return loader.Stage{}, fmt.Errorf("%d frames: %w", m.Frames, loader.ErrSpec)
	}
	t, out, err := bindTimeline(in, m.Field, m.Frames)
	if err != nil {
		return loader.Stage{}, err
	}
	out, length := out.With(loader.Field{Name: in[t.audio].Name + ".length", DType: dtype.Int32})
	return loader.Stage{Out: out, Writes: append(t.writes(), length), Row: func(w *loader.Worker, s *loader.Sample) error {
		return m.row(w, s, &t, length)
	}}, nil
}

func (m *Crop) row(w *loader.Worker, s *loader.Sample, t *timeline, length int) error {
	x, frames, channels := t.samples(s)
	from, n := 0, min(frames, m.Frames)
	if m.Random && frames > n {
		from = w.Rand().IntN(frames - n + 1)
	}
	w.Note("crop", float64(from), float64(n))
	y := t.out(w, s, m.Frames, channels)
	clear(y[copy(y, x[from*channels:(from+n)*channels]):])
	loader.View[int32](*w.Out(s, length, dtype.Int32, loader.Dims()))[0] = int32(n)
	return t.spans.Move(w, s, frames, func(start, end int) (int, int, bool) {
		start, end = max(start-from, 0), min(end-from, n)
		return start, end, start < end
	})
}
