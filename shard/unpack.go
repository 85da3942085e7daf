package shard

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdBytes bounds the window of an unpacker: 128 MiB is zstd's --long.
const maxZstdBytes = 128 << 20

// Unpack undoes the compression that the extension of name tells, .gz or .zst
// in any case, and returns name without it; all else stays as it is. The reader
// gives an error wrapping [ErrTooLarge] rather than more than limit bytes. Its
// Close does not close r.
func Unpack(name string, r io.Reader, limit int64) (string, io.ReadCloser, error) {
	ext := filepath.Ext(name)
	switch strings.ToLower(ext) {
	case ".gz":
		z, err := gzip.NewReader(r)
		if err != nil {
			return "", nil, err
		}
		return strings.TrimSuffix(name, ext), &bounded{z, limit, limit}, nil
	case ".zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxZstdBytes))
		if err != nil {
			return "", nil, err
		}
		return strings.TrimSuffix(name, ext), &bounded{z.IOReadCloser(), limit, limit}, nil
	}
	return name, &bounded{io.NopCloser(r), limit, limit}, nil
}

// bounded is a reader that fails, rather than ends, behind limit bytes.
type bounded struct {
	io.ReadCloser
	limit, left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.fault()
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return 0, b.fault()
	}
	return n, err
}

func (b *bounded) fault() error {
	return fmt.Errorf("%w: more than %d bytes unpacked", ErrTooLarge, b.limit)
}
