package audio_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/augment/audio"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

const rate = 16000

// clip is a row of audio with spans on it.
type clip struct {
	x     []float32
	spans []int32
}

// clips returns a source of audio of the given channels, and spans with labels
// on it.
func clips(t testing.TB, channels int, rows ...clip) *mem.Source {
	t.Helper()
	var audios [][]float32
	var spans, labels [][]int32
	for _, c := range rows {
		audios, spans = append(audios, c.x), append(spans, c.spans)
		var l []int32
		for i := range len(c.spans) / 2 {
			l = append(l, int32(100+i))
		}
		labels = append(labels, l)
	}
	divide := func(c mem.Column, by int) mem.Column {
		for i := range c.Offsets {
			c.Offsets[i] /= int64(by)
		}
		return c
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "audio", DType: dtype.Float32, Shape: loader.Dims(-1, channels), Kind: kind.Audio, Rate: rate},
		{Name: "words", DType: dtype.Int32, Shape: loader.Dims(-1, 2), Kind: kind.Spans, Canvas: "audio"},
		{Name: "label", DType: dtype.Int32, Shape: loader.Dims(-1), Follows: "words"},
	}, divide(mem.Varying(audios), channels), divide(mem.Varying(spans), 2), mem.Varying(labels))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// files returns a source of encoded audio.
func files(t testing.TB, rows ...[]byte) *mem.Source {
	t.Helper()
	src, err := mem.Columns(loader.Spec{
		{Name: "audio", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedAudio},
	}, mem.Varying(rows))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// sample is what a pipeline made of a row.
type sample struct {
	shape         loader.Shape
	x             []float32
	spans, labels []int32
	length, rate  int32
}

// run returns all samples of an epoch.
func run(src loader.Source, cfg loader.Config) ([]sample, error) {
	cfg.BatchSize = max(cfg.BatchSize, 1)
	ld, err := loader.New(src, cfg)
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	var got []sample
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			return got, err
		}
		for i := range b.Len() {
			a := b.Row("audio", i)
			s := sample{shape: a.Shape, x: slices.Clone(loader.View[float32](a))}
			ints := func(name string) []int32 {
				if b.Spec().Index(name) < 0 {
					return nil
				}
				return slices.Clone(loader.View[int32](b.Row(name, i)))
			}
			s.spans, s.labels = ints("words"), ints("label")
			if n := ints("audio.length"); n != nil {
				s.length = n[0]
			}
			if n := ints("audio.rate"); n != nil {
				s.rate = n[0]
			}
			got = append(got, s)
		}
	}
	return got, nil
}

func mustRun(t testing.TB, src loader.Source, transforms ...loader.Transform) []sample {
	t.Helper()
	got, err := run(src, loader.Config{BatchSize: 3, Seed: 5, Transforms: transforms})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// sine returns n frames of a sine of the given Hz and amplitude, the same in
// every channel.
func sine(n, channels int, hz, amplitude float64) []float32 {
	x := make([]float32, 0, n*channels)
	for i := range n {
		v := float32(amplitude * math.Sin(2*math.Pi*hz/rate*float64(i)))
		for range channels {
			x = append(x, v)
		}
	}
	return x
}

func power(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(x))
}

