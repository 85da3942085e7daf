// Package cputime measures what a benchmark on a shared machine can trust: the
// CPU time of the process instead of the time on the wall.
package cputime
