package tones_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/internal/synthtest"
	"github.com/stokerdata/stoker/synth/tones"
)

func Example() {
	gen, err := tones.New(tones.Config{Frames: 8000, Noises: []tones.Noise{tones.White, tones.Pink}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(synth.New(gen, 100_000, 1), loader.Config{BatchSize: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(b.Tensor("audio").Shape)
		for i := range b.Len() {
			wave := gen.Spec()[1].Names[loader.View[int32](b.Tensor("label"))[i]]
			fmt.Printf("%s of %.1f Hz\n", wave, loader.View[float32](b.Tensor("pitch"))[i])
		}
		break
	}
	// Output:
	// (3, 8000, 1)
	// chirp of 764.2 Hz
	// chirp of 146.0 Hz
	// chirp of 280.9 Hz
}

func newGenerator(t testing.TB, c tones.Config) *tones.Generator {
	t.Helper()
	g, err := tones.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var noisy = tones.Config{Frames: 4000, Rate: 8000, Noises: []tones.Noise{tones.White, tones.Pink}}

func TestPromises(t *testing.T) {
	wav := noisy
	wav.Encoded = tones.WAV
	for name, c := range map[string]tones.Config{"default": {}, "noisy": noisy, "wav": wav} {
		t.Run(name, func(t *testing.T) {
			g := newGenerator(t, c)
			synthtest.Golden(t, name, g)
			if name != "default" {
				synthtest.Generator(t, g)
			}
		})
	}
}

// sound is a row in Go's terms.
type sound struct {
	x     []float64
	wave  tones.Wave
	pitch float64
}

func sounds(t *testing.T, c tones.Config, n int) (all []sound) {
	t.Helper()
	waves := c.Waves
	if waves == nil {
		waves = []tones.Wave{tones.Sine, tones.Triangle, tones.Square, tones.Sawtooth, tones.Pluck, tones.Chirp}
	}
	synthtest.Each(t, synth.New(newGenerator(t, c), n, 1), loader.Config{BatchSize: 10}, func(b *loader.Batch, i int) {
		s := sound{wave: waves[loader.View[int32](b.Tensor("label"))[i]], pitch: float64(loader.View[float32](b.Tensor("pitch"))[i])}
		for _, v := range loader.View[float32](b.Row("audio", i)) {
			s.x = append(s.x, float64(v))
		}
		all = append(all, s)
	})
	return all
}

// at returns the power of x at frequency f, behind a Hann window.
func at(x []float64, f, rate float64) float64 {
	var re, im float64
	for i, v := range x {
		h := v * (1 - math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(x))))
		s, c := math.Sincos(2 * math.Pi * f * float64(i) / rate)
		re, im = re+h*c, im+h*s
	}
	return re*re + im*im
}

// peak returns the frequency near f, within 40 cents, at which x is
// loudest, to 2 cents.
func peak(x []float64, f, rate float64) float64 {
	best, top := 0.0, -1.0
	for cents := -40.0; cents <= 40; cents += 2 {
		if p := at(x, f*math.Exp2(cents/1200), rate); p > top {
			best, top = cents, p
		}
	}
	return f * math.Exp2(best/1200)
}

func cents(a, b float64) float64 { return 1200 * math.Log2(a/b) }

func TestPitch(t *testing.T) {
	steady := []tones.Wave{tones.Sine, tones.Triangle, tones.Square, tones.Sawtooth, tones.Pluck}
	for _, c := range []tones.Config{
		{Waves: steady},
		{Waves: steady, Rate: 44100, Frames: 12000, MinPitch: 200, MaxPitch: 4000, Noises: []tones.Noise{tones.White}, MinSNR: 10, MaxSNR: 10},
	} {
		rate := 16000.0
		if c.Rate != 0 {
			rate = float64(c.Rate)
		}
		for _, s := range sounds(t, c, 20) {
			if got := peak(s.x, s.pitch, rate); math.Abs(cents(got, s.pitch)) > 5 {
				t.Errorf("%v of %v Hz is loudest at %v Hz", s.wave, s.pitch, got)
			}
		}
	}
}

// TestPitchAlone: the pitch is the only loud frequency below its double.
func TestPitchAlone(t *testing.T) {
	for _, s := range sounds(t, tones.Config{Waves: []tones.Wave{tones.Sine, tones.Square, tones.Sawtooth}}, 10) {
		p := at(s.x, s.pitch, 16000)
		for _, k := range []float64{0.5, 2. / 3, 1.5} {
			if q := at(s.x, k*s.pitch, 16000); q > p/1e4 {
				t.Errorf("%v of %v Hz: %v of it at %v Hz", s.wave, s.pitch, q/p, k*s.pitch)
			}
		}
	}
}

// TestHarmonics compares the partials with the series of each wave.
func TestHarmonics(t *testing.T) {
	for _, s := range sounds(t, tones.Config{Waves: []tones.Wave{tones.Triangle, tones.Square, tones.Sawtooth}, MaxPitch: 200}, 12) {
		one := math.Sqrt(at(s.x, s.pitch, 16000))
		for k := 2.0; k <= 9; k++ {
			want := 1 / k
			if s.wave != tones.Sawtooth && int(k)%2 == 0 {
				want = 0
			} else if s.wave == tones.Triangle {
				want /= k
			}
			if got := math.Sqrt(at(s.x, k*s.pitch, 16000)) / one; math.Abs(got-want) > 0.003 {
				t.Errorf("%v of %v Hz: partial %v is %v, want %v", s.wave, s.pitch, k, got, want)
			}
		}
	}
}

// TestChirp: the beginning has the pitch, and the frequency glides evenly.
func TestChirp(t *testing.T) {
	for _, s := range sounds(t, tones.Config{Waves: []tones.Wave{tones.Chirp}, MinPitch: 400}, 30) {
		part := func(from int) float64 { // mean frequency by crossings of zero
			n, first, last := 0, 0.0, 0.0
			for i := from; i < from+4000; i++ {
				if s.x[i] < 0 && s.x[i+1] >= 0 {
					last = float64(i) + s.x[i]/(s.x[i]-s.x[i+1])
					if n == 0 {
						first = last
					}
					n++
				}
			}
			return 16000 * float64(n-1) / (last - first)
		}
		a, b, c := part(0), part(4000), part(8000)
		if math.Abs(a-2*b+c) > 0.02*s.pitch {
			t.Errorf("frequencies %v, %v, %v are not on a line", a, b, c)
		}
		if start := a - (b-a)/2; math.Abs(start-s.pitch) > 0.02*s.pitch {
			t.Errorf("chirp from %v Hz, want %v", start, s.pitch)
		}
	}
}

func power(x []float64) (p float64) {
	for _, v := range x {
		p += v * v / float64(len(x))
	}
	return p
}

// TestColour measures the power per Hz of noise, octave by octave.
func TestColour(t *testing.T) {
	for _, c := range []struct {
		noise tones.Noise
		slope float64 // dB per octave
	}{{tones.White, 0}, {tones.Pink, -3.01}} {
		octave := make([]float64, 6) // from 100 Hz
		for _, s := range sounds(t, tones.Config{Noises: []tones.Noise{c.noise}, MinSNR: -100, MaxSNR: -100}, 8) {
			p := power(s.x)
			for k := range octave {
				for i := range 20 {
					f := 100 * math.Exp2(float64(k)+float64(i)/20)
					octave[k] += at(s.x, f, 16000) / p
				}
			}
		}
		for k := 1; k < 6; k++ {
			if got := 10 * math.Log10(octave[k]/octave[0]); math.Abs(got-c.slope*float64(k)) > 2 {
				t.Errorf("%v noise is %.1f dB at %v octaves, want %.1f", c.noise, got, k, c.slope*float64(k))
			}
		}
	}
}

func TestLevel(t *testing.T) {
	for _, s := range sounds(t, noisy, 100) {
		top := 0.0
		for _, v := range s.x {
			top = max(top, math.Abs(v))
		}
		if top < 0.09 || top > 0.951 {
			t.Errorf("%v: peak %v", s.wave, top)
		}
	}
	for _, s := range sounds(t, tones.Config{}, 20) {
		if a, b := math.Abs(s.x[0]), math.Abs(s.x[len(s.x)-1]); a > 0.03 || b > 0.03 {
			t.Errorf("%v begins with %v and ends with %v", s.wave, a, b)
		}
	}
}

func TestWAV(t *testing.T) {
	c := noisy
	floats := sounds(t, c, 10)
	c.Encoded = tones.WAV
	g := newGenerator(t, c)
	if f := g.Spec()[0]; f.Kind != kind.EncodedAudio || f.Shape != loader.Dims(44+8000) {
		t.Errorf("field is %v", f)
	}
	synthtest.Each(t, synth.New(g, 10, 1), loader.Config{BatchSize: 10}, func(b *loader.Batch, i int) {
		file := b.Row("audio", i).Data
		le := binary.LittleEndian
		if string(file[:4]) != "RIFF" || int(le.Uint32(file[4:])) != len(file)-8 || string(file[8:16]) != "WAVEfmt " ||
			le.Uint32(file[16:]) != 16 || le.Uint16(file[20:]) != 1 || le.Uint16(file[22:]) != 1 || le.Uint32(file[24:]) != 8000 ||
			le.Uint32(file[28:]) != 16000 || le.Uint16(file[32:]) != 2 || le.Uint16(file[34:]) != 16 ||
			string(file[36:40]) != "data" || int(le.Uint32(file[40:])) != len(file)-44 {
			t.Fatalf("header % x", file[:44])
		}
		for k, v := range floats[i].x {
			if got := float64(int16(le.Uint16(file[44+2*k:]))); math.Abs(got-32767*v) > 0.51 {
				t.Fatalf("frame %d is %v, want %v", k, got, 32767*v)
			}
		}
	})
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []tones.Config{
		{Rate: 10}, {Rate: 1 << 20}, {Frames: 3}, {Frames: -1}, {Frames: 1 << 30}, {Waves: []tones.Wave{}}, {Waves: []tones.Wave{17}},
		{MinPitch: -1}, {MinPitch: 500, MaxPitch: 400}, {MaxPitch: 7000}, {MaxPitch: math.NaN()}, {Noises: []tones.Noise{9}},
		{MinSNR: 5, MaxSNR: 4}, {MaxSNR: math.Inf(1)}, {Encoded: 2},
	} {
		if _, err := tones.New(c); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%+v: error is %v", c, err)
		}
	}
}

func TestShortest(t *testing.T) {
	for _, s := range sounds(t, tones.Config{Frames: 16, Rate: 1000, Noises: []tones.Noise{tones.Pink}}, 50) {
		for _, v := range s.x {
			if math.IsNaN(v) || math.Abs(v) > 1 {
				t.Fatalf("%v of %v Hz: %v", s.wave, s.pitch, s.x)
			}
		}
	}
}

func BenchmarkSecond(b *testing.B) { synthtest.Rate(b, newGenerator(b, tones.Config{})) }

func BenchmarkSecondNoisy(b *testing.B) {
	synthtest.Rate(b, newGenerator(b, tones.Config{Noises: []tones.Noise{tones.White, tones.Pink}}))
}

// BenchmarkSecondIdeal fills as many floats by adding a constant.
func BenchmarkSecondIdeal(b *testing.B) {
	x := make([]float32, 16000)
	for b.Loop() {
		for range 64 {
			v := float32(0)
			for i := range x {
				x[i] = v
				v += 1e-4
			}
		}
	}
	b.ReportMetric(float64(64*b.N)/b.Elapsed().Seconds(), "samples/s")
}
