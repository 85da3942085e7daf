package inflate

// What codes stand for, after RFC 1951, section 3.2.5.
var (
	symbolValues   = makeSymbols()
	distanceValues = makeDistances()
	lengthValues   = makeLengths()
)

func makeSymbols() (v [nSymbols]entry) {
	for i := range 256 {
		v[i] = entry(i)<<valueShift | 1<<countShift
	}
	v[256] = endOfBlock
	base := entry(3)
	for i := 257; i < 285; i++ {
		extra := max(0, (i-261)/4)
		v[i] = base<<valueShift | entry(extra)<<extraShift
		base += 1 << extra
	}
	v[285] = 258 << valueShift
	return v
}

func makeDistances() (v [nDistances]entry) {
	base := entry(1)
	for i := range 30 {
		extra := max(0, i/2-1)
		v[i] = base<<valueShift | entry(extra)<<extraShift
		base += 1 << extra
	}
	return v
}

// makeLengths is for codes of lengths. One more than each, as nought stands for
// nothing.
func makeLengths() (v [nLengths]entry) {
	for i := range v {
		v[i] = entry(i+1) << valueShift
	}
	return v
}
