// Package audio holds transforms for audio: fields of kind Audio, float32
// (frames, channels), and the WAV files that they come from. They are row
// stages:
//
//	ld, err := loader.New(src, loader.Config{
//		BatchSize: 32,
//		Transforms: []loader.Transform{
//			audio.Decode{Rate: 16000, Channels: 1},
//			audio.Speed{Min: 0.9, Max: 1.1},
//			audio.AddNoise{Color: audio.Pink, MinSNR: 10, MaxSNR: 30},
//			audio.Gain{MinDB: -6, MaxDB: 6},
//			audio.Crop{Frames: 4 * 16000, Random: true},
//		},
//	})
//
// Full scale is ±1, and nothing is clipped on the way. A frame is one sample of
// every channel. Fields of kind Spans that live on an audio field count frames,
// such as those of a transcript; a transform that changes time moves them, and
// drops those that it cuts off, together with the fields that follow them.
//
// Every result is a function of the data and the drawn numbers that is equal to
// the last bit on every machine: sums have a fixed order, and sines, exponentials
// and logarithms are computed here.
//
// Transforms own nothing between calls and are safe for concurrent use.
package audio
