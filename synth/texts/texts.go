package texts

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Config describes texts. The zero Config is valid: English sentences of eight
// kinds, with eight kinds of entities.
type Config struct {
	// Templates are the sentences. Nil means Templates and Slots of our own;
	// Slots are then added to these, and take the place of those of like name.
	Templates []Template
	// Slots are what the templates name.
	Slots []Slot
}

// Template is a sentence with slots in braces: "{person} left {city}.". A brace
// that is meant as such is doubled.
type Template struct {
	Text   string
	Label  string  // the class of the sentence; templates may share one
	Weight float64 // relative frequency; 0 means 1
}

// Slot is a set of strings that may stand for its name: either Values, or the
// numbers from Low to High in decimals.
type Slot struct {
	Name string
	// Entity is the class of the slot's spans. A slot without one leaves no span.
	Entity    string
	Values    []Value
	Low, High int
}

// Value is one filling of a slot, which may name other slots like a Template.
type Value struct {
	Text   string
	Weight float64 // relative frequency; 0 means 1
}

// Values returns fillings of equal frequency.
func Values(texts ...string) []Value {
	v := make([]Value, len(texts))
	for i, t := range texts {
		v[i].Text = t
	}
	return v
}

// Generator makes texts; it is a synth.Generator.
type Generator struct {
	spec   loader.Spec
	print  string
	root   symbol
	labels []int32 // of each template
	pages  *sync.Pool
}

// New returns a generator of the texts that c describes. The error wraps
// loader.ErrSpec.
func New(c Config) (*Generator, error) {
	c = c.withDefaults()
	g, err := compile(c)
	if err != nil {
		return nil, fmt.Errorf("texts: %w: %w", err, loader.ErrSpec)
	}
	g.print = fmt.Sprintf("%+v", c)
	return g, nil
}

func (c Config) withDefaults() Config {
	if c.Templates != nil {
		return c
	}
	slots := append([]Slot(nil), c.Slots...)
	for _, s := range stockSlots() {
		if index(c.Slots, s.Name) < 0 {
			slots = append(slots, s)
		}
	}
	return Config{Templates: stockTemplates(), Slots: slots}
}

// Spec implements synth.Generator.
func (g *Generator) Spec() loader.Spec { return g.spec }

// Fingerprint returns the configuration, which the texts follow from.
func (g *Generator) Fingerprint() string { return g.print }

// Indices of the fields.
const (
	fieldText = iota
	fieldSpans
	fieldEntities
	fieldLabel
)

func fields(labels, entities []string) loader.Spec {
	return loader.Spec{
		fieldText:     {Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		fieldSpans:    {Name: "spans", DType: dtype.Int32, Shape: loader.Dims(-1, 2), Kind: kind.Spans, Canvas: "text"},
		fieldEntities: {Name: "entities", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Label, Follows: "spans", Names: entities},
		fieldLabel:    {Name: "label", DType: dtype.Int32, Shape: loader.Dims(), Kind: kind.Label, Names: labels},
	}
}

// page is the scratch memory of one text.
type page struct {
	text     []byte
	spans    []int32
	entities []int32
	template int
}

// Row implements synth.Generator.
func (g *Generator) Row(rng *rand.Rand, _ int64, w *loader.Worker, s *loader.Sample) error {
	p := g.pages.Get().(*page)
	defer g.pages.Put(p)
	g.write(rng, p)
	w.Note("template", float64(p.template))
	n := len(p.entities)
	copy(w.Out(s, fieldText, dtype.Uint8, loader.Dims(len(p.text))).Data, p.text)
	copy(loader.View[int32](*w.Out(s, fieldSpans, dtype.Int32, loader.Dims(n, 2))), p.spans)
	copy(loader.View[int32](*w.Out(s, fieldEntities, dtype.Int32, loader.Dims(n))), p.entities)
	loader.View[int32](*w.Out(s, fieldLabel, dtype.Int32, loader.Shape{}))[0] = g.labels[p.template]
	return nil
}

// write draws a text into p.
func (g *Generator) write(rng *rand.Rand, p *page) {
	p.text, p.spans, p.entities = p.text[:0], p.spans[:0], p.entities[:0]
	p.template = g.root.choice.Pick(rng)
	for _, piece := range g.root.rules[p.template] {
		piece.write(rng, p)
	}
}

// piece is a part of a template: literal text, or a symbol.
type piece struct {
	text   string
	symbol *symbol // nil for text
}

// symbol is a compiled slot.
type symbol struct {
	entity    int32 // -1 for none
	choice    draw.Choice
	rules     [][]piece
	low, high int // if there are no rules
	longest   int // bytes of the longest text
	state     state
}

func (c *piece) write(rng *rand.Rand, p *page) {
	s := c.symbol
	if s == nil {
		p.text = append(p.text, c.text...)
		return
	}
	k, start := len(p.entities), len(p.text)
	if s.entity >= 0 {
		p.entities = append(p.entities, s.entity)
		p.spans = append(p.spans, int32(start), 0)
	}
	if s.rules == nil {
		p.text = strconv.AppendInt(p.text, int64(draw.Int(rng, s.low, s.high)), 10)
	} else {
		rule := s.rules[s.choice.Pick(rng)]
		for i := range rule {
			rule[i].write(rng, p)
		}
	}
	if s.entity >= 0 {
		p.spans[2*k+1] = int32(len(p.text))
	}
}
