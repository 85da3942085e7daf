package text

// Tokenizer turns text into numbers. It must be safe for concurrent use, and a
// function of its configuration and the text alone.
type Tokenizer interface {
	// Append appends the tokens of text to dst and returns it.
	Append(dst []int32, text []byte) []int32
	// Size returns the number of tokens: they go from 0 to Size()-1.
	Size() int
}

// Bytes is the tokenizer whose tokens are bytes: it needs no vocabulary, knows
// no unknown words and loses nothing. The zero Bytes leaves room for padding (0),
// begin (1) and end (2), as ByT5 does with three numbers of its own (Xue et al.,
// "ByT5: towards a token-free future with pre-trained byte-to-byte models",
// TACL 2022).
type Bytes struct {
	// Specials is the number of tokens before that of byte 0; 0 means 3, and
	// -1 none.
	Specials int
}

func (t Bytes) specials() int32 {
	switch {
	case t.Specials == 0:
		return 3
	case t.Specials < 0:
		return 0
	}
	return int32(min(t.Specials, 1<<30))
}

// Append implements Tokenizer.
func (t Bytes) Append(dst []int32, text []byte) []int32 {
	first := t.specials()
	for _, c := range text {
		dst = append(dst, first+int32(c))
	}
	return dst
}

// Size implements Tokenizer.
func (t Bytes) Size() int { return int(t.specials()) + 256 }

// Decode appends the text of tokens to dst and returns it. Tokens that are no
// bytes are left out.
func (t Bytes) Decode(dst []byte, tokens []int32) []byte {
	first := t.specials()
	for _, n := range tokens {
		if c := n - first; c >= 0 && c < 256 {
			dst = append(dst, byte(c))
		}
	}
	return dst
}

// maxWord is the bytes of the longest word that has a token: what is longer is
// no word of any language, and should not fill a vocabulary.
const maxWord = 128

// Words is the tokenizer whose tokens are words, and characters that are part
// of no word; space is lost. It must have a Vocabulary.
type Words struct {
	Vocabulary *Vocabulary
	// Cased keeps capitals apart. Without it text is looked up in lower case,
	// which is how the zero VocabularyOptions count it.
	Cased bool
}

// Append implements Tokenizer. What the vocabulary does not hold becomes the
// token of Unknown or, if it has none, is left out.
func (t Words) Append(dst []int32, text []byte) []int32 {
	var small [maxWord]byte
	unknown := t.Vocabulary.unknown
	for at := 0; at < len(text); {
		tok, _ := next(text, at)
		at = tok.end
		if tok.start == tok.end {
			break
		}
		word := text[tok.start:tok.end]
		if len(word) > maxWord {
			word = nil
		} else if !t.Cased {
			word = appendLower(small[:0], word)
		}
		if n, ok := t.Vocabulary.number[string(word)]; ok {
			dst = append(dst, n)
		} else if unknown >= 0 {
			dst = append(dst, unknown)
		}
	}
	return dst
}

// Size implements Tokenizer.
func (t Words) Size() int { return t.Vocabulary.Len() }

// Decode appends the words of tokens to dst, with a space between each two,
// and returns it. Numbers that are no tokens are left out.
func (t Words) Decode(dst []byte, tokens []int32) []byte {
	start := len(dst)
	for _, n := range tokens {
		if n < 0 || int(n) >= t.Vocabulary.Len() {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		dst = append(dst, t.Vocabulary.tokens[n]...)
	}
	return dst
}
