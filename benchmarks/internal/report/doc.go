// Package report writes what was measured of drives as a page with plots, as
// tables in Markdown, and as JSON:
//
//	files, err := report.Report{Machine: machine, Began: began, Drives: sections, Memory: ceilings}.Write(dir)
//
// The modes of the drives stand in the names of the files and in all titles, and
// the mode of a drive in the name of its line. Colours and marks belong to modes:
// what is simulated never shares one with what is real, and ratios are taken
// within a mode.
package report
