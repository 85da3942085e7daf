package feather

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/format/internal/lists"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
)

// textBuilder collects the texts, or binary values, of lists.
type textBuilder struct {
	field loader.Field
	f     int        // number of the field
	rows  lists.Rows // of the batch at hand
	data  []byte
	ends  []byte // int32, behind a 0
	n     int
}

func (t *textBuilder) typ() arrow.DataType {
	if t.field.Kind == kind.Texts {
		return arrow.BinaryTypes.String
	}
	return arrow.BinaryTypes.Binary
}

func (t *textBuilder) reset() {
	t.data, t.ends, t.n = t.data[:0], append(t.ends[:0], 0, 0, 0, 0), 0
}

// fit returns how many of the rows i to i+n can be added: see columnBuilder.fit.
func (t *textBuilder) fit(i, n int, others bool) (int, error) {
	have := len(t.data)
	for k := range n {
		values, _ := t.rows.Row(i + k)
		if len(values) > math.MaxInt32 {
			return 0, fmt.Errorf("field %q: values of %d bytes: %w", t.field.Name, len(values), loader.ErrSpec)
		}
		if have += len(values); have > batchBytes && (others || k > 0) {
			return k, nil
		}
	}
	return n, nil
}

// add appends rows i to i+n and returns their bytes.
func (t *textBuilder) add(i, n int) int {
	before := len(t.data) + len(t.ends)
	for k := range n {
		values, lengths := t.rows.Row(i + k)
		end := len(t.data)
		t.data = append(t.data, values...)
		for _, size := range lengths {
			end += int(size)
			t.ends = binary.LittleEndian.AppendUint32(t.ends, uint32(end))
		}
		t.n += len(lengths)
	}
	return len(t.data) + len(t.ends) - before
}

// array returns all texts.
func (t *textBuilder) array() *array.Data {
	return array.NewData(t.typ(), t.n, []*memory.Buffer{nil, memory.NewBufferBytes(t.ends), memory.NewBufferBytes(t.data)}, nil, 0, 0)
}
