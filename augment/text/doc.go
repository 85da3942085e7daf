// Package text holds transforms for text: fields of kind Text, which are the
// bytes of UTF-8. They are row stages:
//
//	words, err := text.BuildVocabulary(text.Values(train.All(ctx), "text"), text.VocabularyOptions{Size: 30000})
//	...
//	ld, err := loader.New(src, loader.Config{
//		BatchSize: 64,
//		Transforms: []loader.Transform{
//			text.Synonyms{P: 0.1},
//			text.ShuffleWords{},
//			text.Tokenize{With: text.Words{Vocabulary: words}, Len: 128},
//		},
//	})
//
// # Words and bytes
//
// A word is a longest run of letters, digits and marks; an apostrophe or a
// right single quotation mark between two of them belongs to it. Any other
// character is punctuation or space. Bytes that are no UTF-8 are characters of
// their own, part of no word, and pass through every transform unharmed.
//
// # Several texts
//
// Fields of kind Texts hold a list of texts in each row, as columns of lists in
// Parquet files do (see format.LengthsSuffix). Choose makes one of kind Text of it;
// the other transforms take no field of several.
//
// # Spans
//
// A transform that changes a text moves the fields of kind Spans that live on
// it. A span goes where its bytes go: it grows and shrinks with what is replaced,
// inserted or deleted inside it. It is destroyed, that is dropped together with
// its rows in the fields that follow it, if a replacement covers it in part, if
// all of it is deleted, or if its bytes no longer stand side by side.
//
// Transforms own nothing between calls but free lists, and are safe for
// concurrent use, as are vocabularies and thesauri, which never change.
package text
