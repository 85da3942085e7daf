package parquet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// structs returns the bytes of a file that parquet-go's own writer makes of rows.
func structs[T any](t testing.TB, rows []T, options ...pq.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pq.NewGenericWriter[T](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// save writes a file into a new directory and returns its path.
func save(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// inMemory is a shard.FS of one file that is in memory.
type inMemory []byte

func (m inMemory) Open(string) (shard.Handle, error) { return memHandle{bytes.NewReader(m), m}, nil }

// dump opens path and returns each row in words.
func dump(t testing.TB, path string, o Options) ([]string, error) {
	t.Helper()
	src, err := Open(path, o)
	if err != nil {
		return nil, err
	}
	return dumpSource(src)
}

// dumpSource returns each row of src in words, after making sure that it comes
// out the same by columns, in runs and by rows.
func dumpSource(src loader.Source) ([]string, error) {
	if len(src.Blocks()) == 0 {
		return nil, nil
	}
	columns, err := dumpWith(src, 3, nil)
	if err != nil {
		return nil, err
	}
	rows, err := dumpWith(src, 3, []loader.Transform{touch{}})
	if err != nil {
		return nil, err
	}
	if s, ok := src.(*Source); ok {
		s.runs.Store(true)
	}
	runs, err := dumpWith(src, 100, nil)
	if err != nil {
		return nil, err
	}
	a, b, c := strings.Join(columns, "\n"), strings.Join(rows, "\n"), strings.Join(runs, "\n")
	if a != b || a != c {
		return nil, fmt.Errorf("by columns:\n%s\nby rows:\n%s\nin runs:\n%s", a, b, c)
	}
	return columns, nil
}

// keepOpen hides a source's Close.
type keepOpen struct{ loader.Source }

// keepRowsOpen is keepOpen for sources of single rows.
type keepRowsOpen struct{ loader.RandomSource }

func dumpWith(src loader.Source, batch int, stages []loader.Transform) (out []string, err error) {
	var open loader.Source = keepOpen{src}
	if r, ok := src.(loader.RandomSource); ok {
		open = keepRowsOpen{r}
	}
	ld, err := loader.New(open, loader.Config{BatchSize: batch, Workers: 2, Transforms: stages})
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			out = append(out, row(b, i))
		}
	}
	return out, nil
}

func row(b *loader.Batch, i int) string {
	var s strings.Builder
	for _, f := range b.Spec() {
		t := b.Row(f.Name, i)
		if !f.Shape.Fits(t.Shape) {
			panic(fmt.Sprintf("%v has a row of shape %v", f, t.Shape))
		}
		fmt.Fprintf(&s, "%s%v=%v ", f.Name, t.Shape, elements(t))
	}
	return strings.TrimSpace(s.String())
}

func elements(t loader.Tensor) any {
	switch t.DType {
	case dtype.Bool:
		return loader.View[bool](t)
	case dtype.Int8:
		return loader.View[int8](t)
	case dtype.Uint8:
		return loader.View[uint8](t)
	case dtype.Int16:
		return loader.View[int16](t)
	case dtype.Uint16, dtype.Float16, dtype.BFloat16:
		return loader.View[uint16](t)
	case dtype.Int32:
		return loader.View[int32](t)
	case dtype.Uint32:
		return loader.View[uint32](t)
	case dtype.Int64:
		return loader.View[int64](t)
	case dtype.Uint64:
		return loader.View[uint64](t)
	case dtype.Float32:
		return loader.View[float32](t)
	}
	return loader.View[float64](t)
}

// touch is a transform that changes nothing, by rows.
type touch struct{}

func (touch) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error { return nil }}, nil
}

