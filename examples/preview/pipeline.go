package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/stokerdata/stoker/augment/audio"
	"github.com/stokerdata/stoker/augment/tabular"
	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// The grammar of a pipeline:
//
//	pipeline  = [ transform { "," transform } ] .
//	transform = name { ":" number } .
//
// Names and numbers are those of transforms; numbers in brackets may be left out.

// transform is a name of the grammar.
type transform struct {
	name, args, help string
	make             func(a *args) loader.Transform
}

var transforms = []transform{
	{"decode", "", "image and WAV files, if there are any", nil},

	{"resize", ":SIZE", "shorter edge of an image", func(a *args) loader.Transform { return vision.Resize{Size: a.whole(0)} }},
	{"scale", ":HEIGHT:WIDTH", "exact size of an image", func(a *args) loader.Transform {
		return vision.Resize{Height: a.whole(0), Width: a.whole(1)}
	}},
	{"crop", ":SIZE[:PAD]", "random square out of an image", func(a *args) loader.Transform {
		return vision.RandomCrop{Size: a.whole(0), Pad: a.whole(1)}
	}},
	{"centercrop", ":SIZE", "square in the middle of an image", func(a *args) loader.Transform {
		return vision.CenterCrop{Size: a.whole(0)}
	}},
	{"resizedcrop", ":SIZE[:LEAST]", "random part of an image, at least this of its area (0.08), as a square", func(a *args) loader.Transform {
		return vision.RandomResizedCrop{Size: a.whole(0), Scale: [2]float64{a.or(1, 0.08), 1}}
	}},
	{"flip", "[:P]", "left to right, with probability P (0.5)", func(a *args) loader.Transform { return vision.FlipH{P: a.or(0, 0.5)} }},
	{"flipv", "[:P]", "top to bottom, with probability P (0.5)", func(a *args) loader.Transform { return vision.FlipV{P: a.or(0, 0.5)} }},
	{"d4", "", "turned and mirrored in one of eight ways", func(*args) loader.Transform { return vision.D4{} }},
	{"jitter", "[:X]", "brightness, contrast, saturation by up to X (0.4)", func(a *args) loader.Transform {
		x := a.or(0, 0.4)
		return vision.ColorJitter{Brightness: x, Contrast: x, Saturation: x}
	}},
	{"erase", "[:P]", "a random rectangle, with probability P (0.5)", func(a *args) loader.Transform { return vision.RandomErasing{P: a.or(0, 0.5)} }},
	{"totensor", "", "0 to 1, plane by plane", func(*args) loader.Transform { return vision.ToTensor{DType: dtype.Float32} }},
	{"normalize", "", "ImageNet's mean and deviation, plane by plane", func(*args) loader.Transform { return vision.Normalize{} }},

	{"gain", "[:DB]", "level of a sound, up to DB (12) either way", func(a *args) loader.Transform {
		return audio.Gain{MinDB: -a.or(0, 12), MaxDB: a.or(0, 12)}
	}},
	{"speed", "[:MIN:MAX]", "tempo and pitch of a sound (0.9 to 1.1)", func(a *args) loader.Transform {
		return audio.Speed{Min: a.or(0, 0.9), Max: a.or(1, 1.1)}
	}},
	{"noise", "[:MIN:MAX]", "pink noise at a signal-to-noise ratio in dB (5 to 30)", func(a *args) loader.Transform {
		return audio.AddNoise{Color: audio.Pink, MinSNR: a.or(0, 5), MaxSNR: a.or(1, 30)}
	}},
	{"pause", "", "silence inserted in a quiet place", func(*args) loader.Transform { return audio.InsertPause{} }},
	{"cut", ":FRAMES", "random part of a sound", func(a *args) loader.Transform { return audio.Crop{Frames: a.whole(0), Random: true} }},

	{"synonyms", "[:P]", "words replaced, each with probability P (0.1)", func(a *args) loader.Transform { return text.Synonyms{P: a.or(0, 0.1)} }},
	{"swap", "[:N]", "N (1) pairs of words", func(a *args) loader.Transform { return text.SwapWords{N: a.whole(0)} }},
	{"shuffle", "[:PLACES]", "words moved by up to PLACES (3)", func(a *args) loader.Transform { return text.ShuffleWords{Distance: a.whole(0)} }},
	{"tokens", "[:LEN]", "bytes as tokens, cut or padded to LEN", func(a *args) loader.Transform {
		return text.Tokenize{Into: "tokens", Len: a.whole(0)}
	}},

	{"impute", "", "missing cells of a table become 0", func(*args) loader.Transform { return tabular.Impute{} }},
	{"dropcells", "[:P]", "cells of a table become 0, with probability P (0.1)", func(a *args) loader.Transform { return tabular.DropCells{P: a.or(0, 0.1)} }},
	{"swapcells", "[:P]", "cells of a table from another row, with probability P (0.1)", func(a *args) loader.Transform { return tabular.SwapNoise{P: a.or(0, 0.1)} }},
}

