package syntax

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/loader"
)

// split returns the lines of a text.
func split(s Syntax, text []byte) (lines [][]byte) {
	for len(text) > 0 {
		n := s.Split(text)
		if n == 0 {
			n = len(text)
		}
		lines = append(lines, text[:n])
		text = text[n:]
	}
	return lines
}

// records returns the cells of all rows, as encoding/csv does.
func records(text []byte) (all [][]string, err error) {
	r := csvReader{comma: ',', all: true}
	for _, line := range split(CSV{Comma: ','}, text) {
		if IsEmpty(line) {
			continue
		}
		var cells []string
		if err := r.Read(line, func(_ int, cell []byte) error {
			cells = append(cells, string(cell))
			return nil
		}); err != nil {
			return nil, err
		}
		all = append(all, cells)
	}
	return all, nil
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"", "a,b\n1,2\n", "a\r\n\r\n\"b\r\nc\"\r\n", "\"x\"\"y\",\n\"\"", "a\"b,c\n", "\"a\"b\n", "\"a\n", "a,b\r", "\r\r\n", "\"\r\r\n\",1\n,\n", "\n\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := csv.NewReader(bytes.NewReader(text))
		r.FieldsPerRecord = -1
		want, wantErr := r.ReadAll()
		got, err := records(text)
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %q, %v; want %q, %v", text, got, err, want, wantErr)
		}
		if err != nil && !errors.Is(err, loader.ErrCorrupt) {
			t.Error(err)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"a": 1, "b": [1, -2.5e+7, "x\u00e4\n", null, true, false, {}], "a": {"c": []}}`, `{"a"}`, `{"a":}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e}`,
		`{"a":"\x"}`, "{\"a\":\"\x01\"}", `{"a":tru}`, `{"a":[1,]}`, `{"a":1,}`, `{,}`, `[]`, ``, `{"a":1} x`, ` {"\u0061" : [ 1 , 2 ] } `, `{"a":"\u00g0"}`, `{"a":"\`,
		`{"a":[`, `{"a":[1`, `{"a":{"b":1`, `{"a":{"b"`, `{"a":{"b":[]}}`, `{"a":{1:2}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Count(string(text), "[")+strings.Count(string(text), "{") > maxDepth {
			return
		}
		var want map[string]any
		wantErr := json.Unmarshal(text, &want)
		valid := wantErr == nil && want != nil // null is no object
		names, err := JSON{}.Names(nil, text)
		if err != nil && !errors.Is(err, loader.ErrCorrupt) {
			t.Error(err)
		}
		if !valid && err == nil || valid && err != nil && !errors.Is(err, errUTF8) {
			t.Fatalf("%q: %v, want %v", text, err, wantErr)
		}
		if err != nil {
			return
		}
		if len(names) != len(want) {
			t.Errorf("%q has the names %q", text, names)
		}
		r, err := JSON{}.Reader(nil, names)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]any{}
		if err := r.Read(text, func(c int, cell []byte) error {
			var v any
			if err := json.Unmarshal(cell, &v); err != nil {
				t.Fatalf("%q: cell %q: %v", text, cell, err)
			}
			got[names[c]] = v
			if s, ok := v.(string); ok {
				if got, err := Unquote(cell); got != s && !errors.Is(err, errUTF8) {
					t.Errorf("%q is %q, %v", cell, got, err)
				}
			}
			if list, ok := v.([]any); ok {
				for e := range Elements(cell) {
					var v any
					if err := json.Unmarshal(e, &v); err != nil || !reflect.DeepEqual(v, list[0]) {
						t.Errorf("%q of %q, %v", e, cell, err)
					}
					list = list[1:]
				}
				if len(list) > 0 {
					t.Errorf("%q lacks %v", cell, list)
				}
			}
			return nil
		}); err == nil && !reflect.DeepEqual(got, want) { // an error is a key that is there twice
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	})
}

// cells returns the cells of a row as a reader gives them.
func cells(r Reader, row string) (text string, err error) {
	err = r.Read([]byte(row), func(c int, cell []byte) error {
		text += fmt.Sprintf("%d=%s ", c, cell)
		return nil
	})
	return text, err
}

func TestReaders(t *testing.T) {
	for _, c := range []struct {
		s     Syntax
		names []string
		row   string
		want  string
	}{
		{CSV{Comma: ','}, []string{"a", "b", "c"}, "1,2,3\n", "1=1 0=3 "},
		{CSV{Comma: '\t'}, []string{"c", "a"}, "1,\t\"x\"\r\n", "0=1, 1=x "},
		{CSV{Comma: ','}, []string{"a", "b", "c"}, "1,2\n", "error"},
		{CSV{Comma: ','}, []string{"a", "b", "c"}, "1,2,3,\n", "error"},
		{JSON{}, nil, `{"c": 1, "a": [2, 3], "d": 4}`, "0=1 1=[2, 3] "},
		{JSON{}, nil, `{"a": "x"}`, `1="x" `},
		{JSON{}, nil, `{"\u0061": null}`, "1=null "},
		{JSON{}, nil, `{"a": 1, "a": 2}`, "error"},
		{JSON{}, nil, `{"a": 1, "\u0061": 2}`, "error"},
		{JSON{}, nil, `{"a": ` + strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1) + `}`, "error"},
	} {
		r, err := c.s.Reader(c.names, []string{"c", "a"})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := cells(r, c.row)
			if c.want == "error" && !errors.Is(err, loader.ErrCorrupt) || c.want != "error" && (err != nil || got != c.want) {
				t.Errorf("%q is %s, %v; want %s", c.row, got, err, c.want)
			}
		}
	}
	if _, err := (CSV{Comma: ','}).Reader([]string{"a"}, []string{"b"}); !errors.Is(err, loader.ErrSpec) {
		t.Errorf("a column that is not there gives %v", err)
	}
	stop := errors.New("stop")
	for s, row := range map[Syntax]string{JSON{}: `{"a": 1, "b": 2}`} {
		r, _ := s.Reader(nil, []string{"a", "b"})
		if err := r.Read([]byte(row), func(int, []byte) error { return stop }); err != stop {
			t.Errorf("an error of set becomes %v", err)
		}
	}
}

func TestHead(t *testing.T) {
	for _, c := range []struct {
		s     Syntax
		text  string
		names []string
		n     int
	}{
		{CSV{Comma: ','}, "\ufeff\n\"a\nb\",c\n1,2\n", []string{"a\nb", "c"}, 12},
		{CSV{Comma: ',', Columns: []string{"x"}}, "1\n", []string{"x"}, 0},
		{JSON{}, "\ufeff{}", nil, 3},
	} {
		if names, n, err := c.s.Head([]byte(c.text)); err != nil || n != c.n || !slices.Equal(names, c.names) {
			t.Errorf("%q begins with %q, %d, %v", c.text, names, n, err)
		}
	}
	for text, s := range map[string]Syntax{"": CSV{Comma: ','}, "\xff\xfea\x00": JSON{}, "\"a\n": CSV{Comma: ','}} {
		if _, _, err := s.Head([]byte(text)); !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, names := range [][]string{{"a", "a"}, {"a", "b", "c"}, {"\xff"}} {
		if err := CheckNames(names, 2); !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("columns %q: %v", names, err)
		}
	}
}

func TestAllocations(t *testing.T) {
	csv, _ := CSV{Comma: ','}.Reader([]string{"a", "b"}, []string{"a", "b"})
	json, _ := JSON{}.Reader(nil, []string{"a", "b"})
	for row, r := range map[string]Reader{"1,\"x\"\"y\"\n": csv, `{"b": 1, "a": "xyz"}`: json} {
		n := 0
		set := func(int, []byte) error { n++; return nil }
		if a := testing.AllocsPerRun(10, func() { r.Read([]byte(row), set) }); a > 1 { // the row itself
			t.Errorf("%v allocations for %q", a, row)
		}
		if n != 22 {
			t.Errorf("%d cells", n)
		}
	}
}
