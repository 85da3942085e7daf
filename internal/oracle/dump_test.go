package oracle

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

const null = "null"

// dump returns the fields of a file, each with its rows in words: "null",
// numbers, hexadecimal for bytes, and lists in brackets. A float that is not a
// number is taken for a null, as the files have no others.
func dump(t *testing.T, path string, o parquet.Options) map[string][]string {
	t.Helper()
	src, err := parquet.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return dumpSource(t, src)
}

// dumpSource is dump of a source, which it closes.
func dumpSource(t *testing.T, src loader.Source) map[string][]string {
	t.Helper()
	ld, err := loader.New(src, loader.Config{BatchSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	out := make(map[string][]string)
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range b.Spec() {
			mask := f.Name + format.ValidSuffix
			if strings.HasSuffix(f.Name, format.ValidSuffix) {
				continue
			}
			for i := range b.Len() {
				s := words(b.Row(f.Name, i))
				if b.Spec().Index(mask) >= 0 && !loader.View[bool](b.Row(mask, i))[0] {
					s = null
				}
				out[f.Name] = append(out[f.Name], s)
			}
		}
	}
	return out
}

// words returns a row in words.
func words(t loader.Tensor) string {
	if t.DType == dtype.Uint8 && t.Shape.Rank() > 0 {
		return hex.EncodeToString(t.Data)
	}
	var all []string
	switch t.DType {
	case dtype.Bool:
		all = spell(loader.View[bool](t))
	case dtype.Int8:
		all = spell(loader.View[int8](t))
	case dtype.Uint8:
		all = spell(loader.View[uint8](t))
	case dtype.Int16:
		all = spell(loader.View[int16](t))
	case dtype.Uint16:
		all = spell(loader.View[uint16](t))
	case dtype.Float16:
		if all = spell(loader.View[uint16](t)); all[0] == "32256" {
			return null
		}
	case dtype.Int32:
		all = spell(loader.View[int32](t))
	case dtype.Uint32:
		all = spell(loader.View[uint32](t))
	case dtype.Int64:
		all = spell(loader.View[int64](t))
	case dtype.Uint64:
		all = spell(loader.View[uint64](t))
	case dtype.Float32:
		for _, x := range loader.View[float32](t) {
			all = append(all, float(float64(x), 32))
		}
	default:
		for _, x := range loader.View[float64](t) {
			all = append(all, float(x, 64))
		}
	}
	if t.Shape.Rank() == 0 {
		return all[0]
	}
	return "[" + strings.Join(all, " ") + "]"
}

func spell[T any](x []T) (all []string) {
	for _, v := range x {
		all = append(all, fmt.Sprint(v))
	}
	return all
}

func float(x float64, bits int) string {
	if math.IsNaN(x) {
		return null
	}
	return strconv.FormatFloat(x, 'g', -1, bits)
}

// same compares a column with what it should be.
func same(t *testing.T, name string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("column %s: %d rows, want %d", name, len(got), len(want))
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("column %s, row %d: %s, want %s", name, i, got[i], want[i])
			return
		}
	}
}
