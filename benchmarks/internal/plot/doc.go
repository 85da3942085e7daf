// Package plot draws lines and bars as SVG that stands in a page by itself:
//
//	svg := plot.Chart{
//		Title: "Random reads of 4 KiB",
//		X:     plot.Axis{Label: "queue depth", Log: true},
//		Y:     plot.Axis{Label: "reads a second", Log: true},
//		Lines: []plot.Line{{Name: "SATA SSD (simulated)", Colour: "#c2571a", X: depths, Y: rates}},
//	}.SVG()
//
// A library for plots would bring fonts, PDF and matrices along; these are some
// rectangles, paths and texts.
package plot
