package loader

import "time"

// chunker sizes the tasks: long enough that a hand-over does not matter, short
// enough that the end of a batch is shared.
type chunker struct {
	rows     int
	nsPerRow float64
}

// chunkTime is some thousand times the cost of a hand-over.
const chunkTime = 100 * time.Microsecond

// size returns the rows of the next task of those that are left: an even part,
// so that no small rest costs as much as a whole task.
func (c *chunker) size(left int) int {
	rows := max(1, c.rows)
	parts := max(1, (left+rows/2)/rows)
	return (left + parts - 1) / parts
}

func (c *chunker) learn(took time.Duration, rows int) {
	ns := float64(took) / float64(max(1, rows))
	if c.nsPerRow == 0 {
		c.nsPerRow = ns
	}
	c.nsPerRow += (ns - c.nsPerRow) / 8
	c.rows = int(min(float64(chunkTime)/max(c.nsPerRow, 1), 1<<16))
}