// check compares what a file holds with what it should.
func check(t *testing.T, got []string, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("row %d\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}

// fails makes sure that err wraps the target and says all that it should.
func fails(t *testing.T, err, target error, words ...string) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error %v, want one that wraps %v", err, target)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
	if n := strings.Count(strings.ReplaceAll(err.Error(), ".parquet: ", ""), "parquet: "); n != 1 {
		t.Errorf("error %q says parquet: %d times", err, n)
	}
}

type memHandle struct {
	*bytes.Reader
	data []byte
}

func (h memHandle) Stat() (int64, time.Time, error) { return int64(len(h.data)), time.Time{}, nil }
func (h memHandle) Close() error                    { return nil }

// openBytes opens a file that is in memory.
func openBytes(data []byte, o Options) (*Source, error) {
	o.Pool.FS = inMemory(data)
	return openFiles(shard.Set{{Path: "a.parquet", Size: int64(len(data))}}, o)
}

// digest returns all that src holds, decoded by its rows directly, after making
// sure that pages which are held give the same.
func digest(src *Source) (string, error) {
	var out strings.Builder
	fmt.Fprint(&out, src.Spec())
	for i := range src.Blocks() {
		at := out.Len()
		err := digestBlock(&out, src, i, false)
		var held strings.Builder
		other := digestBlock(&held, src, i, true)
		if (err == nil) != (other == nil) || damagedColumn(err) != damagedColumn(other) {
			return "", fmt.Errorf("block %d: %v, but from pages that are held %v", i, err, other)
		}
		if err != nil {
			return "", err
		}
		if a, b := out.String()[at:], held.String(); a != b {
			return "", fmt.Errorf("block %d is %s, but from pages that are held %s", i, a, b)
		}
	}
	return out.String(), nil
}

// decodeError is an error of Decode.
type decodeError struct{ error }

func (e decodeError) Unwrap() error { return e.error }

// damagedColumn returns the column that an error of Decode blames.
func damagedColumn(err error) string {
	if e := (decodeError{}); !errors.As(err, &e) {
		return ""
	}
	_, after, _ := strings.Cut(err.Error(), `column "`)
	name, _, _ := strings.Cut(after, `"`)
	return name
}

func digestBlock(out *strings.Builder, src *Source, i int, held bool) error {
	src.runs.Store(held)
	x, err := src.Open(context.Background(), i)
	if err != nil {
		return err
	}
	r := x.(*rows)
	defer r.Close()
	for k := range r.Parts() {
		if err := r.Decode(nil, k); err != nil {
			return decodeError{err}
		}
	}
	if held {
		if err := r.layRuns(); err != nil {
			return err
		}
	}
	for row := range int(r.group.rows) {
		if err := r.spoiled(row); err != nil {
			return err
		}
	}
	for k := range src.cols {
		if src.cols[k].joined {
			continue
		}
		if err := digestColumn(out, r, k); err != nil {
			return err
		}
	}
	return nil
}

// layRuns lays out a row group whose pages are held, by runs that begin behind
// each other, or after a leap that another cursor makes good.
func (r *rows) layRuns() error {
	if err := r.allot(); err != nil {
		return err
	}
	s := new(scratch)
	n := int(r.group.rows)
	for _, leap := range []int{0, 1} {
		for at := leap * 7; at < n; {
			k := min(n-at, 7)
			c, err := r.cursor(at, s)
			if err != nil {
				return err
			}
			for f, t := range r.targets {
				c.targets[f] = t
				c.targets[f].data = t.data[at*t.stride:]
				if t.valid != nil {
					c.targets[f].valid = t.valid[at*r.s.cols[f].cells():]
				}
			}
			if err := r.advance(c, k, s); err != nil {
				return err
			}
			r.leave(c)
			at += 2 * k
		}
	}
	return nil
}

func digestColumn(out *strings.Builder, r *rows, k int) error {
	c, in := &r.s.cols[k], &r.cells[k]
	fmt.Fprintf(out, "\n%s %d %x ", c.field.Name, r.group.rows, in.valid)
	for row := range int(r.group.rows) {
		if c.conv == toLength {
			fmt.Fprintf(out, "%q", in.texts.row(row))
		}
		switch {
		case c.join != nil:
			fmt.Fprintf(out, "%x,", r.record[row*r.s.record+c.at:][:c.row])
		case c.row < 0:
			var sizes []byte
			var err error
			if c.dims >= 0 {
				if sizes, err = r.sizes(c, row); err != nil {
					return err
				}
			}
			shape, err := r.shape(c, in, row, sizes)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%v%x,", shape, in.bytes(row))
		case len(in.spans) > 0:
			one := make([]byte, c.row)
			c.put(one, in, row)
			fmt.Fprintf(out, "%x,", one)
		default:
			fmt.Fprintf(out, "%x,", in.data[row*c.row:][:c.row])
		}
	}
	return nil
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := thrift.Marshal(new(thrift.CompactProtocol), v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
