package arrowschema_test

import (
	"encoding/base64"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// table has a field of every kind that Text takes.
func table() *arrowschema.Schema {
	s := &arrowschema.Schema{}
	add := func(name string, f arrowschema.Field) {
		f.Name = name
		s.Fields = append(s.Fields, f)
	}
	for x := dtype.Bool; x.Valid(); x++ {
		add(x.String(), arrowschema.Of(x))
	}
	element := arrowschema.Of(dtype.Float32)
	element.Name, element.Nullable = "element", true
	tensor := arrowschema.Field{Type: arrowschema.FixedSizeList, Size: 6, Children: []arrowschema.Field{element}}
	if err := tensor.SetTensor([]int{2, 3}); err != nil {
		panic(err)
	}
	add("tensor", tensor)
	add("list", arrowschema.Field{Type: arrowschema.LargeList, Nullable: true, Children: []arrowschema.Field{element}})
	add("text", arrowschema.Field{Type: arrowschema.LargeUtf8})
	add("label", arrowschema.Field{Type: arrowschema.Utf8, Dict: &arrowschema.Dictionary{ID: 3, Size: 8, Signed: true}})
	add("raw", arrowschema.Field{Type: arrowschema.FixedSizeBinary, Size: 5})
	return s
}

func TestText(t *testing.T) {
	want := table()
	got, err := arrowschema.Parse(want.Text(), format.Limits{}.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Fields {
		if !reflect.DeepEqual(got.Fields[i], want.Fields[i]) {
			t.Errorf("field %d is\n%+v, want\n%+v", i, got.Fields[i], want.Fields[i])
		}
		if x := dtype.Bool + dtype.Type(i); x.Valid() && x != dtype.BFloat16 && got.Fields[i].Scalar() != x {
			t.Errorf("%v is %v", x, got.Fields[i].Scalar())
		}
	}
}

// TestPyArrow reads a schema of pyarrow (testdata/make.py).
func TestPyArrow(t *testing.T) {
	text, err := os.ReadFile("testdata/pyarrow.txt")
	if err != nil {
		t.Fatal(err)
	}
	s, err := arrowschema.Parse(string(text), format.Limits{}.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range s.Fields {
		got = append(got, s.Fields[i].Name+" "+s.Fields[i].String())
	}
	want := "tensor fixed_size_list of float(32); half float(16); label dictionary of utf8; big large_list of int(8); " +
		"view utf8_view; pose struct; days date(64)"
	if strings.Join(got, "; ") != want {
		t.Errorf("fields are\n%s, want\n%s", strings.Join(got, "; "), want)
	}
	if shape, ok, err := s.Fields[0].Tensor(6); err != nil || !ok || !reflect.DeepEqual(shape, []int{2, 3}) {
		t.Errorf("tensor of %v, %v, %v", shape, ok, err)
	}
}

func TestTensor(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"shape":[2,3]}`: true, `{"shape":[6],"dim_names":["x"]}`: true, `{"shape":[3,2],"permutation":[1,0]}`: true,
		`{"shape":[2,4]}`: false, `{"shape":[-2,-3]}`: false, `{"shape":[4294967296,4294967296]}`: false, `{"shape":"x"}`: false,
		``: false, `[]`: false, `{}`: false, `{"shape":[0,6]}`: false,
	} {
		f := arrowschema.Field{Extension: arrowschema.TensorName, ExtensionData: text}
		_, is, err := f.Tensor(6)
		if is != ok || ok != (err == nil) || err != nil && !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("%s: %v, %v", text, is, err)
		}
	}
	none := arrowschema.Field{Extension: "arrow.json"}
	if _, ok, err := none.Tensor(6); ok || err != nil {
		t.Errorf("another extension: %v, %v", ok, err)
	}
}

// TestDamaged cuts a schema off everywhere, and flips each of its bits.
func TestDamaged(t *testing.T) {
	lim := format.Limits{}.WithDefaults()
	b, err := base64.StdEncoding.DecodeString(table().Text())
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, err := arrowschema.Parse(base64.StdEncoding.EncodeToString(b[:n]), lim); !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("cut off at %d of %d bytes: %v", n, len(b), err)
		}
	}
	for i := range 8 * len(b) {
		b[i/8] ^= 1 << (i % 8)
		if _, err := arrowschema.Parse(base64.StdEncoding.EncodeToString(b), lim); err != nil && !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("bit %d: %v", i, err)
		}
		b[i/8] ^= 1 << (i % 8)
	}
	for _, text := range []string{"", "?", "AAAA", table().Text()[1:]} {
		if _, err := arrowschema.Parse(text, lim); !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}

// FuzzParse parses any bytes, and what it makes of them again.
func FuzzParse(f *testing.F) {
	b, _ := base64.StdEncoding.DecodeString(table().Text())
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		lim := format.Limits{Columns: 1000}.WithDefaults()
		s, err := arrowschema.Parse(base64.StdEncoding.EncodeToString(b), lim)
		if err != nil {
			if !errors.Is(err, loader.ErrCorrupt) {
				t.Error(err)
			}
			return
		}
		for i := range s.Fields {
			x := &s.Fields[i]
			_ = x.String()
			if x.Type == arrowschema.FixedSizeList {
				if shape, ok, err := x.Tensor(x.Size); ok && err == nil && len(shape) > len(b) {
					t.Errorf("%d dimensions", len(shape))
				}
			}
		}
		if again, err := arrowschema.Parse(s.Text(), lim); err != nil || len(again.Fields) != len(s.Fields) {
			t.Errorf("written again: %v", err)
		}
	})
}
