package recipe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// Dataset is a source and what a loader makes of it. In JSON the fields of Config
// stand beside Source.
type Dataset struct {
	Source Source
	loader.Config
}

// Read sets *v, a struct of exported fields, to what text says. Fields that are
// not named keep their values.
func Read(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var x any
	err := d.Decode(&x)
	at := d.InputOffset()
	if wrong := (*json.SyntaxError)(nil); errors.As(err, &wrong) {
		at = wrong.Offset
	}
	if err == nil && d.More() {
		err = errors.New("more than one value")
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:min(int(at), len(text))], []byte("\n")), err)
	}
	return set(reflect.ValueOf(v).Elem(), x, "")
}

// mistake is an error at a place.
func mistake(at, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if at != "" {
		err = fmt.Errorf("%s: %w", strings.TrimPrefix(at, "."), err)
	}
	return err
}

// set sets v to a JSON value.
func set(v reflect.Value, x any, at string) error {
	if done, err := setKnown(v, x, at); done || err != nil {
		return err
	}
	switch v.Kind() {
	case reflect.Struct:
		return setStruct(v, x, at)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return set(v.Elem(), x, at)
	case reflect.Interface:
		return setChoice(v, x, at)
	case reflect.Func:
		return setFunction(v, x, at)
	case reflect.Map:
		return setMap(v, x, at)
	case reflect.Slice, reflect.Array:
		return setList(v, x, at)
	case reflect.String, reflect.Bool:
		if x == nil || reflect.TypeOf(x).Kind() != v.Kind() {
			return mistake(at, "%v should be a %v", x, v.Kind())
		}
		v.Set(reflect.ValueOf(x).Convert(v.Type()))
		return nil
	}
	return setNumber(v, x, at)
}

// setKnown sets values of types that are written otherwise than they are made.
func setKnown(v reflect.Value, x any, at string) (bool, error) {
	switch p := v.Addr().Interface().(type) {
	case *time.Duration:
		d, err := time.ParseDuration(fmt.Sprint(x))
		if *p = d; err != nil {
			return true, mistake(at, "%v is no duration, as in 1.5s", x)
		}
	case *Source:
		return true, set(reflect.ValueOf(&p.opener).Elem(), x, at)
	case *loader.Shape:
		var dims []int
		if err := set(reflect.ValueOf(&dims).Elem(), x, at); err != nil {
			return true, err
		}
		if len(dims) > 5 || slices.ContainsFunc(dims, func(d int) bool { return d < -1 || d > math.MaxInt32/2 }) {
			return true, mistake(at, "there is no shape %v", dims)
		}
		*p = loader.Dims(dims...)
	case *loader.ErrorPolicy:
		var policy struct{ Skip, Substitute int64 }
		if err := set(reflect.ValueOf(&policy).Elem(), x, at); err != nil {
			return true, err
		}
		if *p = loader.Skip(policy.Skip); policy.Substitute > 0 {
			*p = loader.Substitute(policy.Substitute)
		}
		if (policy.Skip > 0) == (policy.Substitute > 0) {
			return true, mistake(at, `it is as in {"Skip": 10} or {"Substitute": 10}`)
		}
	default:
		return false, nil
	}
	return true, nil
}

func setStruct(v reflect.Value, x any, at string) error {
	m, ok := x.(map[string]any)
	if !ok {
		return mistake(at, "%v should be an object with some of %s", x, fields(v.Type()))
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		f, ok := v.Type().FieldByName(key)
		if !ok || !f.IsExported() || f.Anonymous {
			return mistake(at, "there is no %q, but %s", key, fields(v.Type()))
		}
		if err := set(v.FieldByIndex(f.Index), m[key], at+"."+key); err != nil {
			return err
		}
	}
	return nil
}

// fields lists the fields of a struct.
func fields(t reflect.Type) string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && !f.Anonymous {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, ", ")
}

// setChoice sets v to a value of one of several types.
func setChoice(v reflect.Value, x any, at string) error {
	list := choices(v.Type())
	if len(list) == 0 {
		return mistake(at, "this cannot be written in JSON")
	}
	name, _ := x.(string)
	var options any = map[string]any{}
	if m, ok := x.(map[string]any); ok && len(m) == 1 {
		for name, options = range m {
		}
	}
	for _, c := range list {
		if nameOf(c) != name {
			continue
		}
		made := reflect.New(reflect.TypeOf(c)).Elem()
		if made.Kind() == reflect.Slice {
			if _, bare := x.(string); bare {
				options = []any{}
			}
		}
		if err := set(made, options, at+"."+name); err != nil {
			return err
		}
		v.Set(made)
		return nil
	}
	var names []string
	for _, c := range list {
		names = append(names, nameOf(c))
	}
	return mistake(at, "%v is neither one of %s, nor an object with one of them as its only key", x, strings.Join(names, ", "))
}

func setFunction(v reflect.Value, x any, at string) error {
	name, _ := x.(string)
	f := reflect.ValueOf(functions[name])
	if !f.IsValid() || !f.CanConvert(v.Type()) {
		return mistake(at, "there is no function %v, but %s", x, strings.Join(slices.Sorted(maps.Keys(functions)), ", "))
	}
	v.Set(f)
	return nil
}

func setMap(v reflect.Value, x any, at string) error {
	m, ok := x.(map[string]any)
	if !ok || v.Type().Key().Kind() != reflect.String {
		return mistake(at, "%v should be an object", x)
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		e := reflect.New(v.Type().Elem()).Elem()
		if err := set(e, m[key], at+"."+key); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), e)
	}
	return nil
}

func setList(v reflect.Value, x any, at string) error {
	list, ok := x.([]any)
	if !ok {
		return mistake(at, "%v should be a list", x)
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	}
	if len(list) != v.Len() {
		return mistake(at, "%d values, there are %d", len(list), v.Len())
	}
	for i := range list {
		if err := set(v.Index(i), list[i], fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

// setNumber sets numbers, and those that have names by these.
func setNumber(v reflect.Value, x any, at string) error {
	if name, ok := x.(string); ok {
		return setNamed(v, name, at)
	}
	n, ok := x.(json.Number)
	if !ok {
		return mistake(at, "%v should be a number", x)
	}
	if err := json.Unmarshal([]byte(n), v.Addr().Interface()); err != nil {
		return mistake(at, "%v does not fit %v", n, v.Type())
	}
	return nil
}

// setNamed sets v to the number whose String is name.
func setNamed(v reflect.Value, name, at string) error {
	var names []string
	if _, ok := v.Interface().(fmt.Stringer); ok && v.Kind() == reflect.Uint8 {
		for i := range uint64(256) {
			v.SetUint(i)
			s := v.Interface().(fmt.Stringer).String()
			if s == name {
				return nil
			}
			if !slices.Contains(names, s) && len(names) < 30 {
				names = append(names, s)
			}
		}
	}
	if len(names) == 0 {
		return mistake(at, "%q should be a number", name)
	}
	return mistake(at, "there is no %q, but %s", name, strings.Join(names, ", "))
}
