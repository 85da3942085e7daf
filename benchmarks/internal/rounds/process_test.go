package rounds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stokerdata/stoker/internal/cputime"
)

// asChild makes the test binary a child that behaves as its value says.
const asChild = "STOKER_ROUNDS_CHILD"

func TestMain(m *testing.M) {
	kind := os.Getenv(asChild)
	if kind == "" {
		os.Exit(m.Run())
	}
	if err := Serve(os.Stdin, os.Stdout, func(config json.RawMessage) (*Work, error) { return behave(kind, config) }); err != nil {
		os.Exit(1)
	}
}

// behave opens the child of the given kind.
func behave(kind string, config json.RawMessage) (*Work, error) {
	var held []byte
	w := &Work{Version: "config " + string(config), Run: func(part, parts int) (int, error) {
		spend(20 * time.Millisecond)
		return 10*part + parts, nil
	}}
	w.Check = func(what json.RawMessage) error {
		var file string
		if err := json.Unmarshal(what, &file); err != nil {
			return err
		}
		return os.WriteFile(file, []byte("made"), 0o666)
	}
	switch kind {
	case "absent":
		return nil, errors.New("no such module")
	case "dies":
		w.Run = func(int, int) (int, error) {
			fmt.Fprintln(os.Stderr, "first\nout of luck")
			os.Exit(3)
			return 0, nil
		}
	case "fails":
		w.Run = func(int, int) (int, error) { return 0, errors.New("bad image") }
	case "tells":
		w.Took = func() Usage { return Usage{Wall: 3 * time.Second, CPU: 2 * time.Second} }
	case "large":
		w.Run = func(int, int) (int, error) {
			held = make([]byte, 64<<20)
			for i := range held {
				held[i] = byte(i)
			}
			time.Sleep(2 * every)
			runtime.KeepAlive(held)
			return 1, nil
		}
	}
	return w, nil
}

// spend uses CPU time.
func spend(d time.Duration) {
	for began := cputime.Now(); cputime.Now()-began < d; {
	}
}

func entryOf(kind string, check func(context.Context, func(any) error) (string, error)) Entry {
	return Process(kind, "", Command{Args: []string{os.Args[0]}, Env: []string{asChild + "=" + kind}, Config: 7}, check)
}

func TestProcess(t *testing.T) {
	file := t.TempDir() + "/made"
	e := entryOf("good", func(_ context.Context, ask func(any) error) (string, error) {
		if err := ask(file); err != nil {
			return "", err
		}
		b, err := os.ReadFile(file)
		return string(b), err
	})
	r, err := Run(t.Context(), Match{Parts: 2, Entries: []Entry{e}}, Options{Rounds: 2})
	if err != nil {
		t.Fatal(err)
	}
	row := r.Rows[0]
	if row.Skipped != "" || row.Version != "config 7" || row.Output != "made" || row.Doubt != "" {
		t.Errorf("%+v", row)
	}
	for _, u := range row.Rounds {
		times := u.Items / (2 + 12) // several, unless the machine is busy
		if u.Items%(2+12) != 0 || times < 1 || times > mostTimes || u.CPU < time.Duration(times)*40*time.Millisecond || u.CPU > 4*time.Second || u.Wall < u.CPU/4 {
			t.Errorf("a round took %+v, want 14 items and 40 ms of CPU time, perhaps several times", u)
		}
	}
}

// TestTook has contenders tell what counts of their runs.
func TestTook(t *testing.T) {
	self := Func("self", "", func() (*Work, error) { return behave("tells", nil) })
	r, err := Run(t.Context(), Match{Entries: []Entry{entryOf("tells", nil), self}}, Options{Rounds: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if len(row.Rounds) != 2 || row.Rounds[1] != (Usage{Items: 1, Wall: 3 * time.Second, CPU: 2 * time.Second}) || row.Doubt != "" {
			t.Errorf("%+v", row)
		}
	}
}

func TestProcessThatCannotRun(t *testing.T) {
	entries := []Entry{
		entryOf("absent", nil), entryOf("dies", nil), entryOf("fails", nil),
		Process("missing", "", Command{Args: []string{"/does/not/exist"}}, nil),
	}
	r, err := Run(t.Context(), Match{Entries: entries}, Options{Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"no such module", "it ended: out of luck", "bad image", "no such file"} {
		if got := r.Rows[i].Skipped; !strings.Contains(got, want) {
			t.Errorf("%s was skipped for %q, want %q", r.Rows[i].Name, got, want)
		}
	}
}

func TestPeak(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is known on Linux alone")
	}
	r, err := Run(t.Context(), Match{Entries: []Entry{entryOf("large", nil), Func("self", "", func() (*Work, error) {
		return behave("large", nil)
	})}}, Options{Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if row.RSS < 64<<20 || row.RSS > 1<<30 {
			t.Errorf("%s held %d bytes at most, of which 64 MiB were certain", row.Name, row.RSS)
		}
	}
}
