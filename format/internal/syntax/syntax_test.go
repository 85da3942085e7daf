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

// splitRows returns the lines of a text.
func splitRows(s Syntax, text []byte) (lines [][]byte) {
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
	r := csvReader{comma: ','}
	for _, line := range splitRows(CSV{Comma: ','}, text) {
		if IsEmpty(line) {
			continue
		}
		list, err := r.all(line)
		if err != nil {
			return nil, err
		}
		// The same, with as many cells as there must be.
		r.to = r.to[:0]
		var cells []string
		for i, cell := range list {
			r.to, cells = append(r.to, i), append(cells, string(cell))
		}
		clear(list)
		if err := r.Read(line, list); err != nil {
			return nil, fmt.Errorf("as a row of %d cells: %w", len(cells), err)
		}
		for i, cell := range list {
			if string(cell) != cells[i] {
				return nil, fmt.Errorf("cell %d is %q, and %q when there must be %d", i, cells[i], cell, len(cells))
			}
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
		for columns := range 3 {
			checkGrids(t, CSV{Comma: ','}, text, 1+columns)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"a": 1, "b": [1, -2.5e+7, "x\u00e4\n", null, true, false, {}], "a": {"c": []}}`, `{"a"}`, `{"a":}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e}`,
		`{"a":"\x"}`, "{\"a\":\"\x01\"}", `{"a":tru}`, `{"a":[1,]}`, `{"a":1,}`, `{,}`, `[]`, ``, `{"a":1} x`, ` {"\u0061" : [ 1 , 2 ] } `, `{"a":"\u00g0"}`, `{"a":"\`,
		`{"a":[`, `{"a":[1`, `{"a":{"b":1`, `{"a":{"b"`, `{"a":{"b":[]}}`, `{"a":{1:2}}`, `{"a":"\ud83d\ude00 \ud83d \ude00\u0041 \ud83d\ud83d\ude00 \/\\\b\f\r\t\""}`, `{"\ud83d":1}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Count(string(text), "[")+strings.Count(string(text), "{") > maxDepth {
			return
		}
		checkGrids(t, JSON{}, slices.Concat(text, newline, text, newline), 1)
		var want map[string]any
		wantErr := json.Unmarshal(text, &want)
		valid := wantErr == nil && want != nil // null is no object
		var list NameList
		err := JSON{}.Names(text, func(name string) error { return list.Add(name, 1<<20) })
		names := list.Names
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
		cells := make([][]byte, len(names))
		err = r.Read(text, cells)
		if err != nil {
			return // a key that is there twice
		}
		for c, cell := range cells {
			var v any
			if err := json.Unmarshal(cell, &v); err != nil {
				t.Fatalf("%q: cell %q: %v", text, cell, err)
			}
			got[names[c]] = v
			if s, ok := v.(string); ok {
				if got, err := Unquote(cell); got != s && !errors.Is(err, errUTF8) { // as encoding/json has it
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
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	})
}

// cells returns the cells of a row as a reader gives them.
func cells(r Reader, row string) (text string, err error) {
	list := make([][]byte, 2)
	err = r.Read([]byte(row), list)
	for c, cell := range list {
		if cell != nil {
			text += fmt.Sprintf("%d=%s ", c, cell)
		}
	}
	return text, err
}

func TestReaders(t *testing.T) {
	for _, c := range []struct {
		s     Syntax
		names []string
		row   string
		want  string
	}{
		{CSV{Comma: ','}, []string{"a", "b", "c"}, "1,2,3\n", "0=3 1=1 "},
		{CSV{Comma: '\t'}, []string{"c", "a"}, "1,\t\"x\"\r\n", "0=1, 1=x "},
		{CSV{Comma: ','}, []string{"a", "b", "c"}, "\"\",2,\n", "0= 1= "},
		{CSV{Comma: ','}, []string{"a", "b", "c"}, "1,2\n", "error"},
		{CSV{Comma: ','}, []string{"a", "b", "c"}, "1,2,3,\n", "error"},
		{JSON{}, nil, `{"c": 1, "a": [2, 3], "d": 4}`, "0=1 1=[2, 3] "},
		{JSON{}, nil, `{"a": "x"}`, `1="x" `},
		{JSON{}, nil, `{"\u0061": null}`, "1=null "},
		{JSON{}, nil, `{"a": 1, "a": 2}`, "error"},
		{JSON{}, nil, `{"a": 1, "\u0061": 2}`, "error"},
		{JSON{}, nil, `{"a": 1, "d": {"e": ["ü"]}}`, "1=1 "},
		{JSON{}, nil, "{\"a\": 1, \"d\": {\"e\": [\"\xff\"]}}", "error"},
		{JSON{}, nil, "{\"a\": 1, \"\xff\": 2}", "error"},
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
}

// A name with a backslash is not the key that looks like it.
func TestEscapedKeys(t *testing.T) {
	for row, want := range map[string]string{
		`{"a\\nb": 1, "a\nb": 2}`: "0=1 1=2 ",
		`{"a\nb": 2, "a\\nb": 1}`: "0=1 1=2 ",
		`{"a\nb": 2}`:             "1=2 ",
	} {
		r, err := JSON{}.Reader(nil, []string{`a\nb`, "a\nb"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := cells(r, row); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", row, got, err, want)
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
		text, cells := []byte(row), make([][]byte, 2)
		if a := testing.AllocsPerRun(10, func() { r.Read(text, cells) }); a > 0 || cells[0] == nil || cells[1] == nil {
			t.Errorf("%v allocations for %q, which has the cells %q", a, row, cells)
		}
	}
}
