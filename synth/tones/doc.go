// Package tones generates sounds of known pitch: steady tones of several wave
// forms, plucked strings and chirps, clean or in noise at a known
// signal-to-noise ratio.
//
//	gen, err := tones.New(tones.Config{Noises: []tones.Noise{tones.Pink}, MinSNR: 0, MaxSNR: 20})
//	...
//	src := synth.New(gen, 100_000, 1)
//
// A sample has these fields:
//
//	audio  float32 (frames, 1), or uint8 (44 + 2 frames) the bytes of a WAV file (Config.Encoded)
//	label  int32    wave form
//	pitch  float32  fundamental frequency in Hz; a chirp's is the one that it begins with
//
// Phases are counted in whole numbers and no two operations of floating-point
// arithmetic are fused, so a sound has the same bytes on every kind of processor.
package tones
