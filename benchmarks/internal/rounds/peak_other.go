//go:build !linux

package rounds

// PeakOfSelf cannot tell, elsewhere than on Linux.
func PeakOfSelf() func() int64 { return func() int64 { return 0 } }

// peakOf cannot tell, elsewhere than on Linux.
func peakOf(int) func() int64 { return func() int64 { return 0 } }
