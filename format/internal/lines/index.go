package lines

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/shard"
)

// An index is how a file is cut into blocks, with numbers as varints and sums of
// eight bytes:
//
//	magic
//	XXH3 of how the file was cut: format, syntax, limits
//	size and time of the file (UnixNano, 8 bytes each)
//	number of blocks; of each the bytes since the one before, its own, its rows,
//	  the lines since the beginning of the one before, and XXH3 of its bytes
//	XXH3 of all before
//
// A block is compared with its sum whenever it is read, so a file that was changed
// behind the back of its index gives an error, and no other rows.
const (
	indexMagic = "STKROWS1"
	indexExt   = ".rows"
	sumBytes   = 8
	// leastBlock is what a block takes in an index at least.
	leastBlock = 4 + sumBytes
)

var errIndex = errors.New("no index of this file")

// find returns the blocks of file i: as its index has them, or else by reading the
// file, and then writes the index.
func (s *Source) find(i int) (*layout, error) {
	if s.o.IndexDir == "" {
		return s.scan(i, blockBytes)
	}
	path := s.indexPath(i)
	if l, err := s.readIndex(path, i); err == nil {
		s.progress(s.set[i].Size)
		return l, nil
	}
	l, err := s.scan(i, blockBytes)
	if err != nil {
		return nil, err
	}
	if len(l.blocks) > 0 {
		err = s.writeIndex(path, i, l)
	}
	return l, err
}

// cut identifies how the source cuts files.
func (s *Source) cut() string {
	return fmt.Sprintf("%s %#v %d %d", s.name, s.syntax, blockBytes, s.o.Limits.RecordBytes)
}

// indexPath returns where the index of file i is: a name for each path and way to
// cut it, so that one of a file that was changed is replaced.
func (s *Source) indexPath(i int) string {
	path := s.set[i].Path
	if abs, err := filepath.Abs(path); err == nil && s.o.Pool.FS == nil {
		path = abs
	}
	base := filepath.Base(path)
	return filepath.Join(s.o.IndexDir, fmt.Sprintf("%s-%016x%s", base[:min(len(base), 128)], xxh3.HashString(path+"\x00"+s.cut()), indexExt))
}

// writeIndex writes the index of file i.
func (s *Source) writeIndex(path string, i int, l *layout) error {
	if err := os.MkdirAll(s.o.IndexDir, 0o777); err != nil {
		return err
	}
	w, err := shard.Create(path)
	if err != nil {
		return err
	}
	if _, err := w.Write(l.index(s.cut(), s.set[i])); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Commit()
}

// index returns the index of file f.
func (l *layout) index(cut string, f shard.File) []byte {
	b := binary.LittleEndian.AppendUint64([]byte(indexMagic), xxh3.HashString(cut))
	b = binary.LittleEndian.AppendUint64(b, uint64(f.Size))
	b = binary.LittleEndian.AppendUint64(b, uint64(f.ModTime.UnixNano()))
	b = binary.AppendUvarint(b, uint64(len(l.blocks)))
	end, line := int64(0), int64(0)
	for _, p := range l.blocks {
		for _, n := range [...]int64{p.off - end, int64(p.n), int64(p.rows), p.line - line} {
			b = binary.AppendUvarint(b, uint64(n))
		}
		b = binary.LittleEndian.AppendUint64(b, p.sum)
		end, line = p.off+int64(p.n), p.line
	}
	return binary.LittleEndian.AppendUint64(b, xxh3.Hash(b))
}

// readIndex reads the index of file i, if it has one, and compares what it says of
// the first and the last block with the file.
func (s *Source) readIndex(path string, i int) (*layout, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > s.o.Limits.FooterBytes {
		return nil, errIndex
	}
	b, err := shard.ReadFile(context.Background(), path, nil)
	if err != nil {
		return nil, err
	}
	l, err := s.parseIndex(b, s.set[i])
	if err != nil {
		return nil, err
	}
	return l, s.compare(l, i)
}

// compare compares the first and the last block of l with file i, and reads the
// names of columns that stand before them.
func (s *Source) compare(l *layout, i int) error {
	first, last := l.blocks[0].place, l.blocks[len(l.blocks)-1].place
	if first.off > s.o.Limits.RecordBytes {
		return errIndex // an odd beginning is not worth it
	}
	b := make([]byte, first.off+int64(first.n))
	if err := s.pool.ReadAt(context.Background(), i, b, 0); err != nil {
		return err
	}
	if err := s.check(first, b[first.off:]); err != nil {
		return err
	}
	names, n, err := s.syntax.Head(b)
	if err != nil || int64(n) > first.off || syntax.CheckNames(names, s.o.Limits.Columns) != nil {
		return errors.Join(err, errIndex)
	}
	l.names = names
	b = slices.Grow(b[:0], last.n)[:last.n]
	if err := s.pool.ReadAt(context.Background(), i, b, last.off); err != nil {
		return err
	}
	return s.check(last, b)
}

// check compares a block with its sum.
func (s *Source) check(p place, text []byte) error {
	if s.o.IndexDir != "" && xxh3.Hash(text) != p.sum {
		return corrupt("the block at byte %d is not what it was when the index in IndexDir was made", p.off)
	}
	return nil
}

// parseIndex parses an index of file f, and believes nothing that the file and the
// limits do not allow.
func (s *Source) parseIndex(b []byte, f shard.File) (*layout, error) {
	const head = len(indexMagic) + 3*8
	if len(b) < head+sumBytes || string(b[:len(indexMagic)]) != indexMagic {
		return nil, errIndex
	}
	u64 := binary.LittleEndian.Uint64
	end := len(b) - sumBytes
	is := b[len(indexMagic):head]
	if u64(b[end:]) != xxh3.Hash(b[:end]) || u64(is) != xxh3.HashString(s.cut()) ||
		int64(u64(is[8:])) != f.Size || int64(u64(is[16:])) != f.ModTime.UnixNano() {
		return nil, errIndex
	}
	r := numbers{b: b[head:end]}
	n := r.next(int64(len(r.b) / leastBlock))
	l := &layout{blocks: make([]block, 0, n)}
	at, line, rows := int64(0), int64(0), int64(0)
	most := 2 * max(blockBytes, s.o.Limits.RecordBytes) // that fill reads
	for range n {
		var p block
		p.off = at + r.next(f.Size-at)
		p.n = int(r.next(min(f.Size-p.off, most, math.MaxInt32)))
		p.rows = int(r.next(int64(p.n)))
		line += r.next(f.Size)
		p.line, p.sum = line, r.sum()
		at, rows = p.off+int64(p.n), rows+int64(p.rows)
		if r.bad || p.rows == 0 || rows > s.o.Limits.ShardRecords {
			return nil, errIndex
		}
		l.blocks = append(l.blocks, p)
	}
	if r.bad || len(r.b) > 0 || n == 0 {
		return nil, errIndex
	}
	return l, nil
}

// numbers reads an index. What is read behind its end, or beyond what may be, is 0
// and bad.
type numbers struct {
	b   []byte
	bad bool
}

func (r *numbers) next(most int64) int64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || most < 0 || v > uint64(most) {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return int64(v)
}

func (r *numbers) sum() uint64 {
	if len(r.b) < sumBytes {
		r.b, r.bad = nil, true
		return 0
	}
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[sumBytes:]
	return v
}
