package text

import (
	"math/rand/v2"
	"testing"
)

func TestMoverEdits(t *testing.T) {
	keep := func(a, b int) edit { return edit{segment: segment{a, b}, keep: true} }
	replace := func(a, b int, with string) edit { return edit{segment: segment{a, b}, with: []byte(with)} }
	// "the big dog ran" becomes "the enormous hound".
	edits := []edit{keep(0, 4), replace(4, 7, "enormous"), keep(7, 8), replace(8, 11, "hound")}
	tests := []struct {
		name       string
		start, end int
		wantStart  int
		wantEnd    int
		ok         bool
	}{
		{"before", 0, 3, 0, 3, true},
		{"a word that grows", 4, 7, 4, 12, true},
		{"behind it", 8, 11, 13, 18, true},
		{"around both", 0, 11, 0, 18, true},
		{"from inside a kept part", 2, 7, 2, 12, true},
		{"across a replacement", 5, 11, 0, 0, false},
		{"inside a replacement", 4, 6, 0, 0, false},
		{"deleted", 12, 15, 0, 0, false},
		{"half deleted", 8, 15, 13, 18, true},
		{"point in kept text", 2, 2, 2, 2, true},
		{"point before a replacement", 4, 4, 4, 4, true},
		{"point inside of one", 5, 5, 0, 0, false},
		{"point in deleted text", 13, 13, 0, 0, false},
	}
	var m mover
	m.reset(edits)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b, ok := m.move(test.start, test.end)
			if ok != test.ok || ok && (a != test.wantStart || b != test.wantEnd) {
				t.Errorf("[%d, %d) went to [%d, %d), %v", test.start, test.end, a, b, ok)
			}
		})
	}
}

// Random edits in random order, against a model that marks every byte.
func TestMoverModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var m mover
	survived := 0
	for range 2000 {
		n := rng.IntN(30) + 1
		edits := randomEdits(rng, n)
		m.reset(edits)
		for a := range n {
			for b := a + 1; b <= n; b++ {
				wantStart, wantEnd, want := modelMove(edits, a, b)
				start, end, ok := m.move(a, b)
				if ok != want || ok && (start != wantStart || end != wantEnd) {
					t.Fatalf("edits %v: [%d, %d) went to [%d, %d) %v, want [%d, %d) %v", edits, a, b, start, end, ok, wantStart, wantEnd, want)
				}
				if ok {
					survived++
				}
			}
		}
	}
	if survived < 10000 {
		t.Errorf("only %d spans survived", survived)
	}
}

// randomEdits cuts a text of n bytes, leaves parts out, and mixes the others.
func randomEdits(rng *rand.Rand, n int) []edit {
	var edits []edit
	for at := 0; at < n; {
		end := min(n, at+1+rng.IntN(6))
		switch rng.IntN(8) {
		case 0:
			edits = append(edits, edit{segment: segment{at, at}, with: []byte("new")})
			continue
		case 1:
		case 2, 3:
			edits = append(edits, edit{segment: segment{at, end}, with: []byte("other")[:1+rng.IntN(5)]})
		default:
			edits = append(edits, edit{segment: segment{at, end}, keep: true})
		}
		at = end
	}
	for range rng.IntN(3) {
		if k := len(edits); k > 1 {
			i, j := rng.IntN(k), rng.IntN(k)
			edits[i], edits[j] = edits[j], edits[i]
		}
	}
	return edits
}

// modelMove is what move means, byte by byte.
func modelMove(edits []edit, a, b int) (start, end int, ok bool) {
	at, first, last, count := 0, -1, -1, 0
	for _, e := range edits {
		overlaps := e.start < b && e.end > a
		if !e.keep && overlaps && (e.start < a || e.end > b) {
			return 0, 0, false
		}
		for k := range e.size() {
			inside := overlaps
			if e.keep {
				inside = e.start+k >= a && e.start+k < b
			}
			if inside {
				if first < 0 {
					first = at
				}
				last = at
				count++
			}
			at++
		}
	}
	return first, last + 1, count > 0 && last-first+1 == count
}

func TestWords(t *testing.T) {
	tests := []struct {
		text  string
		words []string
	}{
		{"", nil},
		{"Hello, world!", []string{"Hello", "world"}},
		{"don't 'quote' rock’n’roll s'", []string{"don't", "quote", "rock’n’roll", "s"}},
		{"naïve Ünïcode é", []string{"naïve", "Ünïcode", "é"}},
		{"x1 2nd 3.14", []string{"x1", "2nd", "3", "14"}},
		{"a\xffb \xe2\x82 c", []string{"a", "b", "c"}},
		{"日本語 тест", []string{"日本語", "тест"}},
	}
	for _, test := range tests {
		var d draft
		d.scan([]byte(test.text))
		var got []string
		for _, w := range d.words {
			got = append(got, test.text[w.start:w.end])
		}
		if len(got) != len(test.words) {
			t.Errorf("%q: got %q", test.text, got)
			continue
		}
		for i := range got {
			if got[i] != test.words[i] {
				t.Errorf("%q: got %q", test.text, got)
				break
			}
		}
	}
}

func TestAppendLike(t *testing.T) {
	tests := []struct{ word, model, want string }{
		{"large", "big", "large"},
		{"large", "Big", "Large"},
		{"large", "BIG", "LARGE"},
		{"I", "A", "I"},
		{"one", "A", "One"},
		{"élan", "Verve", "Élan"},
		{"McCoy", "name", "McCoy"},
		{"large", "É", "Large"},
		{"large", "", "large"},
	}
	for _, test := range tests {
		if got := string(appendLike(nil, test.word, []byte(test.model))); got != test.want {
			t.Errorf("%q like %q: %q, want %q", test.word, test.model, got, test.want)
		}
	}
}