func TestDecode(t *testing.T) {
	mono := encode(t, audio.Format{Rate: rate}, []float32{0.5, -0.5, 0.25})
	stereo := encode(t, audio.Format{Rate: rate, Channels: 2}, []float32{0.5, -0.25, 0.75, 0.25})
	tests := []struct {
		name   string
		decode audio.Decode
		file   []byte
		shape  loader.Shape
		want   []float32
	}{
		{"as it is", audio.Decode{}, stereo, loader.Dims(2, 2), []float32{0.5, -0.25, 0.75, 0.25}},
		{"stereo to mono", audio.Decode{Rate: rate, Channels: 1}, stereo, loader.Dims(2, 1), []float32{0.125, 0.5}},
		{"mono to stereo", audio.Decode{Rate: rate, Channels: 2}, mono, loader.Dims(3, 2), []float32{0.5, 0.5, -0.5, -0.5, 0.25, 0.25}},
		{"mono", audio.Decode{Rate: rate, Channels: 1}, mono, loader.Dims(3, 1), []float32{0.5, -0.5, 0.25}},
		{"truncated", audio.Decode{Truncated: true}, stereo[:len(stereo)-3], loader.Dims(1, 2), []float32{0.5, -0.25}},
		{"no frames", audio.Decode{Channels: 1}, encode(t, audio.Format{Rate: rate}, nil), loader.Dims(0, 1), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := mustRun(t, files(t, test.file), test.decode)[0]
			if got.shape != test.shape || !slices.Equal(got.x, test.want) {
				t.Errorf("got %v %v, want %v %v", got.shape, got.x, test.shape, test.want)
			}
			if want := int32(rate); test.decode.Rate == 0 && got.rate != want {
				t.Errorf("rate %d, want %d", got.rate, want)
			}
		})
	}
	errs := []struct {
		name   string
		decode audio.Decode
		file   []byte
	}{
		{"other rate", audio.Decode{Rate: 8000}, mono},
		{"stereo to four", audio.Decode{Channels: 4}, stereo},
		{"truncated", audio.Decode{}, stereo[:len(stereo)-3]},
		{"too long", audio.Decode{MaxSamples: 3}, stereo},
		{"too long when spread", audio.Decode{MaxSamples: 5, Channels: 2}, mono},
	}
	for _, test := range errs {
		t.Run(test.name, func(t *testing.T) {
			_, err := run(files(t, test.file), loader.Config{Transforms: []loader.Transform{test.decode}})
			var e *loader.SampleError
			if !errors.As(err, &e) || !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "audio.Decode: wav: ") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestGain(t *testing.T) {
	x := sine(100, 1, 440, 0.5)
	for _, db := range []float64{-20, 0, 6, 40} {
		got := mustRun(t, clips(t, 1, clip{x: x}), audio.Gain{MinDB: db, MaxDB: db})[0]
		factor := math.Pow(10, db/20)
		for i, v := range got.x {
			if want := float64(x[i]) * factor; math.Abs(float64(v)-want) > 1e-6*max(1, factor) {
				t.Fatalf("%v dB: sample %d is %v, want %v", db, i, v, want)
			}
		}
	}
	var lo, hi float64 = 100, -100
	for _, got := range mustRun(t, clips(t, 1, slices.Repeat([]clip{{x: x}}, 300)...), audio.Gain{MinDB: -6, MaxDB: 3}) {
		db := 10 * math.Log10(power(got.x)/power(x))
		lo, hi = min(lo, db), max(hi, db)
	}
	if lo < -6.001 || lo > -5.8 || hi > 3.001 || hi < 2.8 {
		t.Errorf("300 gains between -6 and 3 dB go from %.2f to %.2f", lo, hi)
	}
}

// difference returns a - b.
func difference(a, b []float32) []float32 {
	d := make([]float32, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return d
}

func TestAddNoiseRatio(t *testing.T) {
	for _, channels := range []int{1, 2} {
		x := sine(4000, channels, 440, 0.3)
		for _, color := range []audio.Color{audio.White, audio.Pink} {
			for _, snr := range []float64{-10, 0, 20, 40} {
				got := mustRun(t, clips(t, channels, clip{x: x}), audio.AddNoise{Color: color, MinSNR: snr, MaxSNR: snr})[0]
				noise := difference(got.x, x)
				if reached := 10 * math.Log10(power(x)/power(noise)); math.Abs(reached-snr) > 0.01 {
					t.Errorf("%d channels, color %d: %.3f dB, want %v", channels, color, reached, snr)
				}
				if channels == 2 && correlation(noise) > 0.3 {
					t.Errorf("color %d: both channels have the same noise", color)
				}
			}
		}
	}
	silent := mustRun(t, clips(t, 1, clip{x: make([]float32, 100)}, clip{}), audio.AddNoise{})
	if power(silent[0].x) != 0 || len(silent[1].x) != 0 {
		t.Error("silence got noise")
	}
}

// correlation returns that of the two channels of x.
func correlation(x []float32) float64 {
	var ab, aa, bb float64
	for i := 0; i < len(x); i += 2 {
		a, b := float64(x[i]), float64(x[i+1])
		ab, aa, bb = ab+a*b, aa+a*a, bb+b*b
	}
	return math.Abs(ab) / math.Sqrt(aa*bb)
}

// Power per octave: doubles with frequency for white noise, is even for pink.
func TestAddNoiseSpectrum(t *testing.T) {
	for color, slope := range map[audio.Color]float64{audio.White: 3.01, audio.Pink: 0} {
		var octave [6]float64
		x := sine(2048, 1, 1, 1e-3)
		for _, got := range mustRun(t, clips(t, 1, slices.Repeat([]clip{{x: x}}, 40)...), audio.AddNoise{Color: color, MinSNR: -60, MaxSNR: -60}) {
			for k := range octave {
				for f := 16 << k; f < 32<<k; f += 1 << k {
					octave[k] += float64(int(1)<<k) * dft(got.x, float64(f)/2048)
				}
			}
		}
		for k := 1; k < len(octave); k++ {
			if got := 10 * math.Log10(octave[k]/octave[0]) / float64(k); math.Abs(got-slope) > 0.7 {
				t.Errorf("color %d: %.2f dB per octave up to octave %d, want %v", color, got, k, slope)
			}
		}
	}
}

// dft returns the power of x at a frequency in cycles per frame, seen through a
// Hann window.
func dft(x []float32, frequency float64) float64 {
	var re, im float64
	for i, v := range x {
		w := 1 - math.Cos(2*math.Pi*float64(i)/float64(len(x)))
		s, c := math.Sincos(2 * math.Pi * frequency * float64(i))
		re, im = re+w*c*float64(v), im+w*s*float64(v)
	}
	return re*re + im*im
}

// pair returns a source of two audio fields, of channels and noiseChannels.
func pair(t testing.TB, x, noise []float32, channels, noiseChannels int) *mem.Source {
	column := func(v []float32, channels int) mem.Column {
		return mem.Column{DType: dtype.Float32, Data: mem.Of(v).Data, Offsets: []int64{0, int64(len(v) / channels)}}
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "audio", DType: dtype.Float32, Shape: loader.Dims(-1, channels), Kind: kind.Audio, Rate: rate},
		{Name: "noise", DType: dtype.Float32, Shape: loader.Dims(-1, noiseChannels), Kind: kind.Audio, Rate: rate},
	}, column(x, channels), column(noise, noiseChannels))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestMixAt(t *testing.T) {
	const snr = 12.5
	mix := audio.MixAt{Field: "audio", Noise: "noise", MinSNR: snr, MaxSNR: snr}
	for _, test := range []struct{ frames, noiseFrames, channels, noiseChannels int }{
		{1000, 1000, 1, 1}, {1000, 300, 1, 1}, {300, 1000, 1, 1}, {1000, 700, 2, 1}, {500, 700, 2, 2}, {1, 1, 1, 1},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			x := sine(test.frames, test.channels, 440, 0.5)
			x[0] = 0.1
			noise := make([]float32, test.noiseFrames*test.noiseChannels)
			for i := range noise {
				noise[i] = float32(i/test.noiseChannels + 1)
			}
			got := mustRun(t, pair(t, x, noise, test.channels, test.noiseChannels), mix)[0]
			added := difference(got.x, x)
			if reached := 10 * math.Log10(power(x)/power(added)); math.Abs(reached-snr) > 0.01 {
				t.Errorf("%.3f dB, want %v", reached, snr)
			}
			// The noise counts its frames, so that its place and period show.
			step := 0
			for i := test.channels; i < len(added); i += test.channels {
				if added[i] < added[i-test.channels] {
					step++
				}
			}
			if most := (test.frames-1)/test.noiseFrames + 1; step > most || test.noiseFrames >= test.frames && step > 0 {
				t.Errorf("the noise begins anew %d times", step)
			}
		})
	}
	for name, src := range map[string]*mem.Source{
		"silent noise": pair(t, []float32{1, 2}, []float32{0, 0}, 1, 1),
		"no noise":     pair(t, []float32{1, 2}, nil, 1, 1),
	} {
		if got := mustRun(t, src, mix)[0]; !slices.Equal(got.x, []float32{1, 2}) {
			t.Errorf("%s: %v", name, got.x)
		}
	}
	if _, err := run(pair(t, make([]float32, 6), make([]float32, 6), 3, 2), loader.Config{Transforms: []loader.Transform{mix}}); err == nil {
		t.Error("two channels were mixed into three")
	}
}

