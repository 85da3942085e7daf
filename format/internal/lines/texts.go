package lines

import (
	"encoding/binary"
	"errors"

	"github.com/stokerdata/stoker/format/internal/syntax"
)

// texts is what a column of lists of texts has beside their bytes.
type texts struct {
	lengths []byte // int32, of each text
	ends    []int  // of each row in lengths
}

// end ends a row.
func (t *texts) end() { t.ends = append(t.ends, len(t.lengths)) }

// cut leaves n rows.
func (t *texts) cut(n int) {
	t.ends = t.ends[:min(n, len(t.ends))]
	t.lengths = t.lengths[:t.start(len(t.ends))]
}

// start returns where a row begins in lengths.
func (t *texts) start(row int) int {
	if row == 0 {
		return 0
	}
	return t.ends[row-1]
}

// row returns the lengths of a row.
func (t *texts) row(i int) []byte {
	return t.lengths[t.start(i):t.ends[i]:t.ends[i]]
}

// size returns the bytes of the lengths of the last row.
func (t *texts) size() int { return len(t.lengths) - t.start(max(0, len(t.ends)-1)) }

// putTexts puts a list of texts.
func (v *values) putTexts(cell []byte) error {
	if cell[0] != '[' {
		return errors.New("not a list of texts")
	}
	for e := range syntax.Elements(cell) {
		at := len(v.data)
		var err error
		if v.data, err = syntax.AppendText(v.data, e); err != nil {
			return err
		}
		v.texts.lengths = binary.NativeEndian.AppendUint32(v.texts.lengths, uint32(len(v.data)-at))
	}
	v.ends = append(v.ends, len(v.data))
	v.texts.end()
	return nil
}
