// Package remainder names what becomes of the rows at the end of an epoch that
// do not fill the last global batch.
package remainder

// Policy is what becomes of them.
type Policy uint8

// The policies. All give every rank the same number of batches.
const (
	// Short delivers them as a last, shorter batch, shared evenly between ranks.
	// Fewer rows than there are ranks are left out.
	Short Policy = iota
	// Drop leaves them out (drop_last of other loaders).
	Drop
	// Repeat fills the batch with rows from the front of the epoch. Behind a
	// stage that regroups rows it is Short, as there the front is not known.
	Repeat
)

// String returns the policy in a word.
func (p Policy) String() string {
	switch p {
	case Short:
		return "short"
	case Drop:
		return "drop"
	case Repeat:
		return "repeat"
	}
	return "unknown"
}
