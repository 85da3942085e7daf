package tokens

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/ahead"
	"github.com/stokerdata/stoker/format/internal/reads"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
)

// scanBytes is how much of a file is searched for the ends of documents at a time.
const scanBytes = 1 << 20

// blockDocuments bounds blocks, as blockBytes does.
const blockDocuments = 64 << 10

// DocumentOptions says how OpenDocuments finds documents.
type DocumentOptions struct {
	// Ends lists the tokens that end a document, GPT-2's 50256 for example; each
	// is the last of its document. Nil means that documents are those of the
	// Megatron index which lies beside each file.
	Ends []uint32

	// Stored says how tokens lie in the files.
	Stored Stored
	// Limits bounds ValueBytes, the size of a document, and ShardRecords, the
	// documents of a file.
	Limits format.Limits
	// Pool says how the files are read: descriptors, retries, deadline.
	Pool shard.PoolConfig
	// Read says how documents that lie close to each other are merged into reads.
	// Concurrency 0 means 1.
	Read shard.Plan
}

// Documents is a data set of documents. It is safe for concurrent use.
type Documents struct {
	source
	first []int   // document of each block
	ends  []int64 // of all documents, in tokens of their file
	how   []uint32
}

// OpenDocuments returns a source of the documents in the files that path names, as
// Open has it. With Ends it reads all files through once, to find the documents,
// and keeps eight bytes for each.
//
// The rows have one field, tokens int32 (?), kind.Tokens. Errors wrap
// loader.ErrCorrupt for files and indexes that are damaged or do not fit together.
func OpenDocuments(path string, o DocumentOptions) (*Documents, error) {
	s := &Documents{how: o.Ends}
	s.spec = loader.Spec{{Name: tokensField, DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Tokens}}
	s.span = s.documentAt
	s.free.New = func() any {
		r := &documentRows{rows{src: &s.source}}
		r.is = r
		return &r.rows
	}
	set, err := s.find(path, o.Stored)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	if s.files, err = reads.Open(set, o.Pool, o.Read, 0); err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	err = ahead.Files(set,
		func(i int) ([]int64, error) { return s.locate(i, set[i], o) },
		func(i int, ends []int64) error { return s.addFile(i, set[i], ends, o) })
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("tokens: %w", err)
	}
	if len(s.blocks) == 0 {
		s.Close()
		return nil, fmt.Errorf("tokens: no documents in %s: %w", path, loader.ErrCorrupt)
	}
	return s, nil
}

// addFile forms the blocks of file i, whose documents end at ends.
func (s *Documents) addFile(i int, f shard.File, ends []int64, o DocumentOptions) error {
	limits := o.Limits.WithDefaults()
	if int64(len(ends)) > limits.ShardRecords {
		return corrupt("%d documents, Limits.ShardRecords is %d", len(ends), limits.ShardRecords)
	}
	most := min(limits.ValueBytes, math.MaxInt32) / maxWidth
	b := loader.Block{Shard: f.Path}
	at := int64(0)
	for k, end := range ends {
		n := end - at
		if n > most {
			return corrupt("document %d has %d tokens, Limits.ValueBytes is %d", k, n, limits.ValueBytes)
		}
		size := n * int64(s.widths[i])
		if b.Rows == blockDocuments || b.Rows > 0 && b.Bytes+size > blockBytes {
			s.addBlock(i, b)
			b = loader.Block{Shard: f.Path, FirstRow: int64(k)}
		}
		s.ends = append(s.ends, end)
		b.Rows, b.Bytes, at = b.Rows+1, b.Bytes+size, end
	}
	if b.Rows > 0 {
		s.addBlock(i, b)
	}
	return nil
}

// addBlock adds a block that ends with the last document so far.
func (s *Documents) addBlock(i int, b loader.Block) {
	last := 0
	if n := len(s.blocks); n > 0 {
		last = s.first[n-1] + s.blocks[n-1].Rows
	}
	b.Bytes = max(1, b.Bytes) // opening empty documents is for a reader as well
	s.blocks, s.shards, s.first = append(s.blocks, b), append(s.shards, i), append(s.first, last)
}

// locate returns where the documents of file i end.
func (s *Documents) locate(i int, f shard.File, o DocumentOptions) ([]int64, error) {
	n := s.count(i, f)
	if o.Ends != nil {
		return s.scan(i, n)
	}
	x, err := openIndex(f.Path)
	if err != nil {
		return nil, fmt.Errorf("its index: %w", err)
	}
	defer x.close()
	if x.dtype.Size() != s.widths[i] {
		return nil, corrupt("tokens of %d bytes, its index says %v", s.widths[i], x.dtype)
	}
	ends, err := x.ends(n)
	if err != nil {
		return nil, fmt.Errorf("its index: %w", err)
	}
	return ends, nil
}

// scan searches the n tokens of file i for ends. What is behind the last one is a
// document as well.
func (s *Documents) scan(i int, n int64) (ends []int64, err error) {
	width := s.widths[i]
	buf, list := make([]byte, scanBytes), make([]int32, scanBytes/width)
	for at := int64(0); at < n; at += int64(len(list)) {
		list = list[:min(n-at, int64(len(list)))]
		part := buf[:width*len(list)]
		if err := s.files.Pool.ReadAt(context.Background(), i, part, s.stored.Header+at*int64(width)); err != nil {
			return nil, err
		}
		if err := unpack(list, part, width, s.stored.Vocabulary); err != nil {
			return nil, fmt.Errorf("from token %d: %w", at, err)
		}
		for k, v := range list {
			if slices.Contains(s.how, uint32(v)) {
				ends = append(ends, at+int64(k)+1)
			}
		}
	}
	if n > 0 && (len(ends) == 0 || ends[len(ends)-1] != n) {
		ends = append(ends, n)
	}
	return ends, nil
}

// Fingerprint identifies the data by the names of the files and how they are cut;
// the loader adds the sizes.
func (s *Documents) Fingerprint() string { return s.fingerprint(fmt.Sprint("documents", s.how)) }

// documentAt returns the tokens of a document: where they begin in their file, and how
// many there are.
func (s *Documents) documentAt(ref loader.Ref) (at int64, n int) {
	k := s.first[ref.Block] + ref.Row
	if s.blocks[ref.Block].FirstRow+int64(ref.Row) > 0 { // not the first of its file
		at = s.ends[k-1]
	}
	return at, int(s.ends[k] - at)
}

// documentRows is rows of Documents.
type documentRows struct{ rows }

// Row implements loader.Rows.
func (r *documentRows) Row(w *loader.Worker, i int, smp *loader.Sample) error {
	data, width, err := r.data(i, smp.ID)
	if err != nil {
		return err
	}
	to := w.Out(smp, 0, dtype.Int32, loader.Dims(len(data)/width))
	if err := unpack(loader.View[int32](*to), data, width, r.src.stored.Vocabulary); err != nil {
		return r.fault(i, smp.ID, "decode", err)
	}
	return nil
}
