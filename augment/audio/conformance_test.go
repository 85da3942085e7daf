package audio_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/stokerdata/stoker/augment/audio"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// tone returns n frames of two channels.
func tone(n int) []float32 {
	x := make([]float32, 2*n)
	for i := range x {
		x[i] = float32(math.Sin(float64(i*n) / 9))
	}
	return x
}

func TestConformance(t *testing.T) {
	var rows []clip
	var encoded [][]byte
	var voices [][]float32
	for i := range 12 {
		n := 40*i + i%3
		rows = append(rows, clip{tone(n), []int32{0, int32(n), int32(n / 3), int32(n / 2)}})
		voices = append(voices, tone(n / 2)[:n/2])
		var file bytes.Buffer
		if err := audio.EncodeWAV(&file, audio.Format{Rate: rate, Channels: 2}, tone(n)); err != nil {
			t.Fatal(err)
		}
		encoded = append(encoded, file.Bytes())
	}
	for _, tr := range []loader.Transform{
		audio.Gain{MinDB: -12, MaxDB: 12}, audio.Crop{Frames: 100, Random: true}, audio.Speed{}, audio.AddNoise{MinSNR: 5, MaxSNR: 40},
		audio.AddNoise{Color: audio.Pink, MinSNR: 5, MaxSNR: 40}, audio.InsertPause{MinFrames: 1, MaxFrames: 30},
	} {
		t.Run(fmt.Sprintf("%T", tr), func(t *testing.T) { loadertest.Transform(t, tr, clips(t, 2, rows...)) })
	}
	for _, tr := range []loader.Transform{audio.Decode{}, audio.Decode{Rate: rate, Channels: 1}, audio.Decode{Truncated: true}} {
		loadertest.Transform(t, tr, files(t, encoded...))
	}
	mixed, err := mem.Columns(loader.Spec{
		{Name: "audio", DType: dtype.Float32, Shape: loader.Dims(-1, 1), Kind: kind.Audio, Rate: rate},
		{Name: "voice", DType: dtype.Float32, Shape: loader.Dims(-1, 1), Kind: kind.Audio, Rate: rate},
	}, mem.Varying(voices), mem.Varying(voices))
	if err != nil {
		t.Fatal(err)
	}
	loadertest.Transform(t, audio.MixAt{Field: "audio", Noise: "voice", MinSNR: 3, MaxSNR: 30}, mixed)
}
