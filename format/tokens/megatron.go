package tokens

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// The index of Megatron-LM, megatron/core/datasets/indexed_dataset.py: a head,
// then for each sequence its length as int32 and its place in bytes as int64, and
// for each document the number of its first sequence as int64, with the number of
// sequences behind the last.
const (
	binExt        = ".bin"
	idxExt        = ".idx"
	megatronMagic = "MMIDIDX\x00\x00"
	megatronHead  = len(megatronMagic) + 8 + 1 + 8 + 8
)

// megatronTypes are those of tokens by their code in an index.
var megatronTypes = map[byte]dtype.Type{4: dtype.Int32, 8: dtype.Uint16}

// index is an open index whose head was read.
type index struct {
	f                    *os.File
	r                    *bufio.Reader
	dtype                dtype.Type
	sequences, documents int64
}

// openIndex opens the index of the file at path. An error wraps fs.ErrNotExist if
// there is none.
func openIndex(path string) (*index, error) {
	name := strings.TrimSuffix(path, filepath.Ext(path)) + idxExt
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // before the open, which waits for the other end of a FIFO
		return nil, fmt.Errorf("%s: not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	x := &index{f: f, r: bufio.NewReaderSize(f, 1<<16)}
	if err := x.head(info.Size()); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return x, nil
}

// head reads the head and compares it with the size of the file.
func (x *index) head(size int64) error {
	var b [megatronHead]byte
	if _, err := io.ReadFull(x.r, b[:]); err != nil {
		return damage(err)
	}
	rest := b[len(megatronMagic):]
	if string(b[:len(megatronMagic)]) != megatronMagic || binary.LittleEndian.Uint64(rest) != 1 {
		return corrupt("not a Megatron index of version 1")
	}
	var ok bool
	if x.dtype, ok = megatronTypes[rest[8]]; !ok {
		return corrupt("tokens of type %d, must be 4 (int32) or 8 (uint16)", rest[8])
	}
	sequences, documents := binary.LittleEndian.Uint64(rest[9:]), binary.LittleEndian.Uint64(rest[17:])
	if most := uint64(size) / 8; sequences > most || documents > most || documents == 0 {
		return corrupt("%d sequences and %d document bounds in %d bytes", sequences, documents, size)
	}
	x.sequences, x.documents = int64(sequences), int64(documents)
	want := int64(megatronHead) + 12*x.sequences + 8*x.documents
	if size != want && size != want+x.sequences { // a byte for each sequence may follow, its mode
		return corrupt("%d bytes, must be %d", size, want)
	}
	return nil
}

// ends returns where each document ends, in tokens. All tokens of the file must be
// in a sequence, and the sequences lie one after another.
func (x *index) ends(tokens int64) ([]int64, error) {
	sequences := make([]int64, 0, x.sequences+1) // where each begins
	at := int64(0)
	var b [8]byte
	for i := range x.sequences {
		if _, err := io.ReadFull(x.r, b[:4]); err != nil {
			return nil, damage(err)
		}
		n := binary.LittleEndian.Uint32(b[:])
		if n > math.MaxInt32 || at > tokens-int64(n) {
			return nil, corrupt("sequence %d has %d tokens and begins at %d of %d", i, n, at, tokens)
		}
		sequences = append(sequences, at)
		at += int64(n)
	}
	if at != tokens {
		return nil, corrupt("sequences have %d tokens, the file has %d", at, tokens)
	}
	for i, want := range sequences {
		if _, err := io.ReadFull(x.r, b[:]); err != nil {
			return nil, damage(err)
		}
		if got := binary.LittleEndian.Uint64(b[:]); got != uint64(want)*uint64(x.dtype.Size()) {
			return nil, corrupt("sequence %d lies at byte %d and not behind the one before it", i, got)
		}
	}
	sequences = append(sequences, at)
	var ends []int64
	last := uint64(0)
	for i := range x.documents {
		if _, err := io.ReadFull(x.r, b[:]); err != nil {
			return nil, damage(err)
		}
		n := binary.LittleEndian.Uint64(b[:])
		if n < last || n > uint64(x.sequences) || i == 0 && n != 0 || i == x.documents-1 && n != uint64(x.sequences) {
			return nil, corrupt("document %d begins at sequence %d of %d", i, n, x.sequences)
		}
		if last = n; i > 0 {
			ends = append(ends, sequences[n])
		}
	}
	return ends, nil
}

func (x *index) close() error { return x.f.Close() }

// indexedType returns the type of the tokens of the file at path.
func indexedType(path string) (dtype.Type, error) {
	x, err := openIndex(path)
	if errors.Is(err, fs.ErrNotExist) {
		return dtype.Uint16, nil
	}
	if err != nil {
		return dtype.Invalid, err
	}
	return x.dtype, x.close()
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), loader.ErrCorrupt)
}

// damage makes damage of a file that ends too early.
func damage(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return corrupt("the file ends too early")
	}
	return err
}
