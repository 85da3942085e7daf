package tones

import (
	"math"
	"math/rand/v2"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/internal/stable"
)

const (
	tableBits = 12
	tableLen  = 1 << tableBits
	nLevels   = 6 // of 1, 2, 4, ... 32 harmonics
)

// table is one period of a wave, with its first value again at the end. Linear
// interpolation errs by less than a part in 10^6 of the fundamental.
type table [tableLen + 1]float32

// newTables computes the periods of each wave with 1<<level harmonics.
func newTables() *[nWaves][nLevels]table {
	t := new([nWaves][nLevels]table)
	for w := range t {
		for level := range t[w] {
			amplitudes := harmonics(Wave(w), 1<<level)
			for i := range t[w][level] {
				t[w][level][i] = float32(sum(amplitudes, stable.Turn(i)<<(64-tableBits)))
			}
		}
	}
	return t
}

// harmonics returns the amplitudes of the first n harmonics.
func harmonics(w Wave, n int) []float64 {
	a := make([]float64, n)
	for i := range a {
		k := float64(i + 1)
		odd := i%2 == 0
		switch {
		case w == Triangle && odd:
			a[i] = 1 / (k * k)
			if i%4 == 2 {
				a[i] = -a[i]
			}
		case w == Square && odd, w == Sawtooth:
			a[i] = 1 / k
		case w == Pluck:
			a[i] = 1 / (k * k)
		case i == 0:
			a[i] = 1 // Sine, Chirp
		}
	}
	return a
}

// sum returns the sum of sines of the multiples of a, by Clenshaw's recurrence.
func sum(amplitudes []float64, a stable.Turn) float64 {
	s, c := stable.Sincos(a)
	b1, b2 := 0.0, 0.0
	for i := len(amplitudes) - 1; i >= 0; i-- {
		b1, b2 = amplitudes[i]+float64(2*c*b1)-b2, b1
	}
	return s * b1
}

// tone is what is drawn of a tone.
type tone struct {
	label   int
	wave    Wave
	pitch   float64 // Hz
	phase   stable.Turn
	step    stable.Turn // phase per frame
	glide   stable.Turn // change of step per frame
	decay   float32     // factor per frame
	attack  int         // frames of rise
	release int         // frames of fall
}

// tone draws a tone.
func (g *Generator) tone(rng *rand.Rand) tone {
	c := &g.cfg
	t := tone{label: int(rng.Int32N(int32(len(c.Waves)))), decay: 1}
	t.wave = c.Waves[t.label]
	// Rounded as the pitch field is, so that the field tells the pitch exactly.
	t.pitch = float64(float32(draw.LogUniform(rng, c.MinPitch, c.MaxPitch)))
	t.phase = stable.Turn(rng.Uint64())
	t.step = stable.Turns(t.pitch / float64(c.Rate))
	t.attack = int(float64(c.Rate) * draw.LogUniform(rng, 0.003, 0.05))
	t.release = int(float64(c.Rate) * draw.LogUniform(rng, 0.02, 0.2))
	shape := rng.Float64()
	switch t.wave {
	case Chirp:
		// From half to twice the pitch at the end.
		change := float64(t.step) * (stable.Exp2(float64(2*shape)-1) - 1)
		t.glide = stable.Turn(int64(change / float64(c.Frames)))
	case Pluck:
		halves := 3 + float64(5*shape) // over the whole sound
		t.decay = float32(stable.Exp2(-halves / float64(c.Frames)))
		t.attack = min(t.attack, c.Rate/200)
	}
	t.attack = max(1, min(t.attack, c.Frames/4))
	t.release = max(1, min(t.release, c.Frames/2))
	return t
}

// play writes the tone to x, of peak about 1.
func (g *Generator) play(t *tone, x []float32) {
	level := 0
	for level+1 < nLevels && float64(int(2)<<level)*t.pitch < 0.45*float64(g.cfg.Rate) {
		level++
	}
	period := &g.tables[t.wave][level]
	phase, step, gain := t.phase, t.step, float32(1)
	for i := range x {
		k := phase >> (64 - tableBits) & (tableLen - 1)
		part := float32(phase<<tableBits>>40) / (1 << 24)
		a, b := period[k], period[k+1]
		x[i] = (a + float32(part*(b-a))) * gain
		phase += step
		step += t.glide
		gain *= t.decay
	}
	ramp(x[:t.attack], 1)
	ramp(x[len(x)-t.release:], -1)
}

// ramp multiplies x by a straight line from 0 to 1, or from 1 to 0.
func ramp(x []float32, direction int) {
	for i := range x {
		k := i
		if direction < 0 {
			k = len(x) - 1 - i
		}
		x[i] *= float32(k) / float32(len(x))
	}
}

// power returns the mean square of x.
func power(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(float64(v) * float64(v))
	}
	return sum / float64(len(x))
}

// scale multiplies x so that its peak is the given one.
func scale(x []float32, peak float32) {
	top := float32(0)
	for _, v := range x {
		top = max(top, float32(math.Abs(float64(v))))
	}
	if top == 0 {
		return
	}
	for i := range x {
		x[i] *= peak / top
	}
}
