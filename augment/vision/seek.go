package vision

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
	"github.com/stokerdata/stoker/loader"
)

// SeekIndex remembers where the parts of JPEG files begin, so that Decode, when
// it meets a file again, decodes no more of it than what lies under the crop that
// follows. The files stay as they are. It is for Decode.Seek:
//
//	seek := &vision.SeekIndex{}
//	... vision.Decode{Seek: seek}, vision.RandomResizedCrop{Size: 224} ...
//
// The first visit of a file costs a pass over its bits more, and later ones save
// most of what lies beside and above the crop. Pixels are the same with an index
// and without. Entries are bound to the bytes of their files: one of another file,
// or one that is damaged, is not used and made anew. Progressive files have none.
//
// WriteTo and ReadFrom keep an index for the next run. Whoever can write that file
// with care can choose the pixels, as by writing the images: keep both alike.
//
// An index serves one source. The zero value is ready, and it may be used by
// several loaders at once. It must not be copied.
type SeekIndex struct {
	// Every is the distance of entries in MCUs along both axes; 0 means
	// jpeg.IndexEvery. Smaller ones save more and take more memory.
	Every int
	// Bytes bounds the memory that entries take; 0 means 1 GiB. Files for which
	// there is no room are decoded without.
	Bytes int64

	mu    sync.RWMutex
	at    map[int64]span // by sample id
	slabs [][]byte
	bytes int64
}

// span is where an entry is. Without pointers, the garbage collector need not
// look at a million of them.
type span struct{ slab, from, to uint32 }

const (
	defaultSeekBytes = 1 << 30
	seekSlab         = 1 << 20 // at a time, so that few slabs hold many entries
	seekOverhead     = 48      // bytes of an entry in a map
)

// Stats returns how many files have an entry and the bytes that these take.
func (x *SeekIndex) Stats() (files int, bytes int64) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.at), x.bytes
}

// find returns the entry of a sample, which is empty if the file can have none,
// and whether there is one.
func (x *SeekIndex) find(id int64) ([]byte, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s, ok := x.at[id]
	if !ok {
		return nil, false
	}
	return x.slabs[s.slab][s.from:s.to:s.to], true
}

// full reports whether there is no more room.
func (x *SeekIndex) full() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.bytes >= x.most()
}

func (x *SeekIndex) most() int64 {
	if x.Bytes > 0 {
		return x.Bytes
	}
	return defaultSeekBytes
}

// put keeps the entry of a sample, and reports whether there was room for it.
func (x *SeekIndex) put(id int64, entry []byte) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	need := int64(len(entry)) + seekOverhead
	if x.bytes+need > x.most() {
		x.bytes = max(x.bytes, x.most()-seekOverhead) // full, but for what is tiny
		return false
	}
	if x.at == nil {
		x.at = map[int64]span{}
	}
	last := len(x.slabs) - 1
	if last < 0 || cap(x.slabs[last])-len(x.slabs[last]) < len(entry) {
		x.slabs = append(x.slabs, make([]byte, 0, max(seekSlab, len(entry))))
		last++
	}
	from := len(x.slabs[last])
	x.slabs[last] = append(x.slabs[last], entry...)
	x.at[id] = span{uint32(last), uint32(from), uint32(len(x.slabs[last]))}
	x.bytes += need
	return true
}

// use lets d, which has opened the file of a sample, decode no more than it has
// to, and makes an entry if there is none that fits. spare is memory for one.
func (x *SeekIndex) use(d *jpeg.Decoder, id int64, spare []byte) []byte {
	entry, ok := x.find(id)
	if ok && len(entry) == 0 || ok && d.UseIndex(entry) == nil || x.full() {
		return spare
	}
	made, err := d.AppendIndex(spare[:0], x.Every)
	if err != nil {
		made = made[:0] // decoding without tells what is wrong
	}
	if x.put(id, made) && len(made) > 0 {
		_ = d.UseIndex(made) // of this very file
	}
	return made
}

// seekMagic begins what WriteTo writes.
const seekMagic = "stoker seek index 1\n"

// WriteTo writes all entries, by the ids of their samples: each is the id and its
// own length, both as varints, and its bytes.
func (x *SeekIndex) WriteTo(w io.Writer) (int64, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := &counter{to: bufio.NewWriter(w)}
	out.write([]byte(seekMagic))
	var head [2 * binary.MaxVarintLen64]byte
	for _, id := range slices.Sorted(maps.Keys(x.at)) {
		s := x.at[id]
		n := binary.PutUvarint(head[:], uint64(id))
		n += binary.PutUvarint(head[n:], uint64(s.to-s.from))
		out.write(head[:n])
		out.write(x.slabs[s.slab][s.from:s.to])
	}
	return out.n, errors.Join(out.err, out.to.Flush())
}

// counter counts what is written, and keeps the first error.
type counter struct {
	to  *bufio.Writer
	n   int64
	err error
}

func (c *counter) write(p []byte) {
	if c.err == nil {
		var n int
		n, c.err = c.to.Write(p)
		c.n += int64(n)
	}
}

// maxEntry bounds the entry of one file that ReadFrom believes.
const maxEntry = 16 << 20

// ReadFrom adds the entries that WriteTo wrote, as far as there is room for them.
// What it cannot read is an error that wraps loader.ErrCorrupt; entries before it
// stay. It does not look into entries: Decode does when it uses one.
func (x *SeekIndex) ReadFrom(r io.Reader) (int64, error) {
	in := &reader{from: bufio.NewReader(r)}
	magic := in.bytes(len(seekMagic))
	if in.err == nil && !bytes.Equal(magic, []byte(seekMagic)) {
		in.err = errors.New("no seek index")
	}
	for in.err == nil {
		if _, err := in.from.Peek(1); err == io.EOF {
			return in.n, nil
		}
		id, n := in.uvarint(), in.uvarint()
		if in.err == nil && (int64(id) < 0 || n > maxEntry) {
			in.err = fmt.Errorf("an entry of %d bytes for sample %d", n, id)
		}
		if entry := in.bytes(int(min(n, maxEntry))); in.err == nil {
			x.put(int64(id), entry)
		}
	}
	return in.n, fmt.Errorf("vision: seek index, byte %d: %w: %w", in.n, in.err, loader.ErrCorrupt)
}

// reader counts what is read, and keeps the first error.
type reader struct {
	from *bufio.Reader
	buf  []byte
	n    int64
	err  error
}

// ReadByte implements io.ByteReader.
func (r *reader) ReadByte() (byte, error) {
	b, err := r.from.ReadByte()
	if err == nil {
		r.n++
	}
	return b, err
}

func (r *reader) uvarint() (v uint64) {
	if r.err == nil {
		v, r.err = binary.ReadUvarint(r)
	}
	return v
}

// bytes returns the next n bytes, until it is called again.
func (r *reader) bytes(n int) []byte {
	if r.err != nil {
		return nil
	}
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	var got int
	got, r.err = io.ReadFull(r.from, r.buf[:n])
	r.n += int64(got)
	return r.buf[:got]
}