func TestInsertPause(t *testing.T) {
	// A tone with a gap of near silence, and spans before, around and behind it.
	x := sine(8000, 1, 440, 0.5)
	for i := 3900; i < 4300; i++ {
		x[i] *= 0.01
	}
	row := clip{x, []int32{0, 3000, 3000, 5000, 5000, 8000}}
	for _, got := range mustRun(t, clips(t, 1, slices.Repeat([]clip{row}, 20)...), audio.InsertPause{MinFrames: 100, MaxFrames: 900, Reach: 8000}) {
		n := len(got.x) - len(x)
		if n < 100 || n > 900 {
			t.Fatalf("a pause of %d frames", n)
		}
		at := 0
		for at < len(x) && got.x[at] == x[at] {
			at++
		}
		for at > 0 && got.x[at-1] == 0 { // x may hold zeros of its own
			at--
		}
		if power(got.x[at:at+n]) != 0 || !slices.Equal(slices.Concat(got.x[:at], got.x[at+n:]), x) {
			t.Fatalf("not a pause of %d frames at %d", n, at)
		}
		if at < 3900 || at > 4300 {
			t.Errorf("the pause is at %d, not in the gap", at)
		}
		if want := []int32{0, 3000, 3000, int32(5000 + n), int32(5000 + n), int32(8000 + n)}; !slices.Equal(got.spans, want) {
			t.Errorf("spans %v, want %v", got.spans, want)
		}
	}
	got := mustRun(t, clips(t, 2, clip{}), audio.InsertPause{MinFrames: 5, MaxFrames: 5})[0]
	if got.shape != loader.Dims(5, 2) || power(got.x) != 0 {
		t.Errorf("a pause in nothing: %v", got.shape)
	}
	for _, got := range mustRun(t, clips(t, 1, clip{x: x}), audio.InsertPause{}) {
		if n := len(got.x) - len(x); n < rate/10 || n > rate/2 {
			t.Errorf("default pause of %d frames", n)
		}
	}
}

