package rounds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// script is a contender whose CPU time per item of each round is given, after
// that of the round that makes it warm.
type script struct {
	name string
	ms   []int
	log  *[]string
	fail int // round in which it fails, if not 0
	rest time.Duration
	n    int
}

func (s *script) entry() Entry {
	return Entry{Name: s.name, Open: func(context.Context) (*Contender, error) {
		return &Contender{
			Run: func(_ context.Context, part, parts int) (Usage, error) {
				round := s.n / parts
				s.n++
				if s.log != nil {
					*s.log = append(*s.log, fmt.Sprintf("%s%d", s.name, part))
				}
				if s.fail > 0 && round == s.fail {
					return Usage{}, errors.New("broken")
				}
				ms := s.ms[max(0, min(round-1, len(s.ms)-1))]
				return Usage{Items: 10, CPU: time.Duration(10*ms) * time.Millisecond, Wall: time.Second}, nil
			},
			Close: func() (Usage, error) { return Usage{CPU: s.rest}, nil },
		}, nil
	}}
}

func TestMedianAndSpread(t *testing.T) {
	for _, c := range []struct {
		x              []float64
		median, spread float64
	}{
		{nil, 0, 0},
		{[]float64{4}, 4, 0},
		{[]float64{4, 2}, 3, 1. / 3},               // from 2.5 to 3.5
		{[]float64{9, 1, 2}, 2, 2},                 // from 1.5 to 5.5
		{[]float64{1, 2, 3, 10}, 2.5, 3. / 2.5},    // from 1.75 to 4.75
		{[]float64{10, 9, 1, 11, 99}, 10, 2. / 10}, // from 9 to 11
		{[]float64{0, 0, 0}, 0, 0},
	} {
		if m, s := median(c.x), spread(c.x, quartile); m != c.median || math.Abs(s-c.spread) > 1e-12 {
			t.Errorf("%v: median %v, spread %v, want %v and %v", c.x, m, s, c.median, c.spread)
		}
	}
	x := []float64{3, 1, 2}
	if median(x); !slices.Equal(x, []float64{3, 1, 2}) {
		t.Errorf("median sorted its argument")
	}
}

// TestUnsteady has ratios that agree at once, later, and never.
func TestUnsteady(t *testing.T) {
	ours := []int{100}
	for _, c := range []struct {
		name   string
		theirs []int // each round
		rounds int   // that are played
		value  float64
	}{
		{"steady", []int{200}, 5, 2},
		{"one that stands out", []int{200, 900, 210, 190, 201}, 7, 2.01},
		{"just steady", []int{200, 230, 200, 230, 200}, 5, 2},
		{"just not", []int{200, 240, 200, 240, 200, 240, 200, 240, 200, 240}, 10, 0},
		{"steady later", []int{200, 400, 300, 200, 300, 310, 305, 295}, 9, 3},
		{"never", []int{100, 200, 100, 200, 100, 200, 100, 200, 100, 200}, 10, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := play2(t, ours, c.theirs)
			if r.Rounds != c.rounds {
				t.Errorf("%d rounds were played, want %d", r.Rounds, c.rounds)
			}
			x := r.Ratios[0]
			if x.Steady != (c.value > 0) || x.Steady && math.Abs(x.Value-c.value) > 1e-9 || len(x.Rounds) != 5 {
				t.Errorf("the ratio is %v (%v, steady %v), want %v", x.Value, x.Rounds, x.Steady, c.value)
			}
			if said := strings.HasPrefix(x.String(), "unsteady"); said == x.Steady {
				t.Errorf("it is printed as %q", x)
			}
		})
	}
}

