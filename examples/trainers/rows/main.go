// Command rows trains a classifier of table rows in plain Go, fed by a loader: a
// network with one hidden layer, written out by hand.
//
//	go run ./examples/trainers/rows
//
// It measures the columns, trains, and prints the accuracy on other rows of the
// same task, with the time that the loop spent waiting for the loader.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/stokerdata/stoker/augment/tabular"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/table"
)

const classes = 4

func main() {
	rows := flag.Int("rows", 200_000, "`rows` to train with")
	epochs := flag.Int("epochs", 5, "`times` they are gone through")
	flag.Parse()
	if _, err := run(context.Background(), *rows, *epochs); err != nil {
		log.Fatal(err)
	}
}

// run trains and returns the accuracy.
func run(ctx context.Context, rows, epochs int) (float64, error) {
	task, err := table.New(table.Config{Informative: 6, Redundant: 4, Noise: 10, Classes: classes, Separation: 1.5, Missing: 0.02})
	if err != nil {
		return 0, err
	}
	train, test := synth.New(task, rows, 1), synth.New(task, 20_000, 2)
	transforms, err := measure(ctx, train)
	if err != nil {
		return 0, err
	}
	ld, err := loader.New(train, loader.Config{
		BatchSize: 256, Epochs: epochs, Seed: 42, Order: loader.Shuffle{}, Transforms: transforms,
	})
	if err != nil {
		return 0, err
	}
	defer ld.Close()
	features := ld.Spec()[ld.Spec().Index("features")]
	net := newNetwork(features.Shape.Len(), 32, classes)
	began, n, steps := time.Now(), int64(0), float32(ld.Len()*int64(epochs))
	for b, err := range ld.All(ctx) {
		if err != nil {
			return 0, err
		}
		rate := 0.1 * (1 - float32(n)/steps)
		net.step(loader.View[float32](b.Tensor("features")), loader.View[int32](b.Tensor("label")), rate)
		n++
	}
	took, stats := time.Since(began), ld.Stats()
	right, err := accuracy(ctx, net, test, transforms)
	if err != nil {
		return 0, err
	}
	fmt.Printf("%d epochs of %d rows: accuracy %.1f%% on 20000 others, %.1f s (%.0f rows/s), %.1f s of them waiting for rows\n",
		epochs, rows, 100*right, took.Seconds(), float64(stats.Samples)/took.Seconds(), stats.Starved.Seconds())
	return right, nil
}

// measure returns what makes one standardized vector out of the columns.
func measure(ctx context.Context, src loader.Source) ([]loader.Transform, error) {
	ld, err := loader.New(src, loader.Config{BatchSize: 4096})
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	stats, err := tabular.Fit(ctx, ld.All(ctx))
	if err != nil {
		return nil, err
	}
	return []loader.Transform{stats.Standardize(), tabular.Impute{}, tabular.Concat{}}, nil
}

// accuracy returns the part of the rows that net knows.
func accuracy(ctx context.Context, net *network, src loader.Source, transforms []loader.Transform) (float64, error) {
	ld, err := loader.New(src, loader.Config{BatchSize: 1024, Transforms: transforms})
	if err != nil {
		return 0, err
	}
	defer ld.Close()
	right, seen := 0, 0
	for b, err := range ld.All(ctx) {
		if err != nil {
			return 0, err
		}
		x, label := loader.View[float32](b.Tensor("features")), loader.View[int32](b.Tensor("label"))
		for i, want := range label {
			if net.predict(x[i*net.in:(i+1)*net.in]) == int(want) {
				right++
			}
		}
		seen += len(label)
	}
	return float64(right) / float64(seen), nil
}
