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

	text   []byte
	ends   []int32 // places: of what is before a row, and of the end of each cell, or of what is before it too
	places int     // of a row
	from   []int   // among them, that of what is before each column that is wanted
	trim   int     // bytes between the last cell of a row and its '\n'

	breaks []int32 // as split.Ends leaves them
	quotes []uint64
}

// Column says where the cells of a wanted column lie. One that begins with a quote is
// what Reader.Unquote takes.
func (g *Grid) Column(c int) decimal.Column {
	d := decimal.Column{Text: g.text, Ends: g.ends[g.from[c]:], Stride: g.places}
	if g.from[c] == g.places-1 {
		d.Trim = g.trim
	}
	return d
}

// Start returns where a row begins in the text.
func (g *Grid) Start(row int) int { return int(g.ends[row*g.places]) + 1 }

// Grid implements Reader.
func (r *csvReader) Grid(g *Grid, text []byte) {
	g.makeRoom(len(text))
	g.text, g.places, g.from = text, len(r.to), r.from
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
		if int(cells) != (i+1)*g.places {
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
					return cell / g.places
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
				return cell / g.places
			case closes == none:
				closes = at
			case closes == at-1:
				closes = none // two quotes, which are one
			default:
				return cell / g.places
			}
		}
	}
	if open && !g.closed(cell, closes) {
		return cell / g.places
	}
	return g.Rows
}

// closed reports whether a cell ends with the quote at a place.
func (g *Grid) closed(cell, at int) bool {
	end := int(g.ends[cell+1])
	if (cell+1)%g.places == 0 {
		end -= g.trim
	}
	return at == end-1
}

// Unquote implements Reader.
func (r *csvReader) Unquote(cell []byte) []byte {
	r.text = r.text[:0]
	cell, _, _ = r.cell(cell, 0, len(cell))
	return cell
}
