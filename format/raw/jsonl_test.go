package raw

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzMembers walks over objects and lists and compares what it finds with what
// encoding/json does.
func FuzzMembers(f *testing.F) {
	f.Add([]byte(`{"a": 1, "b\"}": [true, null, {"c": "]"}], "": "\\", "d":[],"e":{}}`))
	f.Add([]byte(" {\t\"x\" :\r\n-1.5e+7 } "))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		text := trim(data)
		if len(text) == 0 || checkJSON(text) != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		got := map[string]json.RawMessage{}
		for key, value := range members(text) {
			var name string
			if err := json.Unmarshal(key, &name); err != nil {
				t.Fatalf("key %q: %v", key, err)
			}
			got[name] = bytes.Clone(value)
		}
		if len(got) != len(want) {
			t.Errorf("%d members, want %d", len(got), len(want))
		}
		for name, value := range want {
			if !bytes.Equal(got[name], value) {
				t.Errorf("member %q is %q, want %q", name, got[name], value)
			}
			if value[0] == '[' {
				compareElements(t, value)
			}
		}
	})
}

func compareElements(t *testing.T, list []byte) {
	var want []json.RawMessage
	if err := json.Unmarshal(list, &want); err != nil {
		t.Fatal(err)
	}
	i := 0
	for e := range elements(list) {
		if i >= len(want) || !bytes.Equal(e, want[i]) {
			t.Fatalf("element %d of %q is %q", i, list, e)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d elements of %q, want %d", i, list, len(want))
	}
}
