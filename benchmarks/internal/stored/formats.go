package stored

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/csv"
	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/jsonl"
	"github.com/stokerdata/stoker/format/npy"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/format/tokens"
	"github.com/stokerdata/stoker/loader"
)

// A Format is one way in which the data set is stored.
type Format struct {
	Name string // of the format and the codec
	File string // a name that it goes by
	// Sums says that checksums cover all values: whatever is changed in a file, its
	// values are as before or there is an error.
	Sums bool
	// Whole says that a file tells how long it is: of a part of it there is an error.
	Whole bool
	Write func(ctx context.Context, path string, r Rows) error
	Open  func(path string, r Rows) (loader.Source, error)
}

// All lists every format that the library reads, with every codec.
func All() []Format {
	return append(foreign(),
		Format{"parquet snappy", "a.parquet", true, true, ours(parquet.Write, ownParquet(parquet.Snappy)), openParquet},
		Format{"parquet none", "a.parquet", true, true, ours(parquet.Write, ownParquet(parquet.Uncompressed)), openParquet},
		Format{"parquet zstd", "a.parquet", true, true, ours(parquet.Write, ownParquet(parquet.Zstd)), openParquet},
		Format{"parquet gzip", "a.parquet", true, true, ours(parquet.Write, ownParquet(parquet.Gzip)), openParquet},
		Format{"feather none", "a.arrow", false, true, ours(feather.Write, ownFeather(feather.Uncompressed)), openFeather},
		Format{"feather lz4", "a.arrow", false, true, ours(feather.Write, ownFeather(feather.LZ4)), openFeather},
		Format{"feather zstd", "a.arrow", false, true, ours(feather.Write, ownFeather(feather.Zstd)), openFeather},
		Format{"records", "a.bin", false, false, ours(raw.WriteRecords, numbersAlone), openRecords},
		Format{"tokens", "a.bin", false, false, ours(raw.WriteRecords, numbersAlone), openTokens},
		Format{"npy", "a.npy", false, true, writeNPY, openNPY},
		Format{"npz stored", "a.npz", true, true, writeNPZ(zip.Store), openNPY},
		Format{"npz deflate", "a.npz", true, true, writeNPZ(zip.Deflate), openNPY},
		Format{"csv", "a.csv", false, false, writeCSV, openCSV},
		Format{"jsonl", "a.jsonl", false, false, writeJSONL, openJSONL},
	)
}

func openParquet(path string, _ Rows) (loader.Source, error) {
	return parquet.Open(path, parquet.Options{})
}

func openFeather(path string, _ Rows) (loader.Source, error) {
	return feather.Open(path, feather.Options{})
}

func openNPY(path string, _ Rows) (loader.Source, error)   { return npy.Open(path, npy.Options{}) }
func openCSV(path string, _ Rows) (loader.Source, error)   { return csv.Open(path, csv.Options{}) }
func openJSONL(path string, _ Rows) (loader.Source, error) { return jsonl.Open(path, jsonl.Options{}) }

// openRecords and openTokens are told what the files do not say.
func openRecords(path string, r Rows) (loader.Source, error) {
	return raw.OpenRecords([]string{path}, raw.RecordOptions{Fields: r.Spec()[fieldX : fieldX+1]})
}

func openTokens(path string, r Rows) (loader.Source, error) {
	return tokens.Open(path, tokens.Options{Window: 2 * r.Floats, Targets: true})
}

func ownParquet(c parquet.Codec) func(Rows) parquet.WriteOptions {
	return func(r Rows) parquet.WriteOptions { return parquet.WriteOptions{Codec: c, RowsPerGroup: r.Group} }
}

func ownFeather(c feather.Codec) func(Rows) feather.WriteOptions {
	return func(r Rows) feather.WriteOptions { return feather.WriteOptions{Codec: c, RowsPerBatch: r.Group} }
}

func numbersAlone(Rows) raw.RecordWriteOptions { return raw.RecordWriteOptions{Columns: []string{"x"}} }

// ours returns what writes with a writer of the library.
func ours[O any](write func(context.Context, string, iter.Seq2[*loader.Batch, error], O) ([]format.Written, error), o func(Rows) O) func(context.Context, string, Rows) error {
	return func(ctx context.Context, path string, r Rows) error {
		ld, err := r.loader()
		if err != nil {
			return err
		}
		defer ld.Close()
		_, err = write(ctx, path, ld.All(ctx), o(r))
		return err
	}
}

