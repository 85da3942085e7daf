package loader

import (
	"fmt"
	"unsafe"

	"github.com/stokerdata/stoker/loader/dtype"
)

// Batch is a set of rows, column by column. It is the loader's, and valid until
// the loop body that got it returns, unless Keep was called. Its methods may be
// called from several goroutines at once.
type Batch struct {
	// Epoch counts from 0; Step is the number of the batch within the epoch.
	Epoch, Step int64

	spec  Spec
	cols  []column
	n     int
	ids   []int64
	keys  []uint64 // random key of each row
	state State
	buf   *buffer
}

// column is the memory of one field of a batch.
type column struct {
	Tensor           // fixed: rows one after another; varying: likewise, after compaction
	row     int      // bytes of a row, -1 if it varies
	home    []byte   // memory for what the row stages leave, or rows that vary are read to
	slab    []byte   // memory of the present values
	vary    [][]byte // varying: the rows before compaction, memory of an arena or a source
	shapes  []Shape  // of these rows, where they do not follow from the bytes
	offsets []int64
}

// Len returns the number of rows.
func (b *Batch) Len() int { return b.n }

// Spec returns the fields of b. It must not be changed.
func (b *Batch) Spec() Spec { return b.spec }

// Tensor returns the values of the named field for all rows. Where every row
// has the same shape, the tensor's is (Len, that shape...). Where only the first
// dimension varies, the rows follow one another along it and Offsets tells them
// apart; where others vary too, the tensor is flat. It panics if there is no
// such field, as that is known since New.
func (b *Batch) Tensor(name string) Tensor {
	return b.Column(b.index(name))
}

// Column is Tensor for the field with the given index.
func (b *Batch) Column(f int) Tensor { return b.cols[f].Tensor }

// Offsets returns, for a field that varies, where each row begins in Tensor,
// and where the last ends, in units of its first dimension: Len()+1 numbers.
// For other fields it returns nil.
func (b *Batch) Offsets(name string) []int64 { return b.cols[b.index(name)].offsets }

// Row returns the value of the named field in row i, in its own shape.
func (b *Batch) Row(name string, i int) Tensor {
	c := &b.cols[b.index(name)]
	if c.row >= 0 {
		at := i * c.row
		return Tensor{DType: c.DType, Shape: b.spec[b.index(name)].Shape, Data: c.Data[at : at+c.row : at+c.row]}
	}
	return c.varying(&b.buf.shape.rows[b.index(name)], i)
}

// varying returns row i of field f, which varies, as the row stages left it.
func (c *column) varying(f *Field, i int) Tensor {
	data := c.vary[i]
	if c.shapes != nil {
		return Tensor{DType: f.DType, Shape: c.shapes[i], Data: data}
	}
	return Tensor{DType: f.DType, Shape: f.Shape.WithDim(0, len(data)/(f.leading()*f.DType.Size())), Data: data}
}

// set makes data of the given shape row i of a field that varies.
func (c *column) set(i int, data []byte, shape Shape) {
	c.vary[i] = data
	if c.shapes != nil {
		c.shapes[i] = shape
	}
}

// IDs returns the sample id of each row, or nil behind a stage that forms rows
// from several samples.
func (b *Batch) IDs() []int64 { return b.ids }

// State returns the position right behind b: a loader that is given it as
// Config.Resume begins with the batch that follows.
func (b *Batch) State() State { return b.state.clone() }

func (b *Batch) index(name string) int {
	i := b.spec.Index(name)
	if i < 0 {
		panic(fmt.Sprintf("loader: no field %q among %v", name, b.spec))
	}
	return i
}

// Set makes the varying field f of row i have the given value, whose memory
// stays as it is until the Rows that it came from are closed. It is for
// Gatherer and is called once for each row.
func (b *Batch) Set(f, i int, data []byte, shape Shape) { b.cols[f].set(i, data, shape) }

// Replace gives column f the element type and shape that the running batch
// stage announced for it in Stage.Out, and returns its new memory, not cleared.
// The old tensor stays readable until the stage returns.
func (b *Batch) Replace(f int) Tensor { return b.buf.replace(f) }

// resize sets the number of rows.
func (b *Batch) resize(n int) {
	b.n = n
	if b.ids != nil {
		b.ids = b.ids[:n]
	}
	b.keys = b.keys[:n]
	for f := range b.spec {
		if c := &b.cols[f]; c.row >= 0 && b.spec[f].Name != "" {
			c.Data = c.slab[:n*c.row]
			c.Shape = b.spec[f].Shape.Rows(n)
		}
	}
}

func addr(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// alignment of rows: View needs element alignment, which a row size that is a
// multiple of the element size keeps.
func rowBytes(t dtype.Type, s Shape) int {
	if n := s.Len(); n >= 0 {
		return n * t.Size()
	}
	return -1
}
