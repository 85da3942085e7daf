package tones

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/stokerdata/stoker/internal/stable"
)

// white fills x with independent numbers: each is the sum of the four quarters
// of a random word, which is nearly normal and needs no rounding.
func white(rng *rand.Rand, x []float32) {
	for i := range x {
		u := rng.Uint64()
		x[i] = float32(int32(u&0xffff+u>>16&0xffff+u>>32&0xffff+u>>48) - 2*0xffff)
	}
}

// octaves is the number of rows of pink: its spectrum falls by 3 dB per octave
// down to the sampling rate divided by 2^octaves.
const octaves = 13

// pink fills x with the sum of random numbers of which number k changes every
// 2^k-th frame, in such a way that one changes at a time: the method of
// R. F. Voss, as J. McCartney refined it, after M. Gardner, "White and brown
// music, fractal curves and one-over-f fluctuations", Scientific American, April 1978.
func pink(rng *rand.Rand, x []float32) {
	var rows [octaves]int32
	sum := int32(0)
	for k := range rows {
		rows[k] = int32(rng.Uint32()>>8) - 1<<23
		sum += rows[k]
	}
	for i := range x {
		u := rng.Uint64()
		k := min(bits.TrailingZeros(uint(i+1)), octaves-1)
		next := int32(u>>40) - 1<<23
		sum += next - rows[k]
		rows[k] = next
		x[i] = float32(sum + int32(u&0xffffff) - 1<<23)
	}
}

// mix adds noise to x so that the power of x is snr decibels above the noise's.
func mix(x, noise []float32, snr float64) {
	p := power(noise)
	if p == 0 {
		return
	}
	gain := float32(math.Sqrt(power(x) / p * stable.Exp2(-snr*(math.Ln10/math.Ln2/10))))
	for i, v := range noise[:len(x)] {
		x[i] += float32(v * gain)
	}
}
