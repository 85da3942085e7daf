package loader

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"reflect"
	"sort"
)

// contract is the version of orders and random numbers. It is raised when the
// digests in testdata change, so that older states are refused.
const contract = 1

// fingerprint identifies what decides the bytes of a stream: the layout of the
// data, the order, the pipeline and the seed. Functions and channels in a
// configuration count with their type alone.
func fingerprint(src Source, cfg Config, in Spec) string {
	h := sha256.New()
	fmt.Fprintf(h, "stoker %d\n%v\nseed %d, remainder %d, errors %v\n", contract, in, cfg.Seed, cfg.Remainder, cfg.OnError)
	var rows, bytes int64
	for _, b := range src.Blocks() {
		rows, bytes = rows+int64(b.Rows), bytes+b.Bytes
		fmt.Fprintf(h, "%d %d,", b.Rows, b.Bytes)
	}
	if f, ok := src.(interface{ Fingerprint() string }); ok {
		io.WriteString(h, f.Fingerprint())
	}
	describe(h, reflect.ValueOf(cfg.Order), 0)
	for _, t := range cfg.Transforms {
		describe(h, reflect.ValueOf(t), 0)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// maxDescribed bounds the depth of a configuration, should one be cyclic.
const maxDescribed = 32

// describe writes a value of plain configuration in one canonical form.
func describe(h hash.Hash, v reflect.Value, depth int) {
	if !v.IsValid() || depth > maxDescribed {
		io.WriteString(h, "nil;")
		return
	}
	fmt.Fprintf(h, "%v:", v.Type())
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		describe(h, v.Elem(), depth+1)
	case reflect.Struct:
		for _, field := range v.Fields() {
			describe(h, field, depth+1)
		}
	case reflect.Slice, reflect.Array:
		fmt.Fprintf(h, "%d", v.Len())
		for i := range v.Len() {
			describe(h, v.Index(i), depth+1)
		}
	case reflect.Map:
		describeMap(h, v, depth)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		fmt.Fprintf(h, "%t", v.IsNil())
	case reflect.Float32, reflect.Float64:
		fmt.Fprintf(h, "%x", v.Float())
	case reflect.String:
		fmt.Fprintf(h, "%q", v.String())
	default:
		fmt.Fprint(h, v)
	}
	io.WriteString(h, ";")
}

func describeMap(h hash.Hash, v reflect.Value, depth int) {
	entries := make([]string, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		e := sha256.New()
		describe(e, it.Key(), depth+1)
		describe(e, it.Value(), depth+1)
		entries = append(entries, string(e.Sum(nil)))
	}
	sort.Strings(entries)
	for _, e := range entries {
		io.WriteString(h, e)
	}
}
