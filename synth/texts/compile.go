package texts

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/stokerdata/stoker/internal/draw"
)

// maxText bounds the bytes of a text: slots that double each other could
// otherwise make one of any length out of a few lines.
const maxText = 1 << 20

// state tells how far a slot is compiled.
type state uint8

const (
	untouched state = iota
	compiling
	compiled
)

// compiler turns slots into symbols as templates name them.
type compiler struct {
	slots    []Slot
	symbols  []symbol
	entities []string
}

func compile(c Config) (*Generator, error) {
	k := &compiler{slots: c.Slots, symbols: make([]symbol, len(c.Slots))}
	for i, s := range c.Slots {
		if s.Name == "" || index(c.Slots, s.Name) != i {
			return nil, fmt.Errorf("slot %d: its name %q is empty or used before", i, s.Name)
		}
	}
	values := make([]Value, len(c.Templates))
	for i, t := range c.Templates {
		values[i] = Value{t.Text, t.Weight}
	}
	g := &Generator{}
	if err := k.rules(&g.root, values); err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	var labels []string
	for _, t := range c.Templates {
		i := slices.Index(labels, t.Label)
		if i < 0 {
			i, labels = len(labels), append(labels, t.Label)
		}
		g.labels = append(g.labels, int32(i))
	}
	g.spec = fields(labels, k.entities)
	longest := g.root.longest
	g.pages = &sync.Pool{New: func() any { return &page{text: make([]byte, 0, longest)} }}
	return g, nil
}

func index(slots []Slot, name string) int {
	return slices.IndexFunc(slots, func(s Slot) bool { return s.Name == name })
}

// rules compiles the fillings of s.
func (k *compiler) rules(s *symbol, values []Value) error {
	if len(values) == 0 {
		return fmt.Errorf("none")
	}
	var weights []float64
	sum := 0.0
	for _, v := range values {
		w := v.Weight
		if w == 0 {
			w = 1
		}
		if !(w > 0) || math.IsInf(sum+w, 0) {
			return fmt.Errorf("weight %v of %q", v.Weight, v.Text)
		}
		rule, n, err := k.parse(v.Text)
		if err != nil {
			return err
		}
		if n > maxText {
			return fmt.Errorf("%q gives more than %d bytes", v.Text, maxText)
		}
		sum += w
		weights = append(weights, w)
		s.rules = append(s.rules, rule)
		s.longest = max(s.longest, n)
	}
	s.choice = draw.NewChoice(weights)
	return nil
}

// parse compiles a template and returns the bytes of its longest text.
func (k *compiler) parse(text string) (rule []piece, longest int, err error) {
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			rule = append(rule, piece{text: literal.String()})
			longest += literal.Len()
			literal.Reset()
		}
	}
	for rest := text; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			literal.WriteString(rest)
			break
		}
		literal.WriteString(rest[:i])
		if strings.HasPrefix(rest[i:], "{{") || strings.HasPrefix(rest[i:], "}}") {
			literal.WriteByte(rest[i])
			rest = rest[i+2:]
			continue
		}
		end := strings.IndexByte(rest[i:], '}')
		if end <= 0 {
			return nil, 0, fmt.Errorf("%q: brace without its like", text)
		}
		s, err := k.symbol(rest[i+1 : i+end])
		if err != nil {
			return nil, 0, fmt.Errorf("%q: %w", text, err)
		}
		flush()
		rule = append(rule, piece{symbol: s})
		longest = min(longest+s.longest, maxText+1)
		rest = rest[i+end+1:]
	}
	flush()
	return rule, longest, nil
}

// symbol returns the slot of the given name, compiled.
func (k *compiler) symbol(name string) (*symbol, error) {
	i := index(k.slots, name)
	if i < 0 {
		return nil, fmt.Errorf("there is no slot %q", name)
	}
	s, slot := &k.symbols[i], k.slots[i]
	switch s.state {
	case compiled:
		return s, nil
	case compiling:
		return nil, fmt.Errorf("slot %q holds itself", name)
	}
	s.state = compiling
	s.entity = k.entity(slot.Entity)
	if slot.Values == nil {
		if slot.Low > slot.High || slot.High-slot.Low < 0 {
			return nil, fmt.Errorf("slot %q: no values from %d to %d", name, slot.Low, slot.High)
		}
		s.low, s.high = slot.Low, slot.High
		s.longest = max(len(strconv.Itoa(s.low)), len(strconv.Itoa(s.high)))
	} else if err := k.rules(s, slot.Values); err != nil {
		return nil, fmt.Errorf("slot %q: %w", name, err)
	}
	s.state = compiled
	return s, nil
}

// entity returns the number of an entity class, -1 for none.
func (k *compiler) entity(name string) int32 {
	if name == "" {
		return -1
	}
	i := slices.Index(k.entities, name)
	if i < 0 {
		i, k.entities = len(k.entities), append(k.entities, name)
	}
	return int32(i)
}
