// Package recipe reads data sets and pipelines from JSON, with the names that
// they have in Go:
//
//	{
//		"Source": {"raw": {"Data": "photos", "Label": "ParentDir"}},
//		"Transforms": ["vision.Decode", {"vision.RandomResizedCrop": {"Size": 224}}, {"vision.FlipH": {"P": 0.5}}],
//		"Order": "loader.Shuffle", "BatchSize": 256, "Seed": 42
//	}
//
//	var d recipe.Dataset
//	err := recipe.Read(text, &d)
//	src, err := d.Source.Open(".")
//	ld, err := loader.New(src, d.Config)
//
// Fields are found by reflection, so that a new one needs nothing here; a new
// transform or source needs a line in choices.go. A value with a choice of types
// is an object with one key, the type, or its name alone. Errors say where, and
// what there is to choose from.
package recipe
