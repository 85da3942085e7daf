package jpeg

import "github.com/stokerdata/stoker/internal/jpegsimd"

// known is how many coefficients are estimated where scans are missing: the
// first ten in zigzag order.
const known = 10

// A progress says of the first coefficients of a component how many of their
// low bits scans have not told, -1 if nothing is known of them: now, and before
// the last scan of the component.
type progress struct {
	now, before [known]int8
}

// newProgress is that of a component before its first scan.
func newProgress() (p progress) {
	for k := range known {
		p.now[k], p.before[k] = -1, -1
	}
	return p
}

// scan notes a scan. Of the very first one of a file, libjpeg takes everything
// to have been known before.
func (p *progress) scan(h *scanHeader, first bool) {
	for k := min(h.band.First, 1); k < known; k++ {
		if p.before[k] = p.now[k]; first {
			p.before[k] = 0
		}
	}
	for k := h.band.First; k <= min(h.band.Last, known-1); k++ {
		p.now[k] = int8(h.band.Low)
	}
}

// A smoother estimates coefficients that no scan has told from the first ones
// of the blocks around, so that an image of which later scans are missing does
// not show its blocks: as libjpeg-turbo does since version 2.1 (jdcoefct.c).
type smoother struct {
	scans    int
	progress [4]progress
	lastGood int // the last row of MCUs that the last scan has data of
}

// needed reports whether there is anything to be estimated.
func (s *smoother) needed(f *frame, quant *[4][64]int16) (useful bool) {
	if !f.progressive {
		return false
	}
	for i := range f.n {
		for k := range known {
			if quant[i][jpegsimd.Zigzag(k)] == 0 {
				return false
			}
			useful = useful || k > 0 && s.progress[i].now[k] != 0
		}
		if s.progress[i].now[0] < 0 {
			return false
		}
	}
	return useful
}

// weights say how the first coefficients of 5 by 5 blocks make an estimate, in
// 256ths.
type weights [25]int64

// Estimates where something is known of other coefficients, by number.
var someWeights = [6]weights{
	1: {10: -7, 50, 0, -50, 7},
	2: {2: -7, 7: 50, 17: -50, 22: 7},
	3: {2: -1, 7: 13, 12: -24, 17: 13, 22: -1},
	4: {1: -1, 3: 1, 5: -1, 10, 0, -10, 1, 15: 1, -10, 0, 10, -1, 21: 1, 23: -1},
	5: {10: -1, 13, -24, 13, -1},
}

// Estimates where only the first coefficients are known, which change too.
var firstWeights = [known]weights{
	0: {
		-2, -6, -8, -6, -2,
		-6, 6, 42, 6, -6,
		-8, 42, 152, 42, -8,
		-6, 6, 42, 6, -6,
		-2, -6, -8, -6, -2,
	},
	1: {
		-1, -1, 0, 1, 1,
		-3, 13, 0, -13, 3,
		-3, 38, 0, -38, 3,
		-3, 13, 0, -13, 3,
		-1, -1, 0, 1, 1,
	},
	2: {
		-1, -3, -3, -3, -1,
		-1, 13, 38, 13, -1,
		0, 0, 0, 0, 0,
		1, -13, -38, -13, 1,
		1, 3, 3, 3, 1,
	},
	3: {2: 1, 6: 2, 7, 2, 11: -5, -14, -5, 16: 2, 7, 2, 22: 1},
	4: {0: -1, 4: 1, 6: 9, 0, -9, 16: -9, 0, 9, 20: 1, 24: -1},
	5: {6: 2, -5, 2, 10: 1, 7, -14, 7, 1, 16: 2, -5, 2},
	6: {6: 1, 0, -1, 11: 2, 0, -2, 16: 1, 0, -1},
	7: {6: 1, -3, 1, 16: -1, 3, -1},
	8: {6: 1, 0, -1, 11: -3, 0, 3, 16: 1, 0, -1},
	9: {6: 1, 2, 1, 16: -1, -2, -1},
}

// block writes to coef block (x, y) of component i with what can be estimated.
func (s *smoother) block(coef *[64]int16, f *frame, st *store, i, x, y int, quant *[64]int16) {
	row := st.first[i] + y*st.stride[i]
	*coef = st.memory[row+x]
	bits := &s.progress[i].now
	if y/f.comps[i].v > s.lastGood {
		bits = &s.progress[i].before
	}
	table, firstOnly := someWeights[:], true
	for _, b := range bits[1:] {
		firstOnly = firstOnly && b == -1
	}
	if firstOnly {
		table = firstWeights[:]
	}
	around := s.around(f, st, i, x, y)
	first := int64(uint16(quant[0]))
	for k := 1; k < len(table); k++ {
		if at := jpegsimd.Zigzag(k); bits[k] != 0 && coef[at] == 0 {
			coef[at] = estimate(&table[k], &around, first, int64(uint16(quant[at])), bits[k])
		}
	}
	if firstOnly {
		coef[0] = estimate(&table[0], &around, first, first, 0)
	}
}

// estimate returns a coefficient with the given factor, of which low bits are
// not known: it is too small to have been told.
func estimate(w *weights, around *[25]int64, first, factor int64, low int8) int16 {
	sum := int64(0)
	for i, v := range around {
		sum += w[i] * v
	}
	sum *= first
	v := int32((factor<<7 + max(sum, -sum)) / (factor << 8))
	if low > 0 {
		v = min(v, 1<<low-1)
	}
	if sum < 0 {
		v = -v
	}
	return int16(v)
}

// around returns the first coefficients of the blocks around one, of which those
// at an edge stand for what lies beyond.
func (s *smoother) around(f *frame, st *store, i, x, y int) (dc [25]int64) {
	c := &f.comps[i]
	up, down := c.reach(y, f.mcusY)
	right := c.blocksX - 1
	for dy := -2; dy <= 2; dy++ {
		row := st.first[i] + min(max(y+dy, y-up), y+down)*st.stride[i]
		for dx := -2; dx <= 2; dx++ {
			dc[5*(dy+2)+dx+2] = int64(st.memory[row+min(max(x+dx, 0), right)][0])
		}
	}
	return dc
}

// reach returns how many rows of blocks libjpeg looks up and down from row y.
// It numbers the rows of the last MCUs, where some may be padding, as if all MCUs
// had as few.
func (c *component) reach(y, mcusY int) (up, down int) {
	mcu, rows := y/c.v, c.v
	if mcu == mcusY-1 {
		if r := c.blocksY % c.v; r != 0 {
			rows = r
		}
	}
	number := mcu*rows + y%c.v
	return min(number, 2), min(mcusY*rows-1-number, 2)
}
