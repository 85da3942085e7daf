package feather

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/internal/flat"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

const (
	magic     = "ARROW1"
	magicV1   = "FEA1"
	head      = 8                 // bytes of the magic at the start, padded
	tail      = 4 + len(magic)    // footer length and magic at the end
	readFirst = 64 << 10          // bytes read in the hope that they hold the footer
	goesOn    = uint32(1<<32 - 1) // first word of a message since Arrow 0.15
)

// message is where an encapsulated message lies in a file or stream.
type message struct {
	off     int64 // of its metadata
	meta    int   // bytes of metadata, prefix and padding included
	body    int64 // bytes of the body, which follows
	version int16 // once it is parsed
}

func (m message) end() int64 { return m.off + int64(m.meta) + m.body }

// footer is what the end of a file tells, and the messages of a stream.
type footer struct {
	streamed     bool
	schema       *schema
	dictionaries []message
	batches      []message
}

// file is an open shard, as far as it is read while opening the source.
type file struct {
	pool  *shard.Pool
	index int
	size  int64
	lim   format.Limits
}

func (f file) read(b []byte, off int64) error {
	return f.pool.ReadAt(context.Background(), f.index, b, off)
}

// footer reads where messages lie: at the end of a file, and by going through a
// stream.
func (f file) footer() (*footer, error) {
	if f.size < int64(head+tail) {
		return nil, corrupt("%d bytes are too few for a Feather file", f.size)
	}
	var start [head]byte
	if err := f.read(start[:], 0); err != nil {
		return nil, err
	}
	switch {
	case string(start[:len(magic)]) == magic:
		return f.indexed()
	case binary.LittleEndian.Uint32(start[:]) == goesOn:
		return f.stream()
	case string(start[:len(magicV1)]) == magicV1:
		return nil, fmt.Errorf("file is Feather V1, which Arrow has given up: rewrite it as V2 (read it and write it with pyarrow.feather.write_feather): %w", loader.ErrSpec)
	}
	return nil, corrupt("file does not begin with %s, nor with a message of a stream", magic)
}

// indexed reads the footer of a file.
func (f file) indexed() (*footer, error) {
	end := make([]byte, min(f.size, readFirst))
	if err := f.read(end, f.size-int64(len(end))); err != nil {
		return nil, err
	}
	if string(end[len(end)-len(magic):]) != magic {
		return nil, corrupt("file does not end in %s: it is cut off or was not closed", magic)
	}
	n := int64(binary.LittleEndian.Uint32(end[len(end)-tail:]))
	if n == 0 || n > f.size-int64(head+tail) || n > f.lim.FooterBytes {
		return nil, corrupt("footer of %d bytes in a file of %d", n, f.size)
	}
	if missing := n + int64(tail) - int64(len(end)); missing > 0 {
		end = make([]byte, n+int64(tail))
		if err := f.read(end, f.size-int64(len(end))); err != nil {
			return nil, err
		}
	}
	end = end[:len(end)-tail]
	return f.parseFooter(end[int64(len(end))-n:], f.size-int64(tail)-n)
}

// parseFooter reads the Footer table b, which lies at off.
func (f file) parseFooter(b []byte, off int64) (*footer, error) {
	root := flat.New(b).Root()
	dicts, batches := root.Structs(2, 24), root.Structs(3, 24)
	schema, ok := root.Table(1)
	ft, err := newFooter(root.Int16(0, 0), schema, ok, f.lim)
	if err != nil {
		return nil, err
	}
	ft.dictionaries, ft.batches = messages(dicts), messages(batches)
	if err := f.checkMessages(slices.Concat(ft.dictionaries, ft.batches), off); err != nil {
		return nil, err
	}
	return ft, nil
}

// newFooter returns a footer with the schema t, if there is one.
func newFooter(version int16, t flat.Table, ok bool, lim format.Limits) (*footer, error) {
	if t.Err() == nil && !ok {
		t.Fail(errors.New("there is no schema"))
	}
	if t.Err() != nil {
		return nil, corrupt("metadata: %v", t.Err())
	}
	if err := checkVersion(version); err != nil {
		return nil, err
	}
	schema, err := readSchema(t, lim)
	return &footer{schema: schema}, err
}

func checkVersion(v int16) error {
	if v < version4 || v > version5 {
		return fmt.Errorf("metadata version V%d is not one of V4 and V5: %w", v+1, loader.ErrSpec)
	}
	return nil
}

// messages reads a vector of Block structs.
func messages(b []byte) []message {
	list := make([]message, len(b)/24)
	for i := range list {
		list[i] = message{
			off:  int64(binary.LittleEndian.Uint64(b[24*i:])),
			meta: int(int32(binary.LittleEndian.Uint32(b[24*i+8:]))),
			body: int64(binary.LittleEndian.Uint64(b[24*i+16:])),
		}
	}
	return list
}

// checkMessages checks that messages lie before end, behind each other. It sorts
// list.
func (f file) checkMessages(list []message, end int64) error {
	slices.SortFunc(list, func(a, b message) int { return cmp.Compare(a.off, b.off) })
	last := int64(0)
	for _, m := range list {
		switch {
		case m.off < last:
			return corrupt("message at %d overlaps what is before it", m.off)
		case m.meta < 8 || int64(m.meta) > f.lim.FooterBytes || m.off > end-int64(m.meta):
			return corrupt("message at %d has %d bytes of metadata", m.off, m.meta)
		case m.body < 0 || m.body > end-m.off-int64(m.meta):
			return corrupt("message at %d has a body of %d bytes", m.off, m.body)
		case m.off%8 != 0 || m.meta%8 != 0:
			return corrupt("message at %d is not aligned to 8 bytes", m.off)
		}
		last = m.end()
	}
	return nil
}

// Kinds of messages (union MessageHeader of Message.fbs).
const (
	headerSchema     = 1
	headerDictionary = 2
	headerBatch      = 3
)

// parse returns the header table of m, which has the given metadata, and notes its
// version.
func (m *message) parse(meta []byte, kind int8) (flat.Table, error) {
	meta, err := arrowschema.Metadata(meta)
	if err != nil {
		return flat.Table{}, err
	}
	root := flat.New(meta).Root()
	version, got, body := root.Int16(0, 0), root.Int8(1, 0), root.Int64(3)
	t, ok := root.Table(2)
	switch {
	case root.Err() != nil:
		return t, corrupt("metadata: %v", root.Err())
	case got != kind || !ok:
		return t, corrupt("message is of kind %d, not %d", got, kind)
	case body != m.body:
		return t, corrupt("message has a body of %d bytes, not %d", body, m.body)
	}
	m.version = version // that of the footer can be another: Arrow C++ always says V5 there
	return t, checkVersion(version)
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), loader.ErrCorrupt)
}
