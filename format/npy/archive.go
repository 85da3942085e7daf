package npy

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

const (
	npyExt = ".npy"
	npzExt = ".npz"

	maxDirectory = 4 << 20   // bytes of the directory of an archive: 20,000 arrays
	maxLooked    = 256 << 10 // bytes to be read for the header of an array
	maxRatio     = 1032      // of deflate: 258 bytes from two bits
)

// array is where an array lies in its file, with its header.
type array struct {
	header
	name     string
	off      int64
	size     int64 // bytes in the file, header included
	deflated bool
	crc      uint32
	hasCRC   bool
	head     uint32 // the part of crc that is the header's
}

// file is a file that is looked into. It reads no more than budget bytes.
type file struct {
	pool   *shard.Pool
	index  int
	size   int64
	budget int64
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case off < 0: // as an archive may claim
		return 0, corrupt("bytes at %d", off)
	case off >= f.size:
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), f.size-off))
	if f.budget -= int64(n); f.budget < 0 {
		return 0, corrupt("more than %d bytes to be read of a directory, or %d of a header", maxDirectory, maxLooked)
	}
	if err := f.pool.ReadAt(context.Background(), f.index, p[:n], off); err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// arrays lists the wanted arrays, all if nil, of a file called path.
func (f *file) arrays(path string, want []string) ([]array, error) {
	if strings.HasSuffix(strings.ToLower(path), npzExt) {
		return f.members(want)
	}
	f.budget = maxLooked
	a := array{name: onlyField, size: f.size}
	var err error
	if a.header, err = readHeader(io.NewSectionReader(f, 0, f.size)); err != nil {
		return nil, damaged(err)
	}
	if want := a.bytes + int64(a.n); want != f.size {
		return nil, corrupt("%d bytes, an array of %v takes %d", f.size, a.dims, want)
	}
	return []array{a}, nil
}

// members lists the wanted arrays of an archive, all if nil. Other files in it are
// left out.
func (f *file) members(want []string) ([]array, error) {
	f.budget = maxDirectory
	z, err := zip.NewReader(f, f.size)
	if err != nil {
		return nil, damaged(err)
	}
	var list []array
	for _, m := range z.File {
		name, ok := strings.CutSuffix(m.Name, npyExt)
		if !ok || want != nil && !slices.Contains(want, name) {
			continue
		}
		if slices.ContainsFunc(list, func(a array) bool { return a.name == name }) {
			return nil, corrupt("array %q twice", name)
		}
		a, err := f.member(m)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
		a.name = name
		list = append(list, a)
	}
	return list, apart(list)
}

// member reads the header of a member.
func (f *file) member(m *zip.File) (a array, err error) {
	f.budget = maxLooked
	if m.Flags&1 != 0 {
		return a, fmt.Errorf("it is encrypted: %w", loader.ErrSpec)
	}
	if m.Method != zip.Store && m.Method != zip.Deflate {
		return a, fmt.Errorf("compression method %d, must be 0 (none) or 8 (deflate): %w", m.Method, loader.ErrSpec)
	}
	a.deflated, a.crc, a.hasCRC = m.Method == zip.Deflate, m.CRC32, true
	if a.off, err = m.DataOffset(); err != nil {
		return a, damaged(err)
	}
	if err := f.sameName(m.Name, a.off); err != nil {
		return a, err
	}
	packed, whole := m.CompressedSize64, m.UncompressedSize64
	switch {
	case packed > uint64(f.size) || a.off > f.size-int64(packed):
		return a, corrupt("%d bytes at %d of %d", packed, a.off, f.size)
	case !a.deflated && whole != packed || whole > maxRatio*(packed+1):
		return a, corrupt("%d bytes that become %d", packed, whole)
	}
	a.size = int64(packed)
	r, err := m.Open()
	if err != nil {
		return a, damaged(err)
	}
	defer r.Close()
	head := crc32.NewIEEE()
	if a.header, err = readHeader(io.TeeReader(r, head)); err != nil {
		return a, damaged(err)
	}
	a.head = head.Sum32()
	if want := a.bytes + int64(a.n); uint64(want) != whole {
		return a, corrupt("%d bytes, an array of %v takes %d", whole, a.dims, want)
	}
	return a, nil
}

// sameName compares the name that the directory gives to a member with that in front
// of its data at off: nothing else would tell of a name that is damaged.
func (f *file) sameName(name string, off int64) error {
	const fixed = 30 // bytes of a header before the name and what is extra
	before := make([]byte, min(off, 1<<10))
	if _, err := f.ReadAt(before, off-int64(len(before))); err != nil {
		return damaged(err)
	}
	for at := len(before) - fixed; at >= 0; at-- {
		h := before[at:]
		n, extra := int(binary.LittleEndian.Uint16(h[26:])), int(binary.LittleEndian.Uint16(h[28:]))
		if !bytes.HasPrefix(h, []byte("PK\x03\x04")) || fixed+n+extra != len(h) {
			continue
		}
		if inFile := string(h[fixed:][:n]); inFile != name {
			return corrupt("its name is %q in the directory and %q before its data", name, inFile)
		}
		break
	}
	return nil
}

// apart returns an error if arrays share bytes, with which a small file could
// claim to be a large one.
func apart(list []array) error {
	sorted := slices.SortedFunc(slices.Values(list), func(a, b array) int { return cmp.Compare(a.off, b.off) })
	for i := 1; i < len(sorted); i++ {
		if a, b := &sorted[i-1], &sorted[i]; b.off < a.off+a.size {
			return corrupt("arrays %q and %q share bytes", a.name, b.name)
		}
	}
	return nil
}

// damaged makes damage of what a reader of archives complains about, unless it is
// the file that could not be read.
func damaged(err error) error {
	if _, ok := errors.AsType[*shard.ReadError](err); ok || errors.Is(err, loader.ErrCorrupt) || errors.Is(err, loader.ErrSpec) {
		return err
	}
	return fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
}
