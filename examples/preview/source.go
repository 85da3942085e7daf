package main

import (
	"fmt"
	"strings"

	"github.com/stokerdata/stoker/examples/internal/dataset"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/shapes"
	"github.com/stokerdata/stoker/synth/table"
	"github.com/stokerdata/stoker/synth/texts"
	"github.com/stokerdata/stoker/synth/tones"
)

// generators lists the names that generate knows.
func generators() []string { return []string{"shapes", "texts", "tones", "table"} }

// generate returns a generated data set, large enough to look around in.
func generate(name string, seed uint64) (dataset.Source, error) {
	var gen synth.Generator
	var err error
	switch name {
	case "shapes":
		gen, err = shapes.New(shapes.Config{Height: 160, Width: 160, MaxShapes: 4})
	case "texts":
		gen, err = texts.New(texts.Config{})
	case "tones":
		gen, err = tones.New(tones.Config{Frames: 4000, Noises: []tones.Noise{tones.White, tones.Pink}})
	case "table":
		gen, err = table.New(table.Config{
			Informative: 4, Redundant: 2, Noise: 2, Missing: 0.02, Classes: 3, LabelNoise: 0.05,
			Categories: []table.Category{{Names: []string{"red", "green", "blue"}, Signal: 0.5}, {Levels: 50}},
		})
	default:
		return nil, fmt.Errorf("-synth: there is no %q, but %s", name, strings.Join(generators(), ", "))
	}
	if err != nil {
		return nil, err
	}
	return unclosed{synth.New(gen, 100_000, seed)}, nil
}

// unclosed is a generated data set, of which nothing is to be closed.
type unclosed struct{ *synth.Source }

// Close does nothing.
func (unclosed) Close() error { return nil }

// words are the names of kinds on the command line, each with the shape of a
// list column of that kind.
var words = map[string]struct {
	kind  kind.Kind
	shape loader.Shape
}{
	"encoded": {kind.EncodedImage, loader.Dims()},
	"sound":   {kind.EncodedAudio, loader.Dims()},
	"image":   {kind.Image, loader.Dims()},
	"mask":    {kind.Mask, loader.Dims()},
	"boxes":   {kind.Boxes, loader.Dims(-1, 4)},
	"points":  {kind.KeyPoints, loader.Dims(-1, 3)},
	"label":   {kind.Label, loader.Dims()},
	"text":    {kind.Text, loader.Dims()},
	"spans":   {kind.Spans, loader.Dims(-1, 2)},
}

// parseKinds reads what columns mean:
//
//	kinds = [ column { "," column } ] .
//	column = name "=" word [ ":" name ] .
//
// The name behind the colon is that of the field which a label follows, or on
// which boxes, points, masks and spans live: if it is left out, the image or
// text among the columns.
func parseKinds(text string) (map[string]loader.Field, error) {
	if text == "" {
		return nil, nil
	}
	fields := map[string]loader.Field{}
	canvas := map[kind.Kind]string{}
	for column := range strings.SplitSeq(text, ",") {
		name, means, _ := strings.Cut(column, "=")
		word, other, _ := strings.Cut(means, ":")
		w, ok := words[word]
		if !ok || name == "" {
			return nil, fmt.Errorf("-kinds: %q is not as in class=label:boxes; the kinds are encoded, sound, image, mask, boxes, points, label, text, spans", column)
		}
		f := loader.Field{Kind: w.kind, Shape: w.shape}
		if w.kind == kind.Label {
			f.Follows = other
		} else {
			f.Canvas = other
		}
		fields[name] = f
		switch w.kind {
		case kind.Image, kind.EncodedImage:
			canvas[kind.Image] = name
		case kind.Text:
			canvas[kind.Text] = name
		}
	}
	for name, f := range fields {
		if f.Canvas == "" {
			switch f.Kind {
			case kind.Mask, kind.Boxes, kind.KeyPoints:
				f.Canvas = canvas[kind.Image]
			case kind.Spans:
				f.Canvas = canvas[kind.Text]
			}
			fields[name] = f
		}
	}
	return fields, nil
}
