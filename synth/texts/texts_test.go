package texts_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/internal/synthtest"
	"github.com/stokerdata/stoker/synth/texts"
)

// Three sentences of the zero Config, with the entities in them.
func Example() {
	gen, err := texts.New(texts.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(synth.New(gen, 1_000_000, 1), loader.Config{BatchSize: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	spec := gen.Spec()
	labels, classes := spec[spec.Index("label")].Names, spec[spec.Index("entities")].Names
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for i := range b.Len() {
			text := b.Row("text", i).Data
			fmt.Printf("%s: %s\n", labels[loader.View[int32](b.Tensor("label"))[i]], text)
			spans := loader.View[int32](b.Row("spans", i))
			for k, e := range loader.View[int32](b.Row("entities", i)) {
				fmt.Printf("\t%s %s\n", classes[e], text[spans[2*k]:spans[2*k+1]])
			}
		}
		break
	}
	// Output:
	// sport: Tunis beat Prague 1-5 on 24 December.
	// 	CITY Tunis
	// 	CITY Prague
	// 	DATE 24 December
	// family: Our cousin Carlos turns 95 tomorrow.
	// 	DATE tomorrow
	// move: Rosa Kumar has lived in Lisbon since 1959.
	// 	PERSON Rosa Kumar
	// 	CITY Lisbon
	// 	DATE 1959
}

func newGenerator(t testing.TB, c texts.Config) *texts.Generator {
	t.Helper()
	g, err := texts.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// nested has slots in slots, weights, numbers and braces.
var nested = texts.Config{
	Templates: []texts.Template{
		{Text: "{who} {{from}} {city}", Label: "a", Weight: 3},
		{Text: "{city}: {n}", Label: "b"},
		{Text: "{n}{n}", Label: "a"},
		{Text: "nobody", Label: "c"},
	},
	Slots: []texts.Slot{
		{Name: "who", Entity: "WHO", Values: []texts.Value{{Text: "{first} of {city}", Weight: 1}, {Text: "{first}", Weight: 3}}},
		{Name: "first", Entity: "FIRST", Values: texts.Values("Zoë", "Max", "Ann Lee")},
		{Name: "city", Entity: "CITY", Values: texts.Values("Łódź", "Rome")},
		{Name: "n", Entity: "N", Low: -3, High: 12},
	},
}

func TestPromises(t *testing.T) {
	for name, c := range map[string]texts.Config{"default": {}, "nested": nested} {
		t.Run(name, func(t *testing.T) {
			g := newGenerator(t, c)
			synthtest.Golden(t, name, g)
			if name == "default" { // nested has few distinct texts
				synthtest.Generator(t, g)
			}
		})
	}
}

// sentence is a row in Go's terms.
type sentence struct {
	text     string
	spans    [][2]int32
	entities []string
	label    string
}

func sentences(t *testing.T, c texts.Config, n int) (all []sentence) {
	t.Helper()
	g := newGenerator(t, c)
	spec := g.Spec()
	synthtest.Each(t, synth.New(g, n, 1), loader.Config{BatchSize: 100}, func(b *loader.Batch, i int) {
		s := sentence{text: string(b.Row("text", i).Data), label: spec[3].Names[loader.View[int32](b.Tensor("label"))[i]]}
		spans := loader.View[int32](b.Row("spans", i))
		for k, e := range loader.View[int32](b.Row("entities", i)) {
			s.spans = append(s.spans, [2]int32(spans[2*k:]))
			s.entities = append(s.entities, spec[2].Names[e])
		}
		all = append(all, s)
	})
	return all
}

// TestTruth parses the texts back: each span is exactly what its slot can say.
func TestTruth(t *testing.T) {
	first, city := []string{"Zoë", "Max", "Ann Lee"}, []string{"Łódź", "Rome"}
	says := func(entity, text string) bool {
		switch entity {
		case "FIRST":
			return slices.Contains(first, text)
		case "CITY":
			return slices.Contains(city, text)
		case "N":
			n, err := strconv.Atoi(text)
			return err == nil && -3 <= n && n <= 12
		}
		name, place, found := strings.Cut(text, " of ")
		return slices.Contains(first, name) && (!found || slices.Contains(city, place))
	}
	counts := map[string]int{}
	for _, s := range sentences(t, nested, 6000) {
		counts[s.label]++
		if !slices.IsSortedFunc(s.spans, func(a, b [2]int32) int { return int(a[0] - b[0]) }) {
			t.Fatalf("%q: spans %v are not in order", s.text, s.spans)
		}
		rest := []byte(s.text)
		for k, e := range s.entities {
			word := s.text[s.spans[k][0]:s.spans[k][1]]
			if !says(e, word) {
				t.Fatalf("%q: %s is %q", s.text, e, word)
			}
			for i := s.spans[k][0]; i < s.spans[k][1]; i++ {
				rest[i] = 0
			}
		}
		if what := strings.ReplaceAll(string(rest), "\x00", ""); !slices.Contains([]string{" {from} ", ": ", "", "nobody"}, what) {
			t.Fatalf("%q is %q beside its entities", s.text, what)
		}
		if s.label == "c" && (s.text != "nobody" || s.entities != nil) {
			t.Fatalf("%+v", s)
		}
	}
	for label, want := range map[string]float64{"a": 4. / 6, "b": 1. / 6, "c": 1. / 6} {
		if got := float64(counts[label]) / 6000; math.Abs(got-want) > 0.025 {
			t.Errorf("label %s is %v of the texts, want %v", label, got, want)
		}
	}
}

func TestNestedSpans(t *testing.T) {
	for _, s := range sentences(t, nested, 200) {
		if strings.HasPrefix(s.text, "Zoë of Rome {from} ") {
			want := []string{"WHO", "FIRST", "CITY", "CITY"}
			spans := [][2]int32{{0, 12}, {0, 4}, {8, 12}}
			if !slices.Equal(s.entities, want) || !slices.Equal(s.spans[:3], spans) {
				t.Errorf("%q: %v at %v", s.text, s.entities, s.spans)
			}
			return
		}
	}
	t.Error("no text of the kind")
}

// TestStock: the texts of the zero Config are UTF-8, filled in, and varied.
func TestStock(t *testing.T) {
	all := sentences(t, texts.Config{}, 10_000)
	distinct, labels, entities := map[string]bool{}, map[string]int{}, map[string]int{}
	for _, s := range all {
		if !utf8.ValidString(s.text) || strings.ContainsAny(s.text, "{}") || strings.Contains(s.text, "  ") || s.text == "" {
			t.Fatalf("%q", s.text)
		}
		distinct[s.text] = true
		labels[s.label]++
		for k, e := range s.entities {
			entities[e]++
			if w := s.text[s.spans[k][0]:s.spans[k][1]]; w != strings.TrimSpace(w) || w == "" {
				t.Fatalf("%q: %s is %q", s.text, e, w)
			}
		}
	}
	if len(distinct) < 9000 || len(labels) != 8 || len(entities) != 8 {
		t.Errorf("%d distinct texts, labels %v, entities %v", len(distinct), labels, entities)
	}
	for label, n := range labels {
		if n < 1100 || n > 1400 {
			t.Errorf("%d texts are about %s", n, label)
		}
	}
}

// TestOwnSlots: slots without templates replace those of the zero Config.
func TestOwnSlots(t *testing.T) {
	c := texts.Config{Slots: []texts.Slot{{Name: "city", Entity: "TOWN", Values: texts.Values("Utopia")}}}
	towns := 0
	for _, s := range sentences(t, c, 200) {
		for k, e := range s.entities {
			if e == "CITY" {
				t.Fatalf("%+v", s)
			}
			if e == "TOWN" && s.text[s.spans[k][0]:s.spans[k][1]] == "Utopia" {
				towns++
			}
		}
	}
	if towns == 0 {
		t.Error("no Utopia")
	}
}

func TestConfigErrors(t *testing.T) {
	one := func(text string) []texts.Template { return []texts.Template{{Text: text}} }
	doubling := texts.Config{Templates: one("{s0}")}
	for k := range 60 {
		next := fmt.Sprintf("{s%d}{s%d}", k+1, k+1)
		doubling.Slots = append(doubling.Slots, texts.Slot{Name: fmt.Sprintf("s%d", k), Values: texts.Values(next)})
	}
	doubling.Slots = append(doubling.Slots, texts.Slot{Name: "s60", Values: texts.Values("ha")})
	for want, c := range map[string]texts.Config{
		"none":                 {Templates: []texts.Template{}},
		`no slot "x"`:          {Templates: one("{x}")},
		`no slot ""`:           {Templates: one("{}")},
		"brace":                {Templates: one("a } b")},
		"without its like":     {Templates: one("a {b")},
		"holds itself":         {Templates: one("{x}"), Slots: []texts.Slot{{Name: "x", Values: texts.Values("{y}")}, {Name: "y", Values: texts.Values("a", "{x}")}}},
		"used before":          {Templates: one("{x}"), Slots: []texts.Slot{{Name: "x"}, {Name: "x"}}},
		"is empty":             {Templates: one("a"), Slots: []texts.Slot{{}}},
		"weight":               {Templates: []texts.Template{{Text: "a", Weight: -1}}},
		"weight +Inf":          {Templates: []texts.Template{{Text: "a", Weight: math.Inf(1)}}},
		"weight NaN":           {Templates: []texts.Template{{Text: "a", Weight: math.NaN()}}},
		"from 5 to 4":          {Templates: one("{x}"), Slots: []texts.Slot{{Name: "x", Low: 5, High: 4}}},
		"no values from -":     {Templates: one("{x}"), Slots: []texts.Slot{{Name: "x", Low: math.MinInt, High: math.MaxInt}}},
		"more than 1048576":    doubling,
		`slot "x": none`:       {Templates: one("{x}"), Slots: []texts.Slot{{Name: "x", Values: []texts.Value{}}}},
		`"{a": brace without `: {Templates: one("{a")},
	} {
		if _, err := texts.New(c); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

// FuzzTemplate: any template is refused or gives texts with spans inside them.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{person} and {city}", "{{}}", "{", "}{", "{a}{a}{b}", "\xff{n}", "{{{a}}}", "{n} {{ {a}"} {
		f.Add(s, "{n} {a}", -4)
	}
	f.Fuzz(func(t *testing.T, template, value string, low int) {
		g, err := texts.New(texts.Config{
			Templates: []texts.Template{{Text: template}},
			Slots: []texts.Slot{
				{Name: "a", Entity: "A", Values: texts.Values("word")},
				{Name: "b", Entity: "B", Values: texts.Values(value, "")},
				{Name: "n", Entity: "N", Low: low, High: 9},
			},
		})
		if err != nil {
			if !errors.Is(err, loader.ErrSpec) {
				t.Fatal(err)
			}
			return
		}
		synthtest.Each(t, synth.New(g, 4, 1), loader.Config{BatchSize: 2, Workers: 1}, func(b *loader.Batch, i int) {
			text, spans := b.Row("text", i).Data, loader.View[int32](b.Row("spans", i))
			for k := 0; k < len(spans); k += 2 {
				_ = text[spans[k]:spans[k+1]]
			}
		})
	})
}

func BenchmarkTexts(b *testing.B) { synthtest.Rate(b, newGenerator(b, texts.Config{})) }

// BenchmarkTextsIdeal copies sentences of the same length.
func BenchmarkTextsIdeal(b *testing.B) {
	dst, src := make([]byte, 64*60), strings.Repeat("x", 60)
	for b.Loop() {
		for k := range 64 {
			copy(dst[60*k:], src)
		}
	}
	b.ReportMetric(float64(64*b.N)/b.Elapsed().Seconds(), "samples/s")
}
