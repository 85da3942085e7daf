package audio

import (
	"github.com/stokerdata/stoker/augment/internal/spans"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// timeline is an audio field and the spans that live on it, bound to a spec.
type timeline struct {
	audio int
	spans *spans.Set
}

// bindTimeline finds the audio and returns the spec of a stage that gives it
// the given number of frames; -1 varies.
func bindTimeline(in loader.Spec, name string, frames int) (timeline, loader.Spec, error) {
	f, err := findAudio(in, name)
	if err != nil {
		return timeline{}, nil, err
	}
	set, err := spans.Bind(in, in[f].Name)
	if err != nil {
		return timeline{}, nil, err
	}
	out := in.Clone()
	out[f].Shape = loader.Dims(frames, in[f].Shape.Dim(1))
	return timeline{f, set}, out, nil
}

func (t *timeline) writes() []int { return append(t.spans.Writes(), t.audio) }

// samples returns the audio of s, its frames and channels.
func (t *timeline) samples(s *loader.Sample) (x []float32, frames, channels int) {
	a := s.Fields[t.audio]
	return loader.View[float32](a), a.Shape.Dim(0), a.Shape.Dim(1)
}

// out gives s new audio, to be written. The old one stays readable.
func (t *timeline) out(w *loader.Worker, s *loader.Sample, frames, channels int) []float32 {
	return loader.View[float32](*w.Out(s, t.audio, dtype.Float32, loader.Dims(frames, channels)))
}