// TestFirstSteadyRoundsCount has a ratio that is steady at once, and then would change,
// while another one takes more rounds, which are played without what is settled.
func TestFirstSteadyRoundsCount(t *testing.T) {
	a := &script{name: "a", ms: []int{100}}
	b := &script{name: "b", ms: []int{200, 200, 200, 400}}
	c := &script{name: "c", ms: []int{100, 900, 100, 900, 100, 100, 100, 100}}
	r, err := Run(t.Context(), Match{
		Name:    "m",
		Entries: []Entry{a.entry(), b.entry(), c.entry()},
		Ratios:  [][2]string{{"a", "b"}, {"a", "c"}},
	}, Options{Rounds: 3, MaxRounds: 9, others: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Ratios[0]; got.Value != 2 || !got.Steady {
		t.Errorf("a_vs_b is %+v after rounds that made it 4, want 2", got)
	}
	if got := r.Ratios[1]; got.Value != 1 || !got.Steady || r.Rounds != 7 {
		t.Errorf("a_vs_c is %+v after %d rounds, want 1 after 7", got, r.Rounds)
	}
	if a.n != 1+7 || b.n != 1+3 || c.n != 1+7 {
		t.Errorf("%d, %d and %d rounds of a, b and c, want 7, 3 and 7 behind the one that warms up", a.n-1, b.n-1, c.n-1)
	}
}

// quiet is a machine on which nobody else does anything.
func quiet() time.Duration { return 0 }

func play2(t *testing.T, ours, theirs []int) *Result {
	t.Helper()
	r, err := Run(t.Context(), Match{
		Name:    "m",
		Entries: []Entry{(&script{name: "a", ms: ours}).entry(), (&script{name: "b", ms: theirs}).entry()},
		Ratios:  [][2]string{{"a", "b"}},
	}, Options{Rounds: 5, MaxRounds: 10, others: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTimes has a contender that is quick take more turns, among those of others.
func TestTimes(t *testing.T) {
	order := func(m Match, times ...int) string {
		var field []*runner
		for _, n := range times {
			field = append(field, &runner{times: n})
		}
		var s strings.Builder
		for _, x := range m.turns(field, 1) {
			fmt.Fprintf(&s, "%c%d ", 'a'+x.who, x.part)
		}
		return strings.TrimSpace(s.String())
	}
	if got, want := order(Match{Parts: 1}, 4, 1, 1), "a0 a0 b0 c0 a0 a0"; got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}
	if got, want := order(Match{Parts: 2}, 2, 1), "a0 b0 a1 a0 b1 a1"; got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}
}

// TestQuick counts how often contenders of some length do the work in a round.
func TestQuick(t *testing.T) {
	for wall, want := range map[time.Duration]int{0: mostTimes, time.Millisecond: mostTimes, 120 * time.Millisecond: 5, 300 * time.Millisecond: 2, time.Second: 1} {
		r, err := Run(t.Context(), Match{Entries: []Entry{{Name: "a", Open: func(context.Context) (*Contender, error) {
			return &Contender{Run: func(context.Context, int, int) (Usage, error) { return Usage{Items: 1, Wall: wall}, nil }}, nil
		}}}}, Options{Rounds: 1, others: quiet})
		if err != nil || r.Rows[0].Rounds[0].Items != want || r.Turns.Counted != want {
			t.Errorf("%v: %+v, want %d times", wall, r.Rows[0].Rounds, want)
		}
	}
}

// TestLeast goes on with what is steady until it has taken a while.
func TestLeast(t *testing.T) {
	m := Match{Name: "m", Ratios: [][2]string{{"a", "b"}}}
	m.Entries = []Entry{(&script{name: "a", ms: []int{1}}).entry(), (&script{name: "b", ms: []int{1}}).entry()}
	if r, err := Run(t.Context(), m, Options{Rounds: 3, Least: time.Hour, others: quiet}); err != nil || r.Rounds != 15 {
		t.Errorf("%d rounds, want as many as there may be; %v", r.Rounds, err)
	}
	if r, err := Run(t.Context(), m, Options{Rounds: 3, Least: time.Hour, Until: time.Now().Add(-time.Hour), others: quiet}); err != nil || r.Rounds != 3 {
		t.Errorf("%d rounds although the time is over, %v", r.Rounds, err)
	}
}

// TestTurns checks that contenders take turns part by part, and that each round
// begins with another one.
func TestTurns(t *testing.T) {
	var log []string
	_, err := Run(t.Context(), Match{
		Name: "m", Parts: 2,
		Entries: []Entry{(&script{name: "a", ms: []int{1}, log: &log}).entry(), (&script{name: "b", ms: []int{1}, log: &log}).entry()},
	}, Options{Rounds: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields("a0 a1 b0 b1  b0 a0 a1 b1  a0 b0 b1 a1")
	if !slices.Equal(log, want) {
		t.Errorf("the order is\n%v, want\n%v", log, want)
	}
}

// TestBy has ratios of the time on the wall, where the CPU time says otherwise.
func TestBy(t *testing.T) {
	walls := map[string]time.Duration{"a": 2 * time.Second, "b": time.Second}
	m := Match{Name: "m", By: WallTime, Ratios: [][2]string{{"a", "b"}}}
	for _, name := range []string{"a", "b"} {
		m.Entries = append(m.Entries, Entry{Name: name, Open: func(context.Context) (*Contender, error) {
			return &Contender{Run: func(context.Context, int, int) (Usage, error) {
				return Usage{Items: 4, Wall: walls[name], CPU: time.Second}, nil
			}}, nil
		}})
	}
	r, err := Run(t.Context(), m, Options{})
	if err != nil || r.Ratios[0].Value != 0.5 {
		t.Errorf("%+v, %v", r.Ratios[0], err)
	}
}

// TestBefore counts what goes before the runs, and lets it fail.
func TestBefore(t *testing.T) {
	n := 0
	m := Match{Name: "m", Parts: 2, Before: func() error { n++; return nil }}
	m.Entries = []Entry{(&script{name: "a", ms: []int{1}}).entry(), (&script{name: "b", ms: []int{1}}).entry()}
	if _, err := Run(t.Context(), m, Options{Rounds: 2}); err != nil || n != 2*2*(1+2) {
		t.Errorf("%d calls, %v", n, err)
	}
	m.Before = func() error { return errors.New("still warm") }
	r, err := Run(t.Context(), m, Options{Rounds: 2})
	if err != nil || r.Rows[0].Skipped != "still warm" {
		t.Errorf("%+v, %v", r.Rows[0], err)
	}
}

// TestUntil gives an unsteady ratio up when the time is over, and not before the
// first rounds.
func TestUntil(t *testing.T) {
	m := Match{Name: "m", Ratios: [][2]string{{"a", "b"}}}
	m.Entries = []Entry{(&script{name: "a", ms: []int{1}}).entry(), (&script{name: "b", ms: []int{1, 9, 1}}).entry()}
	r, err := Run(t.Context(), m, Options{Rounds: 3, Until: time.Now().Add(-time.Hour)})
	if err != nil || r.Rounds != 3 || r.Ratios[0].Steady {
		t.Errorf("%d rounds, %v", r.Rounds, err)
	}
	m.Entries[1] = (&script{name: "b", ms: slices.Repeat([]int{1, 9}, 9)}).entry()
	if r, err = Run(t.Context(), m, Options{Rounds: 3, Until: time.Now().Add(time.Hour)}); err != nil || r.Rounds != 15 {
		t.Errorf("%d rounds, %v", r.Rounds, err)
	}
}

func TestContendersThatDoNotTakePart(t *testing.T) {
	absent := Entry{Name: "absent", Open: func(context.Context) (*Contender, error) { return nil, errors.New("no such library") }}
	closed := false
	wrong := Entry{Name: "wrong", Open: func(context.Context) (*Contender, error) {
		return &Contender{
			Check: func(context.Context) (string, error) { return "", errors.New("all is black") },
			Run: func(context.Context, int, int) (Usage, error) {
				t.Error("a contender whose output is wrong was timed")
				return Usage{}, nil
			},
			Close: func() (Usage, error) { closed = true; return Usage{}, nil },
		}, nil
	}}
	r, err := Run(t.Context(), Match{
		Name: "m",
		Entries: []Entry{
			(&script{name: "a", ms: []int{1}}).entry(), absent, wrong,
			(&script{name: "breaks", ms: []int{1}, fail: 2}).entry(),
			(&script{name: "greedy", ms: []int{1}, rest: time.Second}).entry(),
		},
		Ratios: [][2]string{{"a", "absent"}, {"a", "wrong"}, {"a", "breaks"}, {"a", "greedy"}},
	}, Options{Rounds: 3})
	if err != nil {
		t.Fatal(err)
	}
	if !closed {
		t.Error("a contender whose output is wrong was not closed")
	}
	for i, want := range []string{"", "no such library", "all is black", "broken", ""} {
		if got := r.Rows[i].Skipped; !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s was skipped for %q, want %q", r.Rows[i].Name, got, want)
		}
	}
	if r.Rows[4].Doubt == "" {
		t.Error("a second of CPU time outside of the runs raised no doubt")
	}
	if n := len(r.Rows[0].Rounds); n != 3 || len(r.Ratios[2].Rounds) != 0 {
		t.Errorf("%d rounds, and a ratio to what broke of %v", n, r.Ratios[2].Rounds)
	}
	var out strings.Builder
	r.Print(&out)
	for _, want := range []string{"skipped absent: no such library", "skipped breaks: broken", "doubtful greedy: 1.0 s", "a_vs_absent: not measured", "a_vs_greedy: 1.00 (3 rounds, within 0 %)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	closed := false
	_, err := Run(ctx, Match{Entries: []Entry{{Name: "a", Open: func(context.Context) (*Contender, error) {
		return &Contender{
			Run:   func(context.Context, int, int) (Usage, error) { cancel(); return Usage{Items: 1}, nil },
			Close: func() (Usage, error) { closed = true; return Usage{}, nil },
		}, nil
	}}}}, Options{})
	if !errors.Is(err, context.Canceled) || !closed {
		t.Errorf("error %v, closed %v", err, closed)
	}
}

// someResult has a contender that is compared, one whose ratio is unsteady and one
// that was not timed.
func someResult(t *testing.T) *Result {
	t.Helper()
	r := newResult(Match{
		Name: "W0", About: "nothing",
		Entries: []Entry{{Name: "ours", About: "us"}, {Name: "peer", About: "them"}, {Name: "wild", About: "wild"}, {Name: "gone", About: "gone"}},
		Ratios:  [][2]string{{"ours", "peer"}, {"ours", "wild"}, {"ours", "gone"}},
	}.withDefaults())
	use := func(ms int) Usage {
		return Usage{Items: 100, CPU: time.Duration(ms) * time.Millisecond, Wall: 2 * time.Second}
	}
	r.Rows[0].Rounds = []Usage{use(100), use(100), use(110)}
	r.Rows[0].RSS, r.Rows[0].Version, r.Rows[0].Output = 1<<20, "1.0", "equal"
	r.Rows[1].Rounds = []Usage{use(200), use(200), use(220)}
	r.Rows[2].Rounds = []Usage{use(100), use(200), use(220)}
	r.Rows[3].Skipped = "it is gone"
	r.Rounds, r.Turns = 3, Turns{Counted: 9, Again: 2, Disturbed: 1}
	if r.settle(Options{Rounds: 3}.withDefaults()) {
		t.Error("a ratio that is unsteady counts as settled")
	}
	return r
}

func TestMarkdown(t *testing.T) {
	r := someResult(t)
	r.Rows[1].Doubt = "it works at night"
	got := r.Summary().Markdown()
	const want = `**W0**: nothing (3 rounds; of 9 turns 2 were measured anew and 1 count though others disturbed them)

| contender | what | CPU per item | items/s | ratio to ` + "`ours`" + ` |
|---|---|---|---|---|
| ` + "`ours`" + ` | us, 1.0 | 1 ms | 50 |  |
| ` + "`peer`" + ` | them | 2 ms | 50 | 2.00 (doubtful) |
| ` + "`wild`" + ` | wild | 2 ms | 50 | unsteady |

Doubtful: ` + "`peer`" + `, as it works at night

Not timed: ` + "`gone`" + `, as it is gone

`
	if got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

// TestJSON pins the shape of a file of results.
func TestJSON(t *testing.T) {
	summary := someResult(t).Summary()
	got, err := json.Marshal(summary)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
		"name": "W0", "about": "nothing", "by": "cpu_s_per_item", "rounds": 3, "turns": {"counted": 9, "again": 2, "disturbed": 1}, "order": ["ours", "peer", "wild", "gone"],
		"contenders": {
			"ours": {"items": 100, "wall_s": 2, "cpu_s": 0.1, "rss_bytes": 1048576, "items_per_s": 50, "cpu_s_per_item": 0.001,
				"spread": 0.05, "about": "us", "version": "1.0", "output": "equal"},
			"peer": {"items": 100, "wall_s": 2, "cpu_s": 0.2, "rss_bytes": 0, "items_per_s": 50, "cpu_s_per_item": 0.002, "spread": 0.05, "about": "them"},
			"wild": {"items": 100, "wall_s": 2, "cpu_s": 0.2, "rss_bytes": 0, "items_per_s": 50, "cpu_s_per_item": 0.002, "spread": 0.3, "about": "wild"}
		},
		"skipped": {"gone": "it is gone"},
		"ratios": {"ours_vs_peer": 2}, "spreads": {"ours_vs_peer": 0}, "unsteady": {"ours_vs_wild": 0.5},
		"each": {"ours_vs_peer": [2, 2, 2], "ours_vs_wild": [1, 2, 2]}
	}`
	if a, b := rounded(t, got), rounded(t, []byte(want)); !reflect.DeepEqual(a, b) {
		t.Errorf("got\n%v, want\n%v", a, b)
	}
	var back Summary
	if err := json.Unmarshal(got, &back); err != nil || !reflect.DeepEqual(&back, summary) {
		t.Errorf("read back: %+v, %v", back, err)
	}
}

// rounded parses JSON and rounds its numbers.
func rounded(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				v[k] = walk(v[k])
			}
		case float64:
			return math.Round(v*1e6) / 1e6
		}
		return v
	}
	return walk(v)
}

func TestPart(t *testing.T) {
	for _, n := range []int{0, 1, 7, 64} {
		at := 0
		for part := range 5 {
			lo, hi := Part(n, part, 5)
			if lo != at || hi < lo {
				t.Errorf("part %d of %d is [%d, %d), the last ended at %d", part, n, lo, hi, at)
			}
			at = hi
		}
		if at != n {
			t.Errorf("the parts of %d end at %d", n, at)
		}
	}
}
