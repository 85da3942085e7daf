package loader

// Bins is what a Placer puts rows into. Bins are numbered from 0 as the placer
// likes; a bin that was closed is empty again.
type Bins struct {
	put   int       // where the row at hand goes, -1 for nowhere
	first []closing // to be closed before the row at hand is put
	then  []closing
}

// closing is a bin that is complete and gives some rows.
type closing struct{ bin, rows int }

func (b *Bins) reset() { b.put, b.first, b.then = -1, b.first[:0], b.then[:0] }

// Put puts the row at hand into the given bin, behind the rows it holds. A row
// that is put nowhere is dropped.
func (b *Bins) Put(bin int) { b.put = bin }

// Close completes a bin, with the row at hand if it was put there. The bin
// gives the stated number of rows: with a Form function any number, else at
// most as many as it holds.
func (b *Bins) Close(bin, rows int) { b.then = append(b.then, closing{bin, rows}) }

// CloseFirst is Close before the row at hand is put.
func (b *Bins) CloseFirst(bin, rows int) { b.first = append(b.first, closing{bin, rows}) }
