package ldr

import (
	"encoding/binary"
	"net"

	"github.com/stokerdata/stoker/loader"
)

// frameWriter lays a BATCH frame out in pieces, the values of the batch where
// they are. Its memory is used again for the next one.
type frameWriter struct {
	head   []byte // header, meta, and what stands between values
	pieces net.Buffers
	sent   net.Buffers // WriteTo consumes it
}

// layOut makes w hold a BATCH frame of b, without image if that is nil.
func (w *frameWriter) layOut(h header, meta, image []byte, b *loader.Batch, varying []int) {
	most := headerSize + len(meta)
	for _, f := range varying {
		most += 8 + 8*(b.Len()+1) + 8*b.Len()*b.Spec()[f].Shape.Rank()
	}
	if cap(w.head) < most { // pieces stay where they are while it is filled
		w.head = make([]byte, 0, most+most/4)
	}
	w.head, w.pieces = append(w.head[:0], make([]byte, headerSize)...), w.pieces[:0]
	w.head = append(w.head, meta...)
	body, from := uint64(len(image)), 0
	cut := func() {
		w.pieces = append(w.pieces, w.head[from:len(w.head):len(w.head)])
		from = len(w.head)
	}
	if cut(); image != nil {
		w.pieces = append(w.pieces, image)
	}
	for _, f := range varying {
		w.head = append(w.head, make([]byte, -body&7)...)
		w.appendPlaces(b, f)
		values := b.Column(f).Data
		body += uint64(len(w.head)-from) + uint64(len(values))
		cut()
		w.pieces = append(w.pieces, values)
	}
	h.meta, h.body = uint32(len(meta)), body
	h.append(w.head[:0])
}

// appendPlaces appends where the rows of field f begin, and their dimensions
// where more than the first varies.
func (w *frameWriter) appendPlaces(b *loader.Batch, f int) {
	field := b.Spec()[f]
	for _, at := range b.Offsets(field.Name) {
		w.head = binary.LittleEndian.AppendUint64(w.head, uint64(at))
	}
	if field.Shape.WithDim(0, 1).Fixed() {
		return
	}
	for i := range b.Len() {
		shape := b.Row(field.Name, i).Shape
		for d := range shape.Rank() {
			w.head = binary.LittleEndian.AppendUint64(w.head, uint64(shape.Dim(d)))
		}
	}
}

// writeTo writes the frame.
func (w *frameWriter) writeTo(c net.Conn) (int64, error) {
	w.sent = append(w.sent[:0], w.pieces...)
	all := w.sent
	n, err := w.sent.WriteTo(c)
	w.sent = all // WriteTo leaves the end of it
	return n, err
}
