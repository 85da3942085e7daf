// Package pages is memory in whole pages, which goes back to the system as soon as
// nobody needs it. What lies on the Go heap waits for the garbage collector, which
// lets as much again pile up before it looks: with gigabytes of buffers that is
// gigabytes of garbage, whoever makes it.
//
//	b := pages.Alloc(64 << 20) // outside of the Go heap
//	n, err := f.ReadAt(b, off)
//	...
//	pages.Free(b)
//
// Whoever calls Alloc owns the memory until Free, and must call it: the garbage
// collector does not see such memory. Free gives its content up, and never its
// addresses, which a later Alloc of that size gets. So a slice that somebody holds on
// to for too long reads zeros, or what is written there next, as with any buffer that
// is used again; it never ends the process, as it would if it were unmapped.
//
// Discard does the same to a buffer on the Go heap that is about to be dropped, and
// Huge gives one that was just made the huge pages that Alloc gives.
//
// All this is for Linux. Elsewhere, and in builds with the race detector, which
// follows accesses to the Go heap alone, Alloc takes memory from there and leaves it
// to the garbage collector.
package pages
