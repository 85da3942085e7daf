// Package cold reads files from the drive and not from memory, and makes sure of
// it:
//
//	f, err := cold.Open(name) // past the page cache; ErrUnsupported where that is impossible
//	...
//	if err := cold.Evict(name); err != nil {
//		return err // part of it is still in memory
//	}
//
// What a drive or a hypervisor caches is out of reach.
package cold

// Align is what places, lengths and memory of reads of a File must be multiples
// of.
const Align = 4096
