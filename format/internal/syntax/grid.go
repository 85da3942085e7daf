package syntax

import (
	"math/bits"

	"github.com/stokerdata/stoker/internal/decimal"
	"github.com/stokerdata/stoker/internal/split"
)

// Grid is a number of rows that were taken apart at once.
type Grid struct {
	Rows  int
	Bytes int // of the text, which the rows take

	text         []byte
	columns      int     // of the file
	from         []int   // them, of each that is wanted
	ends, breaks []int32 // as split.Ends leaves them, behind a -1
	quotes       []uint64
	trim         int // bytes between the last cell of a row and its '\n'
}

// Column says where the cells of a wanted column lie. One that begins with a quote is
// what GridReader.Unquote takes.
func (g *Grid) Column(c int) decimal.Column {
	d := decimal.Column{Text: g.text, Ends: g.ends[g.from[c]:], Stride: g.columns}
	if g.from[c] == g.columns-1 {
		d.Trim = g.trim
	}
	return d
}

// Start returns where a row begins in the text.
func (g *Grid) Start(row int) int { return int(g.ends[row*g.columns]) + 1 }

// GridReader is a Reader that can take many rows apart at once.
type GridReader interface {
	Reader
	// Grid sets g to the rows that text begins with, up to one that does not end in it
	// or is for Read: one that is damaged, empty, or ends otherwise than the first.
	Grid(g *Grid, text []byte)
	// Unquote returns what a cell in quotes holds, which is lent until the next call.
	Unquote(cell []byte) []byte
}

// Grid implements GridReader.
func (r *csvReader) Grid(g *Grid, text []byte) {
	g.makeRoom(len(text))
	g.text, g.columns, g.from = text, len(r.to), r.from
	_, lines := split.Ends(g.ends[1:], g.breaks, g.quotes, text, r.comma)
	g.Rows = g.even(g.breaks[:lines])
	g.Rows = g.sound()
	g.Bytes = g.Start(g.Rows)
}

// makeRoom makes room for what n bytes hold.
func (g *Grid) makeRoom(n int) {
	if room := n + split.Slack; len(g.breaks) < room {
		g.ends, g.breaks = make([]int32, 1+room), make([]int32, room)
		g.quotes = make([]uint64, room/split.Block+1)
		g.ends[0] = -1
	}
}

// even returns how many rows have a cell for each column, and end as the first one does.
func (g *Grid) even(breaks []int32) (rows int) {
	for i, cells := range breaks {
		if int(cells) != (i+1)*g.columns {
			break
		}
		row := g.text[g.Start(i) : g.ends[cells]+1]
		line := bare(row)
		trim := len(row) - 1 - len(line)
		if i == 0 {
			g.trim = trim
		}
		if trim != g.trim || len(line) == 0 {
			break
		}
		rows++
	}
	return rows
}

// sound returns how many rows have quotes only around cells, and twice in them.
func (g *Grid) sound() int {
	const none = -1
	cell, open, closes := 0, false, none // the cell that is looked at, whether a quote began it, and the place of one that may end it
	end := g.Start(g.Rows)
	for k := 0; k*split.Block < end; k++ {
		for m := g.quotes[k]; m != 0; m &= m - 1 {
			at := k*split.Block + bits.TrailingZeros64(m)
			if at >= end {
				break
			}
			if at > int(g.ends[cell+1]) { // the next cell with quotes
				if open && !g.closed(cell, closes) {
					return cell / g.columns
				}
				for at > int(g.ends[cell+1]) {
					cell++
				}
				open, closes = false, none
			}
			switch {
			case !open && at == int(g.ends[cell])+1:
				open = true
			case !open:
				return cell / g.columns
			case closes == none:
				closes = at
			case closes == at-1:
				closes = none // two quotes, which are one
			default:
				return cell / g.columns
			}
		}
	}
	if open && !g.closed(cell, closes) {
		return cell / g.columns
	}
	return g.Rows
}

// closed reports whether a cell ends with the quote at a place.
func (g *Grid) closed(cell, at int) bool {
	end := int(g.ends[cell+1])
	if (cell+1)%g.columns == 0 {
		end -= g.trim
	}
	return at == end-1
}

// Unquote implements GridReader.
func (r *csvReader) Unquote(cell []byte) []byte {
	r.text = r.text[:0]
	cell, _, _ = r.cell(cell, 0, len(cell))
	return cell
}