// usage lists the transforms.
func usage() string {
	var b strings.Builder
	for _, t := range transforms {
		fmt.Fprintf(&b, "  %-28s %s\n", t.name+t.args, t.help)
	}
	return b.String()
}

// parsePipeline returns the transforms that text lists, for a data set of the
// given fields. Whether they fit those is for loader.New to say.
func parsePipeline(text string, spec loader.Spec) (list []loader.Transform, err error) {
	for stage := range strings.SplitSeq(text, ",") {
		words := strings.Split(strings.TrimSpace(stage), ":")
		if text == "" {
			break
		}
		t, ok := find(words[0])
		if !ok {
			return nil, fmt.Errorf("-pipeline: there is no transform %q; -help lists them", words[0])
		}
		a, err := parseArgs(t, words[1:])
		if err != nil {
			return nil, err
		}
		if t.make == nil {
			list = append(list, decoders(spec)...)
			continue
		}
		made := t.make(a)
		if a.err != nil {
			return nil, fmt.Errorf("-pipeline: %s: %w, as in %s%s", stage, a.err, t.name, t.args)
		}
		list = append(list, made)
	}
	return list, nil
}

func find(name string) (transform, bool) {
	for _, t := range transforms {
		if t.name == name {
			return t, true
		}
	}
	return transform{}, false
}

// decoders returns a decoder for each field that holds files.
func decoders(spec loader.Spec) (list []loader.Transform) {
	for _, f := range spec {
		switch f.Kind {
		case kind.EncodedImage:
			list = append(list, vision.Decode{Field: f.Name})
		case kind.EncodedAudio:
			list = append(list, audio.Decode{Field: f.Name, Channels: 1})
		}
	}
	return list
}

// args are the numbers behind a name. The first that does not fit is noted.
type args struct {
	values []float64
	err    error
}

// parseArgs reads the numbers behind t's name, as many as t.args allows.
func parseArgs(t transform, words []string) (*args, error) {
	required, optional, _ := strings.Cut(t.args, "[")
	least := strings.Count(required, ":")
	most := least + strings.Count(optional, ":")
	if len(words) < least || len(words) > most {
		return nil, fmt.Errorf("-pipeline: %s: %d numbers do not fit %s%s", t.name, len(words), t.name, t.args)
	}
	a := &args{}
	for _, w := range words {
		x, err := strconv.ParseFloat(w, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("-pipeline: %s: %q is no number, as in %s%s", t.name, w, t.name, t.args)
		}
		a.values = append(a.values, x)
	}
	return a, nil
}

// or returns number i, or the usual one if it was left out.
func (a *args) or(i int, usual float64) float64 {
	if i < len(a.values) {
		return a.values[i]
	}
	return usual
}

// whole returns number i, which must be a whole one, or 0 if it was left out.
func (a *args) whole(i int) int {
	x := a.or(i, 0)
	if x != math.Trunc(x) || x < 0 || x > math.MaxInt32 {
		a.err = fmt.Errorf("%v should be a whole number", x)
		return 0
	}
	return int(x)
}
