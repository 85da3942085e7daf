package main

import (
	"context"
	"errors"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/benchmarks/internal/stored"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// badFormats are all formats, and some that take damage as none may. Their files are
// zeros.
func badFormats() []stored.Format {
	of := func(name string, open func(damaged bool) (int, error)) stored.Format {
		return stored.Format{Name: name, File: "a.zeros", Sums: true, Whole: true,
			Write: func(_ context.Context, path string, _ stored.Rows) error {
				return os.WriteFile(path, make([]byte, 9), 0o666)
			},
			Open: func(path string, _ stored.Rows) (loader.Source, error) {
				data, err := os.ReadFile(path)
				if err != nil {
					return nil, err
				}
				value, err := open(string(data) != string(make([]byte, 9)))
				if err != nil {
					return nil, err
				}
				return mem.Columns(loader.Spec{{Name: "x", DType: dtype.Int32}}, mem.Of([]int32{int32(value)}))
			}}
	}
	return append(stored.All(),
		of("panics", func(damaged bool) (int, error) {
			if damaged {
				panic("as it should not")
			}
			return 0, nil
		}),
		of("greedy", func(damaged bool) (int, error) {
			if damaged {
				runtime.KeepAlive(make([]byte, 4<<30))
			}
			return 0, nil
		}),
		of("blind", func(bool) (int, error) { return 0, nil }),
		of("wrong", func(damaged bool) (int, error) {
			if damaged {
				return 1, nil
			}
			return 0, nil
		}),
		of("vague", func(damaged bool) (int, error) {
			if damaged {
				return 0, errors.New("a.zeros: something")
			}
			return 0, nil
		}),
		of("nameless", func(damaged bool) (int, error) {
			if damaged {
				return 0, loader.ErrCorrupt
			}
			return 0, nil
		}),
	)
}

// TestDamage has children read files of all formats, and of those that are bad.
func TestDamage(t *testing.T) {
	var out strings.Builder
	if err := runDamage(t.Context(), []string{"-mutants", "20", "-cuts", "10", "-run", "^(parquet|feather|npz|csv)"}, &out); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	formats := map[string]stored.Format{}
	for _, f := range badFormats() {
		formats[f.Name] = f
	}
	for name, want := range map[string]map[outcome]int{
		"panics":   {died: 6},
		"greedy":   {died: 6},
		"blind":    {same: 3, broken: 3},
		"wrong":    {broken: 6},
		"vague":    {broken: 6},
		"nameless": {broken: 6},
	} {
		if name == "greedy" && runtime.GOOS != "linux" {
			continue // there is no limit
		}
		got, err := damage(t.Context(), formats[name], t.TempDir(), damageCases{Format: name, Mutants: 3, Cuts: 3, Space: 1 << 30})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, o := range []outcome{refused, same, changed, broken, died} {
			if got.count[o] != want[o] {
				t.Errorf("%s: %d are %s, want %d\n%s", name, got.count[o], o, want[o], strings.Join(got.list, ""))
			}
		}
	}
	if err := runDamage(t.Context(), []string{"-run", "("}, &out); err == nil {
		t.Error("no expression was taken for one")
	}
}

// TestDamaged checks that a case is the same again, is damaged, and leaves the file
// as it was.
func TestDamaged(t *testing.T) {
	c := damageCases{Mutants: 50, Cuts: 5}
	whole := []byte("0123456789")
	for k := range c.Mutants {
		bad := c.damaged(whole, k)
		flipped := 0
		for i := range bad {
			flipped += bits.OnesCount8(bad[i] ^ whole[i])
		}
		if len(bad) != 10 || flipped > 3 || string(bad) != string(c.damaged(whole, k)) {
			t.Errorf("case %d is %q", k, bad)
		}
	}
	if a, b := c.damaged(whole, 50), c.damaged(whole, 54); string(a) != "" || string(b) != "01234567" || string(whole) != "0123456789" {
		t.Errorf("%q, %q", a, b)
	}
}

// TestStoredDiffers sees that a digest tells of another value.
func TestStoredDiffers(t *testing.T) {
	f, err := formatCalled("csv")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), f.File)
	var sums [2]uint64
	for i, text := range []string{"a,b\n1,2\n", "a,b\n1,3\n"} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if sums[i], err = readStored(f, path); err != nil {
			t.Fatal(err)
		}
	}
	if sums[0] == sums[1] {
		t.Error("other values have the same digest")
	}
}
