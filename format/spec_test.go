package format_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

func TestMarshalSpec(t *testing.T) {
	spec := loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1, -1, 3), Kind: kind.Image},
		{}, // removed
		{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		{Name: "points", DType: dtype.Float16, Shape: loader.Dims(-1, 2, 3), Kind: kind.KeyPoints, Canvas: "image", Follows: "boxes",
			Names: []string{"left", "right"}, Mirror: []int{1, 0}},
		{Name: "class", DType: dtype.Int32, Kind: kind.Label, Names: []string{"a", "ß\n\""}},
		{Name: "mask", DType: dtype.Bool, Shape: loader.Dims(7, 5), Canvas: "left out", Follows: "left out"},
		{Name: "sound", DType: dtype.Float32, Shape: loader.Dims(-1), Kind: kind.Audio, Rate: 16000},
	}
	text, err := format.MarshalSpec(spec)
	if err != nil {
		t.Fatal(err)
	}
	got, err := format.UnmarshalSpec(text, format.Limits{})
	want := append(spec[:1:1], spec[2:]...)
	want[4].Canvas, want[4].Follows = "", ""
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s, %v\n got %#v\nwant %#v", text, err, got, want)
	}
	for _, bad := range []loader.Field{{Name: "x"}, {Name: "x", DType: dtype.Bool, Shape: loader.Dims(1, 1, 1, 1, 1, 1)}, {Name: "x", DType: dtype.Bool, Shape: loader.Dims(0)},
		{Name: "\xff", DType: dtype.Bool}, {Name: "x", DType: dtype.Bool, Names: []string{"\xff"}}} {
		if _, err := format.MarshalSpec(loader.Spec{bad}); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// TestUnmarshalSpec reads texts that no writer of ours has made.
func TestUnmarshalSpec(t *testing.T) {
	const x = `{"name":"x","dtype":"int32","shape":[]`
	for _, c := range []struct{ fields, want string }{
		{x + `}`, ""},
		{x + `,"kind":"","color":"of a later writer"}`, ""},
		{x + `},` + x + `}`, "name of its own"},
		{`{"dtype":"int32"}`, "name of its own"},
		{`{"name":"` + strings.Repeat("x", 5000) + `","dtype":"int32"}`, "name of its own"},
		{`{"name":"x","dtype":"float99"}`, "unknown element type"},
		{`{"name":"x","dtype":"invalid"}`, "unknown element type"},
		{`{"name":"x","dtype":"int32","shape":[-7]}`, "impossible shape"},
		{`{"name":"x","dtype":"int32","shape":[3,0]}`, "impossible shape"},
		{`{"name":"x","dtype":"int32","shape":[4000000000]}`, "impossible shape"},
		{`{"name":"x","dtype":"int32","shape":[65536,65536]}`, "impossible shape"},
		{`{"name":"x","dtype":"int32","shape":[1,1,1,1,1,1,1]}`, "7 dimensions"},
		{x + `,"kind":"smell"}`, "unknown kind"},
		{x + `,"kind":"unknown"}`, "unknown kind"},
		{x + `,"mirror":[7]}`, "impossible mirror"},
		{x + `,"rate":-1}`, "impossible rate"},
		{x + `,"canvas":"y"}`, `refers to "y"`},
		{x + `,"follows":"y"}`, `refers to "y"`},
		{x + `},{},{},{}`, "more than 3 fields"},
		{`7`, "cannot unmarshal"},
		{`{`, "invalid character"},
	} {
		_, err := format.UnmarshalSpec(`{"version":1,"fields":[`+c.fields+`]}`, format.Limits{Columns: 3})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.fields, err)
		case c.want != "" && (!errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q", c.fields, err, c.want)
		}
	}
	for text, ok := range map[string]bool{``: true, `{"version":2,"fields":[{"name":3}]}`: false, `{"version":2,"fields":[{}]}`: true,
		`{"fields":[]}`: false, `{"version":-1}`: false, `[]`: false, `hello`: false, `{"version":1,"fields":{}}`: false} {
		if spec, err := format.UnmarshalSpec(text, format.Limits{}); spec != nil || (err == nil) != ok {
			t.Errorf("%s: %v, %v", text, spec, err)
		}
	}
}

// FuzzUnmarshalSpec writes again what it has read, which must give the same.
func FuzzUnmarshalSpec(f *testing.F) {
	f.Add(`{"version":1,"fields":[{"name":"x","dtype":"int32","shape":[-1,4],"kind":"boxes","canvas":"i"},{"name":"i","dtype":"uint8"}]}`)
	f.Add(`{"version":1,"fields":[{"name":"x","dtype":"float16","shape":[2],"mirror":[1,0],"names":["a","b"],"rate":1,"follows":"x"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := format.UnmarshalSpec(text, format.Limits{})
		if err != nil || spec == nil {
			return
		}
		again, err := format.MarshalSpec(spec)
		if err != nil {
			t.Fatalf("%v: %v", spec, err)
		}
		back, err := format.UnmarshalSpec(again, format.Limits{})
		if err != nil || fmt.Sprintf("%v", back) != fmt.Sprintf("%v", spec) {
			t.Fatalf("%v, %v\n%+v\n%+v", again, err, spec, back)
		}
	})
}
