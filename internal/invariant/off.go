//go:build !race

package invariant

// Enabled says that this build checks.
const Enabled = false