// Length exact, pitch within 5 cents, level kept, spans on the same sound.
func TestSpeed(t *testing.T) {
	const hz = 1000
	for _, channels := range []int{1, 2} {
		for _, factor := range []float64{0.5, 0.9, 0.97, 1.1, 1.5, 3} {
			row := clip{sine(16000, channels, hz, 0.5), []int32{0, 16000, 4000, 8000}}
			got := mustRun(t, clips(t, channels, row), audio.Speed{Min: factor, Max: factor})[0]
			frames := got.shape.Dim(0)
			if want := int(math.Round(16000 / factor)); frames != want {
				t.Errorf("factor %v: %d frames, want %d", factor, frames, want)
			}
			if cents := 1200 * math.Log2(peak(got.x, channels, hz*factor)/(hz*factor)); math.Abs(cents) > 5 {
				t.Errorf("factor %v: pitch off by %.2f cents", factor, cents)
			}
			if db := 10 * math.Log10(power(got.x)/power(row.x)); math.Abs(db) > 0.1 {
				t.Errorf("factor %v: level off by %.2f dB", factor, db)
			}
			for i, v := range row.spans {
				if want := float64(v) / factor; math.Abs(float64(got.spans[i])-want) > 0.501 {
					t.Errorf("factor %v: span end %d went to %d", factor, v, got.spans[i])
				}
			}
		}
	}
	x := sine(100, 1, 440, 1)
	if got := mustRun(t, clips(t, 1, clip{x: x}, clip{}), audio.Speed{Min: 1, Max: 1}); !slices.Equal(got[0].x, x) || len(got[1].x) != 0 {
		t.Error("factor 1 changes something")
	}
}

