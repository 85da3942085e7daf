package feather

import (
	"encoding/binary"

	"github.com/stokerdata/stoker/format/internal/flat"
)

// windowBytes is how much of a stream is read at a time to find its messages:
// the metadata of most, and whole messages where they are small.
const windowBytes = 32 << 10

// A window is the part of a file that was read last.
type window struct {
	f   file
	buf []byte
	off int64 // of buf in the file
}

// at returns n bytes of the file from off, valid until the next call.
func (w *window) at(off int64, n int) ([]byte, error) {
	if off < w.off || off+int64(n) > w.off+int64(len(w.buf)) {
		size := int(min(int64(max(n, windowBytes)), w.f.size-off))
		if size < n {
			return nil, corrupt("stream is cut off: it has %d bytes, a message reaches to %d", w.f.size, off+int64(n))
		}
		w.buf, w.off = grow(w.buf, size), off
		if err := w.f.read(w.buf, off); err != nil {
			return nil, err
		}
	}
	return w.buf[off-w.off:][:n], nil
}

// message reads the metadata of the message at off. One that has no metadata
// ends the stream.
func (w *window) message(off int64) (m message, root flat.Table, err error) {
	b, err := w.at(off, 8)
	if err != nil {
		return m, root, err
	}
	if binary.LittleEndian.Uint32(b) != goesOn {
		return m, root, corrupt("no message begins at %d", off)
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n == 0 {
		return m, root, nil
	}
	if int64(n) > w.f.lim.FooterBytes {
		return m, root, corrupt("message at %d has %d bytes of metadata", off, n)
	}
	if b, err = w.at(off+8, int(n)); err != nil {
		return m, root, err
	}
	root = flat.New(b).Root()
	m = message{off: off, meta: 8 + int(n), body: root.Int64(3)}
	if root.Err() != nil {
		return m, root, corrupt("message at %d: metadata: %v", off, root.Err())
	}
	return m, root, nil
}

// stream goes through the messages of an Arrow stream and returns what the
// footer of a file would tell. A stream may end without saying so.
func (f file) stream() (*footer, error) {
	var ft *footer
	w := window{f: f}
	for off := int64(0); off < f.size; {
		m, root, err := w.message(off)
		if err != nil {
			return nil, err
		}
		if m.meta == 0 {
			break
		}
		if err := f.checkMessages([]message{m}, f.size); err != nil {
			return nil, err
		}
		if m.body%8 != 0 {
			return nil, corrupt("message at %d has a body of %d bytes, no multiple of 8", off, m.body)
		}
		if ft, err = f.add(ft, m, root); err != nil {
			return nil, err
		}
		off = m.end()
	}
	if ft == nil {
		return nil, corrupt("stream has no schema")
	}
	return ft, nil
}

// add notes the message m, the first of which must be the schema.
func (f file) add(ft *footer, m message, root flat.Table) (*footer, error) {
	what := root.Int8(1, 0)
	switch {
	case ft == nil && what == headerSchema:
		t, ok := root.Table(2)
		ft, err := newFooter(root.Int16(0, 0), t, ok, f.lim)
		if err == nil {
			ft.streamed = true
		}
		return ft, err
	case ft == nil:
		return nil, corrupt("stream begins with a message of kind %d, not with a schema", what)
	case root.Err() != nil:
		return nil, corrupt("message at %d: metadata: %v", m.off, root.Err())
	case what == headerDictionary:
		ft.dictionaries = append(ft.dictionaries, m)
	case what == headerBatch:
		ft.batches = append(ft.batches, m)
	default:
		return nil, corrupt("message at %d is of kind %d", m.off, what)
	}
	return ft, nil
}
