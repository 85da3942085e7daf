package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/stored"
	"github.com/stokerdata/stoker/loader"
)

// damagedCommand is the command that reads damaged files in a process of its own. It
// is for damage to call.
const damagedCommand = "damaged"

// damageFormats are those whose files are damaged.
var damageFormats = stored.All

// damageRows is a data set of some kilobytes.
var damageRows = stored.Rows{N: 60, Floats: 8, Group: 40}

// A file that takes longer than this is one that hangs.
const damagePatience = 20 * time.Second

// damageCases is what a child reads: mutants, of which one to three bits are
// flipped, and then files that are cut short.
type damageCases struct {
	Format  string `json:"format"`
	Path    string `json:"path"` // of the file as it was written
	From    int    `json:"from"` // the first case
	Mutants int    `json:"mutants"`
	Cuts    int    `json:"cuts"`
	Space   int64  `json:"space"` // bytes of address space that a process may take beyond those it begins with
}

// outcome is what became of a case.
type outcome string

const (
	refused outcome = "refused" // by an error that names the file and says that it is damaged
	same    outcome = "same"    // values as before
	changed outcome = "changed" // other values, of a format without checksums
	broken  outcome = "broken"  // an error of another kind, or values where an error must be
	died    outcome = "died"    // the process did, by a panic or for want of memory, or it hung
)

// verdict is a line of a child.
type verdict struct {
	Case    int     `json:"case"`
	Outcome outcome `json:"outcome"` // empty before the case is read
	Why     string  `json:"why,omitempty"`
}

// runDamage reads damaged files of all formats.
func runDamage(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("damage", flag.ContinueOnError)
	run := f.String("run", "", "regular `expression` for the names of formats (default: all)")
	mutants := f.Int("mutants", 3000, "files of each format of which one to three bits are flipped")
	cuts := f.Int("cuts", 500, "files of each format that are cut short, every length of a small one")
	space := f.Int64("space", 1<<30, "`bytes` of address space that reading may take (on Linux)")
	if err := f.Parse(args); err != nil {
		return err
	}
	only, err := regexp.Compile(*run)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "stoker-damage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "format\tbytes\tfiles\trefused\tsame\tchanged\tbroken\tdied")
	bad := 0
	var list []string
	for _, format := range damageFormats() {
		if !only.MatchString(format.Name) {
			continue
		}
		t, err := damage(ctx, format, dir, damageCases{Format: format.Name, Mutants: *mutants, Cuts: *cuts, Space: *space})
		if err != nil {
			return fmt.Errorf("%s: %w", format.Name, err)
		}
		bad += t.count[broken] + t.count[died]
		list = append(list, t.list...)
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", format.Name, t.size, *mutants+*cuts, t.count[refused], t.count[same], t.count[changed], t.count[broken], t.count[died])
	}
	w.Flush()
	fmt.Fprint(out, strings.Join(list, ""))
	if bad > 0 {
		return fmt.Errorf("%d damaged files were not taken as they should be", bad)
	}
	return nil
}

// tally is what became of all cases of a format.
type tally struct {
	size  int64
	count map[outcome]int
	list  []string // of what should not be
}

func (t *tally) add(format string, v verdict) {
	if t.count[v.Outcome]++; v.Outcome == broken || v.Outcome == died {
		t.list = append(t.list, fmt.Sprintf("%s, case %d: %s: %s\n", format, v.Case, v.Outcome, v.Why))
	}
}

// damage has children read all cases of a format: the next one goes on behind the
// case with which one dies.
func damage(ctx context.Context, f stored.Format, dir string, c damageCases) (t tally, err error) {
	t.count = map[outcome]int{}
	c.Path = filepath.Join(dir, "whole-"+f.File)
	if err := f.Write(ctx, c.Path, damageRows); err != nil {
		return t, err
	}
	info, err := os.Stat(c.Path)
	if err != nil {
		return t, err
	}
	for t.size = info.Size(); c.From < c.Mutants+c.Cuts; {
		last := verdict{Case: c.From - 1, Outcome: same}
		why, err := linesOf(ctx, damagePatience, damagedCommand, c, func(v verdict) {
			if last = v; v.Outcome != "" {
				t.add(f.Name, v)
			}
		})
		switch {
		case err != nil || ctx.Err() != nil:
			return t, errors.Join(err, ctx.Err())
		case last.Outcome == "":
			t.add(f.Name, verdict{last.Case, died, why})
		case why != "":
			return t, errors.New(why)
		}
		c.From = last.Case + 1
	}
	return t, nil
}