// peak returns the strongest frequency near hz, by golden section search.
func peak(x []float32, channels int, hz float64) float64 {
	first := make([]float32, len(x)/channels)
	for i := range first {
		first[i] = x[i*channels]
	}
	lo, hi := hz*0.99, hz*1.01
	for hi-lo > 1e-3*hz {
		a, b := lo+0.382*(hi-lo), lo+0.618*(hi-lo)
		if dft(first, a/rate) > dft(first, b/rate) {
			hi = b
		} else {
			lo = a
		}
	}
	return (lo + hi) / 2
}

func TestCrop(t *testing.T) {
	count := make([]float32, 100)
	for i := range count {
		count[i] = float32(i + 1)
	}
	row := clip{count, []int32{0, 10, 5, 30, 40, 60, 90, 100}}
	starts := map[int]bool{}
	for _, got := range mustRun(t, clips(t, 1, slices.Repeat([]clip{row}, 100)...), audio.Crop{Frames: 40, Random: true}) {
		start := int(got.x[0]) - 1
		starts[start] = true
		if got.shape != loader.Dims(40, 1) || got.length != 40 || !slices.Equal(got.x, count[start:start+40]) {
			t.Fatalf("%v from %d, length %d", got.shape, start, got.length)
		}
		var spans, labels []int32
		for i := 0; i < len(row.spans); i += 2 {
			if a, b := max(int(row.spans[i])-start, 0), min(int(row.spans[i+1])-start, 40); a < b {
				spans, labels = append(spans, int32(a), int32(b)), append(labels, int32(100+i/2))
			}
		}
		if !slices.Equal(got.spans, spans) || !slices.Equal(got.labels, labels) {
			t.Fatalf("from %d: spans %v, labels %v, want %v, %v", start, got.spans, got.labels, spans, labels)
		}
	}
	if len(starts) < 40 {
		t.Errorf("100 random crops have %d starts", len(starts))
	}
	short := mustRun(t, clips(t, 2, clip{x: []float32{1, 2, 3, 4}}, clip{}), audio.Crop{Frames: 3})
	if !slices.Equal(short[0].x, []float32{1, 2, 3, 4, 0, 0}) || short[0].length != 2 || short[1].length != 0 || power(short[1].x) != 0 {
		t.Errorf("padded: %v", short)
	}
	if got := mustRun(t, clips(t, 1, row), audio.Crop{Frames: 40})[0]; got.x[0] != 1 {
		t.Errorf("not from the beginning: %v", got.x[0])
	}
}

