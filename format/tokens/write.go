package tokens

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/appender"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// WriteOptions says what Write writes and where one shard ends.
type WriteOptions struct {
	// Field names the field of tokens, a list of integers. Empty means the only one
	// of kind.Tokens.
	Field string
	// DType is that of a token in the files, Uint16 or Uint32. Invalid means Uint16.
	// A token that does not fit is an error.
	DType dtype.Type
	// Ends lists the tokens that end a document. A row that does not end with one
	// of them gets the first. Without any nothing is added.
	Ends []uint32
	// RowsPerShard and BytesPerShard end a shard before it would hold more; 0
	// means never. With either, shards are named as shard.Names does; with none,
	// the one file is at the path.
	RowsPerShard, BytesPerShard int64
	// Progress hears of what is written. It may be nil.
	Progress format.Progress
}

// Write writes the rows of batches, one behind another, as Open and OpenDocuments
// read them, and returns the shards. The batches are those of any source with lists
// of tokens: a column of a Parquet or Feather file, or what text.Tokenize makes. Of
// what is written then, windows can be shuffled exactly.
//
// The shards appear together, when all are complete and on the disk, or not at all.
// A batch is not needed any more when the next is asked for.
func Write(ctx context.Context, path string, batches iter.Seq2[*loader.Batch, error], o WriteOptions) ([]format.Written, error) {
	o.DType = cmp.Or(o.DType, dtype.Uint16)
	if o.DType != dtype.Uint16 && o.DType != dtype.Uint32 || o.RowsPerShard < 0 || o.BytesPerShard < 0 {
		return nil, fmt.Errorf("tokens: write %s: %v in shards of %d rows and %d bytes: %w", path, o.DType, o.RowsPerShard, o.BytesPerShard, loader.ErrSpec)
	}
	w := &writer{WriteOptions: o}
	w.out = appender.New(path, appender.Limits{RowsPerShard: o.RowsPerShard, BytesPerShard: o.BytesPerShard}, nil, o.Progress)
	done, err := w.out.Write(ctx, batches, w.bind, w.row)
	if err != nil {
		return nil, fmt.Errorf("tokens: write %s: %w", path, err)
	}
	return done, nil
}

// writer writes batches into shards.
type writer struct {
	WriteOptions
	out  *appender.Writer
	name string  // of the field
	list []int32 // of a row
}

// bind finds the field.
func (w *writer) bind(in loader.Spec) error {
	f, err := find(in, w.Field)
	if err == nil {
		w.name = in[f].Name
	}
	return err
}

// find returns the field of tokens with the given name, or the only one.
func find(in loader.Spec, name string) (int, error) {
	f, err := in.Find(name, kind.Tokens)
	if err == nil && (in[f].Shape.Rank() != 1 || !isToken(in[f].DType)) {
		err = fmt.Errorf("field %v is no list of integers: %w", in[f], loader.ErrSpec)
	}
	return f, err
}

// row appends row i of b.
func (w *writer) row(b *loader.Batch, i int) error {
	t := b.Row(w.name, i)
	n := t.Shape.Len()
	w.list = slices.Grow(w.list[:0], n+1)[:n]
	if err := take(w.list, t, 0); err != nil {
		return err
	}
	if len(w.Ends) > 0 && (n == 0 || !slices.Contains(w.Ends, uint32(w.list[n-1]))) {
		w.list = append(w.list, int32(w.Ends[0]))
	}
	size := int64(len(w.list) * w.DType.Size())
	if err := w.out.Begin(size); err != nil {
		return err
	}
	for i, v := range w.list {
		switch {
		case v < 0 || w.DType == dtype.Uint16 && v > 0xffff:
			return fmt.Errorf("token %d is %d, which is no %v: %w", i, v, w.DType, loader.ErrSpec)
		case w.DType == dtype.Uint16:
			w.out.Buf = binary.LittleEndian.AppendUint16(w.out.Buf, uint16(v))
		default:
			w.out.Buf = binary.LittleEndian.AppendUint32(w.out.Buf, uint32(v))
		}
	}
	return w.out.End(size)
}
