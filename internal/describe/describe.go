package describe

import (
	"crypto/sha256"
	"fmt"
	"io"
	"reflect"
	"sort"
)

// Contract is the version of orders, of random numbers and of what transforms
// make of a row. It is raised when digests in testdata change, so that states
// and caches of before are refused.
const Contract = 1

// maxDepth bounds the depth of a configuration, should one be cyclic.
const maxDepth = 32

// Write writes x in one canonical form. It reports whether x holds a function, a
// channel or an unsafe pointer, of which it can write no more than that.
func Write(w io.Writer, x any) (opaque bool) {
	d := describer{w: w}
	d.value(reflect.ValueOf(x), 0)
	return d.opaque
}

type describer struct {
	w      io.Writer
	opaque bool
}

func (d *describer) value(v reflect.Value, depth int) {
	if !v.IsValid() || depth > maxDepth {
		io.WriteString(d.w, "nil;")
		return
	}
	fmt.Fprintf(d.w, "%v:", v.Type())
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		d.value(v.Elem(), depth+1)
	case reflect.Struct:
		for t, field := range v.Fields() {
			if t.Tag.Get("describe") != "-" {
				d.value(field, depth+1)
			}
		}
	case reflect.Slice, reflect.Array:
		fmt.Fprintf(d.w, "%d", v.Len())
		for i := range v.Len() {
			d.value(v.Index(i), depth+1)
		}
	case reflect.Map:
		d.entries(v, depth)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		d.opaque = d.opaque || !v.IsNil()
		fmt.Fprintf(d.w, "%t", v.IsNil())
	case reflect.Float32, reflect.Float64:
		fmt.Fprintf(d.w, "%x", v.Float())
	case reflect.String:
		fmt.Fprintf(d.w, "%q", v.String())
	default:
		fmt.Fprint(d.w, v)
	}
	io.WriteString(d.w, ";")
}

// entries writes a map, whose order of iteration must not matter.
func (d *describer) entries(v reflect.Value, depth int) {
	sums := make([]string, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		h := sha256.New()
		e := describer{w: h}
		e.value(it.Key(), depth+1)
		e.value(it.Value(), depth+1)
		d.opaque = d.opaque || e.opaque
		sums = append(sums, string(h.Sum(nil)))
	}
	sort.Strings(sums)
	for _, s := range sums {
		io.WriteString(d.w, s)
	}
}
