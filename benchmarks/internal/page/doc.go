// Package page writes what was measured as one HTML page that needs no other file:
//
//	html, err := page.Page{
//		Title: "Random reads",
//		Facts: []page.Fact{{"machine", "4 cores"}},
//		Sections: []page.Section{{Heading: "By depth", Plots: []template.HTML{svg}, Tables: []page.Table{table}}},
//	}.HTML()
//
// Texts are escaped; plots are taken as they are.
package page
