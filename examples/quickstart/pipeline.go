package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/augment/tabular"
	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// pipeline returns transforms that suit the fields of the data set. Those for
// texts and tables learn from the data first.
func (d *demo) pipeline(ctx context.Context, spec loader.Spec) ([]loader.Transform, error) {
	has := func(k kind.Kind) bool {
		return slices.ContainsFunc(spec, func(f loader.Field) bool { return f.Kind == k })
	}
	switch {
	case has(kind.EncodedImage):
		return append([]loader.Transform{vision.Decode{}}, images()...), nil
	case has(kind.Image):
		return images(), nil
	case has(kind.Text):
		return d.texts(ctx, spec)
	case has(kind.Plain):
		return d.table(ctx)
	}
	return nil, fmt.Errorf("no pipeline for the fields %v", spec)
}

// images returns the usual augmentation for training a classifier.
func images() []loader.Transform {
	return []loader.Transform{
		vision.RandomResizedCrop{Size: 96, Scale: [2]float64{0.4, 1}},
		vision.FlipH{P: 0.5},
		vision.ColorJitter{Brightness: 0.3, Contrast: 0.3, Saturation: 0.3},
		vision.ToTensor{DType: dtype.Float32},
	}
}

// table returns what makes one row of numbers out of many columns, each with
// mean 0 and standard deviation 1 over all the data.
func (d *demo) table(ctx context.Context) ([]loader.Transform, error) {
	ld, err := d.open(loader.Config{BatchSize: 4096})
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	d.out.Live("%s: measuring the columns", d.set.Name())
	stats, err := tabular.Fit(ctx, ld.All(ctx))
	if err != nil {
		return nil, err
	}
	d.out.Line("  measured %d columns", len(stats))
	return []loader.Transform{stats.Standardize(), tabular.Impute{}, tabular.Concat{}}, nil
}

// texts returns what makes numbers out of words, some of them first replaced by
// others that mean the same.
func (d *demo) texts(ctx context.Context, spec loader.Spec) ([]loader.Transform, error) {
	field := spec[slices.IndexFunc(spec, func(f loader.Field) bool { return f.Kind == kind.Text })].Name
	ld, err := d.open(loader.Config{BatchSize: 4096})
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	d.out.Live("%s: counting words", d.set.Name())
	words, err := text.BuildVocabulary(text.Values(ld.All(ctx), field), text.VocabularyOptions{Size: 10_000})
	if err != nil {
		return nil, err
	}
	d.out.Line("  a vocabulary of %s words", count(int64(words.Len())))
	return []loader.Transform{
		text.Synonyms{Field: field, P: 0.2},
		text.Tokenize{Field: field, With: text.Words{Vocabulary: words}, Len: 32, Into: "tokens"},
	}, nil
}
