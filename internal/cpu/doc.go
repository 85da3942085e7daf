// Package cpu tells which vector instructions the processor has.
//
// Kernels in assembly are chosen by it when a program starts. With the build
// tag purego there are none, and their plain twins run everywhere.
package cpu