func TestSpecErrors(t *testing.T) {
	a := loader.Field{Name: "audio", DType: dtype.Float32, Shape: loader.Dims(-1, 1), Kind: kind.Audio}
	b := loader.Field{Name: "b", DType: dtype.Float32, Shape: loader.Dims(-1, 1), Kind: kind.Audio, Rate: 8000}
	n := loader.Field{Name: "n", DType: dtype.Int32}
	spans := loader.Field{Name: "s", DType: dtype.Int32, Shape: loader.Dims(3, 2), Kind: kind.Spans, Canvas: "audio"}
	tests := []struct {
		name      string
		in        loader.Spec
		transform loader.Transform
	}{
		{"misspelt", loader.Spec{a}, audio.Gain{Field: "adio"}},
		{"two audios", loader.Spec{a, b}, audio.Gain{}},
		{"not audio", loader.Spec{n}, audio.Gain{Field: "n"}},
		{"not encoded", loader.Spec{a}, audio.Decode{Field: "audio"}},
		{"no files", loader.Spec{a}, audio.Decode{}},
		{"gain upside down", loader.Spec{a}, audio.Gain{MinDB: 1}},
		{"gain is NaN", loader.Spec{a}, audio.Gain{MinDB: math.NaN()}},
		{"color", loader.Spec{a}, audio.AddNoise{Color: 9}},
		{"ratio", loader.Spec{a}, audio.AddNoise{MaxSNR: 1000}},
		{"one field", loader.Spec{a}, audio.MixAt{Field: "audio"}},
		{"same field", loader.Spec{a}, audio.MixAt{Field: "audio", Noise: "audio"}},
		{"other rate", loader.Spec{a, b}, audio.MixAt{Field: "audio", Noise: "b"}},
		{"rate unknown", loader.Spec{a}, audio.InsertPause{}},
		{"pause upside down", loader.Spec{a}, audio.InsertPause{MinFrames: 2, MaxFrames: 1}},
		{"speed of 0", loader.Spec{a}, audio.Speed{Max: 1}},
		{"speed of 5", loader.Spec{a}, audio.Speed{Min: 1, Max: 5}},
		{"no frames", loader.Spec{a}, audio.Crop{}},
		{"fixed spans", loader.Spec{a, spans}, audio.Crop{Frames: 5}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := test.transform.Bind(test.in); !errors.Is(err, loader.ErrSpec) {
				t.Errorf("Bind: %v", err)
			}
		})
	}
}

// The digest covers every float of a whole pipeline. It must be the same for
// any number of workers, every GOAMD64, and on arm64.
func TestGolden(t *testing.T) {
	const golden = "db32a99e946625ef"
	var rows [][]byte
	for i := range 30 {
		rows = append(rows, encode(t, audio.Format{Rate: rate, Channels: 1 + i%2}, sine(1500+100*i, 1+i%2, 300, 0.5)))
	}
	for _, cfg := range []loader.Config{{BatchSize: 1, Workers: 1}, {BatchSize: 7, Workers: 4}} {
		cfg.Transforms = []loader.Transform{
			audio.Decode{Rate: rate, Channels: 1},
			audio.Speed{Min: 0.8, Max: 1.25},
			audio.InsertPause{},
			audio.AddNoise{MinSNR: 10, MaxSNR: 30},
			audio.AddNoise{Color: audio.Pink, MinSNR: 10, MaxSNR: 30},
			audio.Gain{MinDB: -6, MaxDB: 6},
			audio.Crop{Frames: 4000, Random: true},
		}
		got, err := run(files(t, rows...), cfg)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for _, s := range got {
			for _, x := range s.x {
				h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
			}
		}
		if sum := hex.EncodeToString(h.Sum(nil)[:8]); sum != golden {
			t.Errorf("batches of %d: digest %s, want %s", cfg.BatchSize, sum, golden)
		}
	}
}

func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("builds that check do more")
	}
	src := clips(t, 1, slices.Repeat([]clip{{sine(2000, 1, 440, 0.5), []int32{0, 1000}}}, 50)...)
	mallocs := func(epochs int) uint64 {
		ld, err := loader.New(src, loader.Config{BatchSize: 10, Epochs: epochs, Workers: 1, Transforms: []loader.Transform{
			audio.Speed{}, audio.InsertPause{}, audio.AddNoise{MaxSNR: 20}, audio.Gain{MaxDB: 6}, audio.Crop{Frames: 1800, Random: true},
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer ld.Close()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	few, many := mallocs(10), mallocs(50)
	if perSample := (float64(many) - float64(few)) / (40 * 50); perSample > 0.05 {
		t.Errorf("%.3f allocations per sample", perSample)
	}
}