// foreignRow is a row in the encodings that other writers choose.
type foreignRow struct {
	ID   int64     `parquet:"id,delta"`
	X    []float32 `parquet:"x,list"`
	Text string    `parquet:"text,dict"`
	Half *float64  `parquet:"half,optional,split"`
}

// foreign returns Parquet as parquet-go writes it, with pages of both versions and
// each codec there is. Its pages have checksums and its footer has none.
func foreign() (all []Format) {
	for i, codec := range []compress.Codec{&pq.Uncompressed, &pq.Snappy, &pq.Gzip, &pq.Brotli, &pq.Zstd, &pq.Lz4Raw} {
		all = append(all, Format{"parquet-go " + strings.ToLower(codec.String()), "a.parquet", false, true, func(ctx context.Context, path string, r Rows) error {
			return writeForeign(ctx, path, r, pq.Compression(codec), pq.DataPageVersion(1+i%2), pq.PageBufferSize(10*r.Group), pq.MaxRowsPerRowGroup(int64(r.Group)))
		}, openParquet})
	}
	return all
}

func writeForeign(ctx context.Context, path string, r Rows, o ...pq.WriterOption) error {
	return create(path, func(f io.Writer) error {
		w := pq.NewGenericWriter[foreignRow](f, o...)
		err := r.each(ctx, func(b *loader.Batch) error {
			for i := range b.Len() {
				row := foreignRow{ID: loader.View[int64](b.Row("id", i))[0], X: loader.View[float32](b.Row("x", i)), Text: string(b.Row("text", i).Data)}
				if i%3 > 0 {
					row.Half = new(float64(row.ID) / 2)
				}
				if _, err := w.Write([]foreignRow{row}); err != nil {
					return err
				}
			}
			return nil
		})
		return errors.Join(err, w.Close())
	})
}

// create makes a file of what write writes.
func create(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// writeNPY writes an array of two dimensions.
func writeNPY(ctx context.Context, path string, r Rows) error {
	return create(path, func(f io.Writer) error { return r.array(ctx, f) })
}

// array writes the numbers of all rows as an array.
func (r Rows) array(ctx context.Context, f io.Writer) error {
	head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", r.N, r.Floats)
	head += strings.Repeat(" ", (64-(10+len(head)+1)%64)%64) + "\n"
	if _, err := f.Write(append(binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(head))), head...)); err != nil {
		return err
	}
	return r.each(ctx, func(b *loader.Batch) error {
		_, err := f.Write(b.Tensor("x").Data)
		return err
	})
}

// writeNPZ returns what writes an archive of one array.
func writeNPZ(method uint16) func(context.Context, string, Rows) error {
	return func(ctx context.Context, path string, r Rows) error {
		return create(path, func(f io.Writer) error {
			z := zip.NewWriter(f)
			z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
			w, err := z.CreateHeader(&zip.FileHeader{Name: "x.npy", Method: method})
			if err == nil {
				err = r.array(ctx, w)
			}
			return errors.Join(err, z.Close())
		})
	}
}

// writeCSV writes a column for each number, and the text in quotes.
func writeCSV(ctx context.Context, path string, r Rows) error {
	line := []byte("id,text")
	for k := range r.Floats {
		line = fmt.Appendf(line, ",x%d", k)
	}
	return r.lines(ctx, path, append(line, '\n'), func(line []byte, id int64, x []float32, text []byte) []byte {
		line = fmt.Appendf(line, "%d,\"%s\"", id, text)
		for _, v := range x {
			line = fmt.Appendf(line, ",%g", v)
		}
		return line
	})
}

// writeJSONL writes an object for each row.
func writeJSONL(ctx context.Context, path string, r Rows) error {
	return r.lines(ctx, path, nil, func(line []byte, id int64, x []float32, text []byte) []byte {
		list, _ := json.Marshal(x) // finite numbers
		return fmt.Appendf(line, `{"id": %d, "text": %q, "x": %s}`, id, text, list)
	})
}

// lines writes a header and a line for each row.
func (r Rows) lines(ctx context.Context, path string, header []byte, row func(line []byte, id int64, x []float32, text []byte) []byte) error {
	return create(path, func(f io.Writer) error {
		out := bytes.NewBuffer(header)
		return r.each(ctx, func(b *loader.Batch) error {
			for i := range b.Len() {
				line := row(out.AvailableBuffer(), loader.View[int64](b.Row("id", i))[0], loader.View[float32](b.Row("x", i)), b.Row("text", i).Data)
				out.Write(append(line, '\n'))
			}
			_, err := out.WriteTo(f)
			return err
		})
	})
}
