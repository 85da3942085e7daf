package audio

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

func TestAmplitude(t *testing.T) {
	for db := -200.0; db <= 200; db += 0.37 {
		if got, want := amplitude(db), math.Pow(10, db/20); math.Abs(got/want-1) > 1e-14 {
			t.Errorf("amplitude(%v) = %v, want %v", db, got, want)
		}
	}
}

// The values are those of Abramowitz and Stegun, tables 9.8 and 9.11.
func TestBessel(t *testing.T) {
	for x, want := range map[float64]float64{0: 1, 1: 1.2660658777520083, 9: 1093.5883545113746} {
		if got := bessel(x); math.Abs(got/want-1) > 1e-14 {
			t.Errorf("bessel(%v) = %v, want %v", x, got, want)
		}
	}
}

// The interpolated filter against the formula, in float64.
func TestResampleReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	x := make([]float32, 300)
	for i := range x {
		x[i] = rng.Float32()*2 - 1
	}
	for _, factor := range []float64{0.5, 0.93, 1.07, 1.9} {
		f := newBank(factor, factor).filter(factor)
		step := uint64(math.RoundToEven(factor * one))
		padded := append(append(make([]float32, f.half), x...), make([]float32, f.half)...)
		y := make([]float32, int(float64(len(x))/factor))
		f.mono(y, padded, step)
		stereo := make([]float32, 2*len(padded))
		for i, v := range padded {
			stereo[2*i], stereo[2*i+1] = v, -v
		}
		z := make([]float32, 2*len(y))
		f.frames(z, stereo, 2, step, make([]float32, 2*f.half))
		cutoff := rolloff / f.limit(factor)
		taps := make([]float64, 2*f.half)
		for i, got := range y {
			pos := uint64(i) * step
			sinc(taps, cutoff, float64(pos%one)/one)
			want := 0.0
			for k, h := range taps {
				want += h * float64(padded[int(pos>>32)+1+k])
			}
			if math.Abs(float64(got)-want) > 5e-6 {
				t.Fatalf("factor %v, sample %d: %v, want %v", factor, i, got, want)
			}
			if math.Abs(float64(z[2*i])-want) > 5e-6 || math.Abs(float64(z[2*i+1])+want) > 5e-6 {
				t.Fatalf("factor %v, frame %d: %v, want ±%v", factor, i, z[2*i:2*i+2], want)
			}
		}
	}
}

// limit returns the factor that f, the only filter of its bank, was made for.
func (f *filter) limit(factor float64) float64 {
	limit := 1.0
	for i := 0; limit < factor; i++ {
		limit = math.Exp2(float64(i) / perOctave)
	}
	return limit
}

// tone returns n frames of a sine of the given cycles per frame.
func tone(n int, frequency float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.Sin(2 * math.Pi * frequency * float64(i)))
	}
	return x
}

// level returns the amplitude at a frequency, by a Hann-windowed DFT.
func level(x []float32, frequency float64) float64 {
	var re, im, sum float64
	for i, v := range x {
		w := 1 - math.Cos(2*math.Pi*float64(i)/float64(len(x)))
		s, c := math.Sincos(2 * math.Pi * frequency * float64(i))
		re, im, sum = re+w*c*float64(v), im+w*s*float64(v), sum+w
	}
	return 2 * math.Hypot(re, im) / sum
}

// What Speed promises: no change below 0.75 of the lower Nyquist frequency,
// no alias or image above -80 dB.
func TestFilterResponse(t *testing.T) {
	speed := func(x []float32, factor float64) []float32 {
		f := newBank(factor, factor).filter(factor)
		padded := append(append(make([]float32, f.half), x...), make([]float32, f.half)...)
		y := make([]float32, int(float64(len(x))/factor))
		f.mono(y, padded, uint64(math.RoundToEven(factor*one)))
		return y[len(y)/4 : len(y)*3/4] // without the ends
	}
	for _, factor := range []float64{0.8, 0.95, math.Exp2(1. / perOctave), math.Exp2(3. / perOctave)} {
		nyquist := 0.5 / max(1, factor) // of input frames
		for _, part := range []float64{0.01, 0.3, 0.6, 0.75} {
			frequency := nyquist * part
			if got := level(speed(tone(8000, frequency), factor), frequency*factor); math.Abs(20*math.Log10(got)) > 0.05 {
				t.Errorf("factor %v: %v of the Nyquist frequency comes out at %.3f dB", factor, part, 20*math.Log10(got))
			}
		}
		if factor > 1 {
			high := speed(tone(8000, 0.5/factor*1.06), factor)
			if got := 10 * math.Log10(2*power(high)); got > -80 {
				t.Errorf("factor %v: aliases at %.1f dB", factor, got)
			}
			continue
		}
		frequency := 0.37
		y := speed(tone(8000, frequency), factor)
		if got := 20 * math.Log10(level(y, (1-frequency)*factor)); got > -80 {
			t.Errorf("factor %v: image at %.1f dB", factor, got)
		}
	}
}

func TestQuietest(t *testing.T) {
	energy := make([]float32, 1000)
	for i := range energy {
		energy[i] = 1
	}
	energy[50] = 0 // one zero crossing in noise
	for i := 600; i < 900; i++ {
		energy[i] = 0.01
	}
	energy[777] = 0.001
	if got := quietest(energy); got < 600 || got >= 900 || energy[got] > 0.01 {
		t.Errorf("quietest at %d", got)
	}
	if got := quietest([]float32{3, 1, 2}); got != 1 {
		t.Errorf("of three frames, %d", got)
	}
}

func BenchmarkSpeed(b *testing.B) {
	for _, channels := range []int{1, 2} {
		b.Run([]string{"", "mono", "stereo"}[channels], func(b *testing.B) {
			const frames = 16000
			f := newBank(0.9, 1.1).filter(1.05)
			x := make([]float32, (frames+2*f.half)*channels)
			step := uint64(105 * one / 100)
			y := make([]float32, frames*100/105*channels)
			spare := make([]float32, 2*f.half)
			b.ReportAllocs()
			for b.Loop() {
				if channels == 1 {
					f.mono(y, x, step)
				} else {
					f.frames(y, x, channels, step, spare)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "x-realtime-at-16kHz")
		})
	}
}

func BenchmarkNoise(b *testing.B) {
	x := make([]float32, 16000)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, bench := range []struct {
		name string
		fill func(*rand.Rand, []float32, int, int)
	}{{"white", white}, {"pink", pink}} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bench.fill(rng, x, 0, 1)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "x-realtime-at-16kHz")
		})
	}
}

// BenchmarkDecode decodes a second of stereo at 44.1 kHz; its ideal twin moves
// the bytes of the 16-bit one.
func BenchmarkDecode(b *testing.B) {
	samples := make([]float32, 2*44100)
	for e, encoding := range encodings {
		b.Run(encoding.name, func(b *testing.B) {
			var file bytes.Buffer
			if err := EncodeWAV(&file, Format{Rate: 44100, Channels: 2, Encoding: Encoding(e)}, samples); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(file.Len()))
			b.ReportAllocs()
			for b.Loop() {
				f, data, err := parse(file.Bytes(), false)
				if err == nil {
					err = f.Encoding.decode(samples, data)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "x-realtime")
		})
	}
	b.Run("ideal", func(b *testing.B) {
		from, to := make([]byte, 2*len(samples)), make([]byte, 2*len(samples))
		b.SetBytes(int64(len(from)))
		for b.Loop() {
			copy(to, from)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "x-realtime")
	})
}
