package text

import (
	"unicode"
	"unicode/utf8"
)

// segment is the bytes [start, end) of a text.
type segment struct{ start, end int }

// class is what a byte below 0x80 is to words.
type class uint8

const (
	mark class = iota
	letter
	space
)

// ascii spares most text the tables of package unicode.
var ascii = func() (table [utf8.RuneSelf]class) {
	for c := range table {
		switch r := rune(c); {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			table[c] = letter
		case unicode.IsSpace(r):
			table[c] = space
		}
	}
	return table
}()

// next returns the first token of s from at on: a word or one character that
// is not a space. At the end of s it is empty.
func next(s []byte, at int) (tok segment, word bool) {
	for at < len(s) && s[at] < utf8.RuneSelf && ascii[s[at]] == space {
		at++
	}
	for at < len(s) {
		r, n := decode(s, at)
		switch {
		case wordRune(r, n):
			return segment{at, wordEnd(s, at+n)}, true
		case n > 0 && unicode.IsSpace(r):
			at += n
		default:
			return segment{at, at + max(n, 1)}, false
		}
	}
	return segment{at, at}, false
}

// wordEnd returns where the word ends that goes on at at.
func wordEnd(s []byte, at int) int {
	for {
		for at < len(s) && s[at] < utf8.RuneSelf && ascii[s[at]] == letter {
			at++
		}
		r, n := decode(s, at)
		if wordRune(r, n) {
			at += n
			continue
		}
		if r != '\'' && r != '’' {
			return at
		}
		after, m := decode(s, at+n)
		if !wordRune(after, m) {
			return at
		}
		at += n + m
	}
}

// decode returns the character at s[at:] and its bytes; 0 bytes mean that
// there is none, or none that is UTF-8.
func decode(s []byte, at int) (rune, int) {
	if at >= len(s) {
		return utf8.RuneError, 0
	}
	if c := s[at]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	r, n := utf8.DecodeRune(s[at:])
	if n == 1 {
		return utf8.RuneError, 0
	}
	return r, n
}

// wordRune reports whether r, of n bytes, is part of words.
func wordRune(r rune, n int) bool {
	if r < utf8.RuneSelf {
		return ascii[r] == letter
	}
	return n > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// appendLower appends s in lower case to dst. Bytes that are no UTF-8 stay.
func appendLower(dst, s []byte) []byte {
	start := len(dst)
	dst = append(dst, s...)
	for i, c := range dst[start:] {
		if c >= utf8.RuneSelf {
			return appendLowerRunes(dst[:start+i], s[i:])
		}
		if 'A' <= c && c <= 'Z' {
			dst[start+i] = c | 0x20
		}
	}
	return dst
}

func appendLowerRunes(dst, s []byte) []byte {
	for at := 0; at < len(s); {
		r, n := decode(s, at)
		if n == 0 {
			dst = append(dst, s[at])
			at++
			continue
		}
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
		at += n
	}
	return dst
}

// appendLike appends word to dst with the capitals of model: all of them if
// model has no small letter and at least two others, the first one if model
// begins with a capital, else those that word has itself.
func appendLike(dst []byte, word string, model []byte) []byte {
	first, all, letters := false, true, 0
	for at := 0; at < len(model); {
		r, n := decode(model, at)
		if unicode.IsLetter(r) {
			first = first || letters == 0 && unicode.IsUpper(r)
			all = all && unicode.IsUpper(r)
			letters++
		}
		at += max(n, 1)
	}
	all = all && letters > 1
	for i, r := range word {
		if all || first && i == 0 {
			r = unicode.ToUpper(r)
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
