package audio_test

import (
	"bytes"
	"context"
	"fmt"
	"math"

	"github.com/stokerdata/stoker/augment/audio"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// WAV files of any length become samples of half a second, with noise.
func Example() {
	var file bytes.Buffer
	tone := make([]float32, 16000)
	for i := range tone {
		tone[i] = float32(0.5 * math.Sin(2*math.Pi*440*float64(i)/16000))
	}
	if err := audio.EncodeWAV(&file, audio.Format{Rate: 16000}, tone); err != nil {
		panic(err)
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "audio", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedAudio},
	}, mem.Varying([][]uint8{file.Bytes()}))
	if err != nil {
		panic(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1, Transforms: []loader.Transform{
		audio.Decode{Rate: 16000, Channels: 1},
		audio.AddNoise{Color: audio.Pink, MinSNR: 10, MaxSNR: 30},
		audio.Crop{Frames: 8000, Random: true},
	}})
	if err != nil {
		panic(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			panic(err)
		}
		fmt.Println(b.Tensor("audio").DType, b.Tensor("audio").Shape)
	}
	// Output: float32 (1, 8000, 1)
}

func ExampleDecodeWAV() {
	var file bytes.Buffer
	if err := audio.EncodeWAV(&file, audio.Format{Rate: 8000, Encoding: audio.PCM24}, []float32{0, 0.5, -1}); err != nil {
		panic(err)
	}
	samples, format, err := audio.DecodeWAV(file.Bytes())
	fmt.Println(samples, format.Rate, format.Encoding, err)
	// Output: [0 0.5 -1] 8000 24-bit PCM <nil>
}
