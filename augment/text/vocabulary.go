package text

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stokerdata/stoker/loader"
)

// The tokens that BuildVocabulary puts first, so that padding is 0. No text
// holds them as one word.
const (
	Padding = "<padding>" // 0
	Unknown = "<unknown>" // 1
	Begin   = "<begin>"   // 2
	End     = "<end>"     // 3
)

// Vocabulary numbers tokens. It never changes, and is stored as plain text, one
// token on each line, the first being number 0.
type Vocabulary struct {
	tokens  []string
	number  map[string]int32
	unknown int32 // -1 if there is no such token
}

// maxTokens bounds vocabularies that are read: four times what the largest
// published ones hold.
const maxTokens = 1 << 22

// NewVocabulary returns the vocabulary of the given tokens, in this order. A
// token must not be empty, be listed twice or hold a line break.
func NewVocabulary(tokens []string) (*Vocabulary, error) {
	if len(tokens) > maxTokens {
		return nil, fmt.Errorf("text: vocabulary of more than %d tokens: %w", maxTokens, loader.ErrCorrupt)
	}
	v := &Vocabulary{tokens: slices.Clone(tokens), number: make(map[string]int32, len(tokens)), unknown: -1}
	for i, t := range tokens {
		if t == "" || strings.ContainsAny(t, "\r\n") {
			return nil, fmt.Errorf("text: vocabulary line %d: %q is no token: %w", i+1, t, loader.ErrCorrupt)
		}
		if first, ok := v.number[t]; ok {
			return nil, fmt.Errorf("text: vocabulary line %d: %q stands in line %d already: %w", i+1, t, first+1, loader.ErrCorrupt)
		}
		v.number[t] = int32(i)
	}
	if n, ok := v.number[Unknown]; ok {
		v.unknown = n
	}
	return v, nil
}

// ReadVocabulary reads what WriteTo wrote.
func ReadVocabulary(r io.Reader) (*Vocabulary, error) {
	var tokens []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if tokens = append(tokens, lines.Text()); len(tokens) > maxTokens {
			break
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("text: vocabulary line %d: %w", len(tokens)+1, err)
	}
	return NewVocabulary(tokens)
}

// WriteTo writes v to w, one token on each line.
func (v *Vocabulary) WriteTo(w io.Writer) (int64, error) {
	var n int64
	b := bufio.NewWriter(w)
	for _, t := range v.tokens {
		m, _ := b.WriteString(t)
		b.WriteByte('\n')
		n += int64(m) + 1
	}
	if err := b.Flush(); err != nil {
		return n, fmt.Errorf("text: vocabulary: %w", err)
	}
	return n, nil
}

// Len returns the number of tokens.
func (v *Vocabulary) Len() int { return len(v.tokens) }

// Token returns the token with number i.
func (v *Vocabulary) Token(i int) string { return v.tokens[i] }

// Number returns the number of a token, or -1 if v does not hold it.
func (v *Vocabulary) Number(token string) int32 {
	if n, ok := v.number[token]; ok {
		return n
	}
	return -1
}

// VocabularyOptions says which words BuildVocabulary takes.
type VocabularyOptions struct {
	// Size is the most tokens, the four special ones among them; 0 means 30,000.
	Size int
	// MinCount is how often a word must occur; 0 means 1.
	MinCount int64
	// Cased keeps capitals apart, as for Words.
	Cased bool
	// Distinct bounds the different words that are counted, and with them the
	// memory; 0 means 10 million. It is an error if there are more.
	Distinct int
}

// BuildVocabulary counts the words and other characters of all texts and
// returns the special tokens and behind them the most frequent words; those
// that are equally frequent are in the order of their bytes. Words of more than
// 128 bytes and bytes that are no UTF-8 are not counted. The result depends on
// the counts alone, so that the order of the texts does not matter.
func BuildVocabulary(texts iter.Seq2[[]byte, error], o VocabularyOptions) (*Vocabulary, error) {
	size, distinct := cmp.Or(o.Size, 30000), cmp.Or(o.Distinct, 10_000_000)
	counts := map[string]*int64{}
	for t, err := range texts {
		if err != nil {
			return nil, fmt.Errorf("text: vocabulary: %w", err)
		}
		count(counts, t, o.Cased)
		if len(counts) > distinct {
			return nil, fmt.Errorf("text: vocabulary: more than %d different words", distinct)
		}
	}
	type entry struct {
		word string
		n    int64
	}
	var words []entry
	for word, n := range counts {
		if *n >= o.MinCount {
			words = append(words, entry{word, *n})
		}
	}
	slices.SortFunc(words, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.word, b.word))
	})
	tokens := []string{Padding, Unknown, Begin, End}
	for _, e := range words[:min(len(words), max(0, size-len(tokens)))] {
		tokens = append(tokens, e.word)
	}
	return NewVocabulary(tokens)
}

// count adds the words of text to counts.
func count(counts map[string]*int64, text []byte, cased bool) {
	var small [maxWord]byte
	for at := 0; at < len(text); {
		tok, _ := next(text, at)
		at = tok.end
		word := text[tok.start:tok.end]
		if len(word) == 0 || len(word) > maxWord || !utf8.Valid(word) {
			continue
		}
		if !cased {
			word = appendLower(small[:0], word)
		}
		if n, ok := counts[string(word)]; ok {
			*n++
		} else if len(word) <= maxWord {
			one := int64(1)
			counts[string(word)] = &one
		}
	}
}

// Values returns the rows of the named field of all batches, for
// BuildVocabulary. A row is valid until the next one is asked for.
func Values(batches iter.Seq2[*loader.Batch, error], field string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for b, err := range batches {
			if err == nil && b.Spec().Index(field) < 0 {
				err = fmt.Errorf("no field %q among %v: %w", field, b.Spec(), loader.ErrSpec)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range b.Len() {
				if !yield(b.Row(field, i).Data, nil) {
					return
				}
			}
		}
	}
}
