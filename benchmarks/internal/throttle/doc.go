// Package throttle makes a fast drive as slow as another one, for this process
// and its children, by the control groups of Linux:
//
//	undo, err := throttle.Reads("8:0", 560e6) // bytes a second
//	if err != nil {
//		return err // control groups are for root, or were given away
//	}
//	defer undo()
//
// The rate is exact in the mean. Latencies are not those of a slow drive: the
// kernel holds reads back in slices of some 100 ms. So this is for throughput.
//
// A process that is killed leaves a group behind, which is empty and does nothing.
package throttle
