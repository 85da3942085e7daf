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
	Tensor          // fixed: rows one after another; varying: likewise, after compaction
	row     int     // bytes of a row, -1 if it varies
	home    []byte  // memory for what the row stages leave, or rows that vary are read to
	slab    []byte  // memory of the present values
	vary    []value // varying: the rows before compaction
	shapes  []Shape // of these rows, where they do not follow from the bytes
	offsets []int64
}

// value is a row of a varying column before compaction, in memory of an arena or a
// source. What SetRun sets is the value of the first of its rows.
type value struct {
	data []byte
	run  int // rows that SetRun set, 0 for one that Set did
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
	f := &b.buf.shape.rows[b.index(name)]
	unit := f.unit()
	lo, hi := int(c.offsets[i])*unit, int(c.offsets[i+1])*unit
	return c.varying(f, c.Data[lo:hi:hi], i)
}

// varying returns data as row i of field f, which varies.
func (c *column) varying(f *Field, data []byte, i int) Tensor {
	if c.shapes != nil {
		return Tensor{DType: f.DType, Shape: c.shapes[i], Data: data}
	}
	return Tensor{DType: f.DType, Shape: f.Shape.WithDim(0, len(data)/(f.leading()*f.DType.Size())), Data: data}
}

// set makes data of the given shape row i of a field that varies.
func (c *column) set(i int, data []byte, shape Shape) {
	c.vary[i] = value{data: data}
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

// SetRun is Set for the n rows from i on, of a field of which only the first dimension
// varies: data holds their values, one behind another. The caller fills ends, which has
// n elements, with where each ends in data, in units of that dimension. It is not for
// the field that RandomSource.OpenInto reads.
func (b *Batch) SetRun(f, i, n int, data []byte) (ends []int64) {
	c := &b.cols[f]
	c.vary[i] = value{data, n}
	return c.offsets[i+1 : i+n+1 : i+n+1]
}

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
		switch c := &b.cols[f]; {
		case b.spec[f].Name == "":
		case c.row >= 0:
			c.Data = c.slab[:n*c.row]
			c.Shape = b.spec[f].Shape.Rows(n)
		default:
			c.offsets = c.offsets[:n+1]
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
