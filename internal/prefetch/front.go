package prefetch

// frontBytes is what the processor needs to find out by itself that more follows.
const frontBytes = 8 << 10

// Front brings the front of b into the second cache, like Rows, while what lies
// elsewhere is read.
func Front(b []byte) { Rows(b, min(frontBytes, len(b)), first[:]) }

// FrontForStores does so with memory that is about to be written, like ForStores.
func FrontForStores(b []byte) { ForStores(b, min(frontBytes, len(b)), first[:]) }

// first is the number of the first row.
var first [1]int
