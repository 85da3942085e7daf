// Package syntax takes apart files of lines, of which each is a row of cells: CSV,
// and JSON with an object on each line.
//
//	s := syntax.CSV{Comma: ','}
//	names, n, err := s.Head(text)
//	...
//	r, err := s.Reader(names, []string{"age", "income"})
//	...
//	for text = text[n:]; len(text) > 0; text = text[n:] {
//		n = s.Split(text) // 0 behind the end of the last line
//		err := r.Read(text[:n], func(column int, cell []byte) error { ... })
//		...
//	}
//
// What a cell means is for package cells to say. Errors wrap loader.ErrCorrupt; who
// reads a file says where in it.
//
// # Ownership
//
// A cell is lent until the function that got it returns. A Reader is for one
// goroutine at a time.
package syntax
