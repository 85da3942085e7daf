package text

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/stokerdata/stoker/loader"
)

// Thesaurus holds sets of words that can stand for one another. It never changes.
type Thesaurus struct {
	sets  [][]string
	index map[string][]entry // by the word in lower case
}

// entry says where a word stands: in which set, and at which place of it.
type entry struct{ set, place int32 }

// maxSets bounds thesauri that are read: ten times the sets of WordNet.
const maxSets = 1 << 20

//go:embed english.txt
var englishText string

var english = sync.OnceValue(func() *Thesaurus {
	t, err := ReadThesaurus(strings.NewReader(englishText))
	if err != nil {
		panic(err) // a test reads it
	}
	return t
})

// English returns a thesaurus of a few hundred sets of everyday English words.
// It was written for this package, as a start that needs no download: it holds
// base forms alone, leaves out words of several common senses, and does not
// compare with a dictionary such as WordNet, which ReadThesaurus reads once it
// is written as one set per line.
func English() *Thesaurus { return english() }

// ReadThesaurus reads one set per line, its words separated by commas. Empty
// lines and those that begin with # are left out. A word may consist of
// several, as "a lot"; it is then offered, but not looked for in texts.
func ReadThesaurus(r io.Reader) (*Thesaurus, error) {
	t := &Thesaurus{index: map[string][]entry{}}
	lines := bufio.NewScanner(r)
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if len(t.sets) == maxSets {
			return nil, fmt.Errorf("text: thesaurus line %d: more than %d sets: %w", n, maxSets, loader.ErrCorrupt)
		}
		if err := t.add(line); err != nil {
			return nil, fmt.Errorf("text: thesaurus line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("text: thesaurus line %d: %w", n+1, err)
	}
	return t, nil
}

// add adds the set of one line.
func (t *Thesaurus) add(line string) error {
	if !utf8.ValidString(line) {
		return fmt.Errorf("not UTF-8: %w", loader.ErrCorrupt)
	}
	var set []string
	seen := map[string]bool{}
	for word := range strings.SplitSeq(line, ",") {
		word = strings.Join(strings.Fields(word), " ")
		low := strings.ToLower(word)
		if word == "" || seen[low] {
			return fmt.Errorf("word %d is empty or stands twice: %w", len(set)+1, loader.ErrCorrupt)
		}
		seen[low] = true
		t.index[low] = append(t.index[low], entry{int32(len(t.sets)), int32(len(set))})
		set = append(set, word)
	}
	if len(set) < 2 {
		return fmt.Errorf("a set of one word: %w", loader.ErrCorrupt)
	}
	t.sets = append(t.sets, set)
	return nil
}

// Synonyms returns the words of all sets that hold word, without it, set by
// set in the order of the file.
func (t *Thesaurus) Synonyms(word string) []string {
	var words []string
	places := t.index[strings.ToLower(word)]
	for k := range t.choices(places) {
		words = append(words, t.synonym(places, k))
	}
	return words
}

// choices returns how many words synonym can give.
func (t *Thesaurus) choices(places []entry) int {
	n := 0
	for _, p := range places {
		n += len(t.sets[p.set]) - 1
	}
	return n
}

// synonym returns number k of the words that stand beside those at places.
func (t *Thesaurus) synonym(places []entry, k int) string {
	for _, p := range places {
		set := t.sets[p.set]
		if k >= len(set)-1 {
			k -= len(set) - 1
			continue
		}
		if k >= int(p.place) {
			k++
		}
		return set[k]
	}
	return ""
}