// runDamaged is such a child.
func runDamaged(args []string, out io.Writer) error {
	var c damageCases
	if err := json.Unmarshal([]byte(strings.Join(args, " ")), &c); err != nil {
		return err
	}
	f, err := formatCalled(c.Format)
	if err != nil {
		return err
	}
	whole, err := os.ReadFile(c.Path)
	if err != nil {
		return err
	}
	want, err := readStored(f, c.Path)
	if err != nil {
		return err
	}
	if err := limitSpace(c.Space); err != nil {
		return err
	}
	say := json.NewEncoder(out)
	for k := c.From; k < c.Mutants+c.Cuts; k++ {
		path := filepath.Join(filepath.Dir(c.Path), f.File)
		if err := os.WriteFile(path, c.damaged(whole, k), 0o666); err != nil {
			return err
		}
		if err := say.Encode(verdict{Case: k}); err != nil {
			return err
		}
		got, err := readStored(f, path)
		v := verdict{Case: k}
		v.Outcome, v.Why = judge(f, k >= c.Mutants, got == want, err)
		if err := say.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

func formatCalled(name string) (stored.Format, error) {
	for _, f := range damageFormats() {
		if f.Name == name {
			return f, nil
		}
	}
	return stored.Format{}, fmt.Errorf("no format %q", name)
}

// damaged returns the bytes of a case.
func (c damageCases) damaged(whole []byte, k int) []byte {
	if cut := k - c.Mutants; cut >= 0 {
		return whole[:len(whole)*cut/c.Cuts]
	}
	bad := append([]byte(nil), whole...)
	r := rand.New(rand.NewPCG(uint64(k), uint64(len(whole))))
	for range 1 + r.IntN(3) {
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
	}
	return bad
}

// judge says what became of a file: one that is cut short must be refused where it
// says how long it was, and values may be others where nothing sums them up.
func judge(f stored.Format, cut, equal bool, err error) (outcome, string) {
	switch {
	case err != nil && !errors.Is(err, loader.ErrCorrupt) && !errors.Is(err, loader.ErrSpec):
		return broken, "an error of another kind: " + err.Error()
	case err != nil && !strings.Contains(err.Error(), f.File):
		return broken, "an error without the name of the file: " + err.Error()
	case err != nil:
		return refused, ""
	case cut && f.Whole:
		return broken, "a part of the file was read without an error"
	case equal:
		return same, ""
	case f.Sums:
		return broken, "other values were read without an error"
	}
	return changed, ""
}

// readStored reads a file in its order and shuffled, and returns a digest of all
// values in both orders.
func readStored(f stored.Format, path string) (uint64, error) {
	h := fnv.New64a()
	for _, order := range []loader.Order{loader.Sequential{}, loader.Shuffle{}} {
		src, err := f.Open(path, damageRows)
		if err != nil {
			return 0, err
		}
		ld, err := loader.New(src, loader.Config{BatchSize: 16, Workers: 2, Order: order})
		if err != nil {
			if c, ok := src.(io.Closer); ok {
				err = errors.Join(err, c.Close())
			}
			return 0, err
		}
		if err := errors.Join(sumBatches(h, ld), ld.Close()); err != nil {
			return 0, err
		}
	}
	return h.Sum64(), nil
}

func sumBatches(h hash.Hash, ld *loader.Loader) error {
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			return err
		}
		for _, s := range b.Spec() {
			for i := range b.Len() {
				v := b.Row(s.Name, i)
				fmt.Fprintln(h, s.Name, v.DType, v.Shape)
				h.Write(v.Data)
			}
		}
	}
	return nil
}
