package table

import (
	"fmt"
	"math"

	"github.com/stokerdata/stoker/loader"
)

// Task is what the label of a table is.
type Task uint8

// The tasks.
const (
	Classification Task = iota // int32 label: the class
	Regression                 // float32 label: a weighted sum and noise
)

// Config describes a table. The zero Config is valid: two classes, five
// informative columns, nothing else.
type Config struct {
	// Seed decides the task: where the classes lie, what each weight is.
	Seed uint64
	Task Task

	// Informative is the number of independent columns on which the label
	// depends, 0 to 64: normal numbers of standard deviation 1 around a mean
	// that, in classification, depends on the class. 0 means 5.
	Informative int
	// Redundant is the number of columns that are weighted sums of the
	// informative ones, of standard deviation 1 within a class.
	Redundant int
	// Noise is the number of standard normal columns without meaning.
	Noise int
	// Categories lists the categorical columns.
	Categories []Category

	// Classes is the number of classes, 2 to 1024, and no more than
	// 2^Informative. 0 means 2.
	Classes int
	// Weights holds the relative frequency of each class. Nil means equal ones.
	Weights []float64
	// Separation is the distance of a class centre from the origin along each
	// informative column, in standard deviations. 0 means 1.
	Separation float64
	// LabelNoise is the probability that a label is replaced: in
	// classification by another class, in regression it is the standard
	// deviation of the noise relative to that of the rest of the label.
	LabelNoise float64

	// Missing is the probability of each number and category to be missing,
	// independent of everything else (completely at random).
	Missing float64
	// Valid adds for each of them a bool field, name.valid.
	Valid bool
}

// Category describes a categorical column, whose frequencies follow Zipf's law:
// that of category k is proportional to 1/(k+1)^Exponent.
type Category struct {
	// Levels is the number of categories, 2 to 1<<20. 0 means len(Names), or
	// 10 if there are none.
	Levels int
	// Names holds the name of each category, or is nil.
	Names []string
	// Exponent of the law, 0 to 10. 0 means 1; for equal frequencies use a
	// tiny number.
	Exponent float64
	// Signal, 0 to 1, says how much the category tells about the label. In
	// classification it is the part of rows whose category is the quantile that
	// belongs to the class: the frequencies stay what they are. In regression
	// it is the standard deviation of what the category adds to the label,
	// relative to that of the columns.
	Signal float64
}

const (
	maxInformative = 64
	maxColumns     = 1 << 14
	maxClasses     = 1024
	maxLevels      = 1 << 20
)

func (c Config) withDefaults() Config {
	if c.Informative == 0 {
		c.Informative = 5
	}
	if c.Classes == 0 {
		c.Classes = 2
	}
	if c.Separation == 0 {
		c.Separation = 1
	}
	categories := make([]Category, len(c.Categories))
	for i, k := range c.Categories {
		if k.Levels == 0 {
			k.Levels = len(k.Names)
		}
		if k.Levels == 0 {
			k.Levels = 10
		}
		if k.Exponent == 0 {
			k.Exponent = 1
		}
		categories[i] = k
	}
	c.Categories = categories
	return c
}

// check returns an error if c, with its defaults, is not a table.
func (c Config) check() error {
	columns := c.Redundant + c.Noise + len(c.Categories)
	part := func(p float64) bool { return 0 <= p && p <= 1 }
	for _, r := range []struct {
		ok   bool
		what string
	}{
		{c.Task <= Regression, fmt.Sprintf("task %d", c.Task)},
		{1 <= c.Informative && c.Informative <= maxInformative, fmt.Sprintf("%d informative columns", c.Informative)},
		{min(c.Redundant, c.Noise) >= 0 && max(c.Redundant, c.Noise, columns) <= maxColumns, fmt.Sprintf("%d redundant and %d noise columns", c.Redundant, c.Noise)},
		{2 <= c.Classes && c.Classes <= maxClasses, fmt.Sprintf("%d classes", c.Classes)},
		{c.Task == Regression || c.Informative >= 10 || c.Classes <= 1<<max(c.Informative, 0), fmt.Sprintf("%d classes on %d informative columns", c.Classes, c.Informative)},
		{c.Weights == nil || len(c.Weights) == c.Classes, fmt.Sprintf("%d weights for %d classes", len(c.Weights), c.Classes)},
		{0 < c.Separation && c.Separation < 1e6, fmt.Sprintf("separation %v", c.Separation)},
		{c.LabelNoise >= 0 && (part(c.LabelNoise) || c.Task == Regression && c.LabelNoise < 1e6), fmt.Sprintf("label noise %v", c.LabelNoise)},
		{part(c.Missing), fmt.Sprintf("missing part %v", c.Missing)},
	} {
		if !r.ok {
			return fmt.Errorf("table: %s: out of range: %w", r.what, loader.ErrSpec)
		}
	}
	sum := 0.0
	for _, w := range c.Weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("table: class weight %v: %w", w, loader.ErrSpec)
		}
		sum += w
	}
	if c.Weights != nil && (sum == 0 || math.IsInf(sum, 0)) {
		return fmt.Errorf("table: class weights sum to %v: %w", sum, loader.ErrSpec)
	}
	for i, k := range c.Categories {
		if k.Levels < 2 || k.Levels > maxLevels || k.Names != nil && len(k.Names) != k.Levels || !(0 < k.Exponent && k.Exponent <= 10) || !part(k.Signal) {
			return fmt.Errorf("table: categorical column %d: %d levels, %d names, exponent %v, signal %v: %w",
				i, k.Levels, len(k.Names), k.Exponent, k.Signal, loader.ErrSpec)
		}
	}
	return nil
}
