// Package dataset finds the data sets in a folder that somebody names on the
// command line, and opens each with the package that reads its format.
//
//	sets, err := dataset.Find("data/")
//	...
//	for _, set := range sets {
//		src, err := set.Open(nil)
//		...
//	}
//
// A program that knows its data calls raw.Open, parquet.Open or feather.Open
// itself, as Open does here.
package dataset
