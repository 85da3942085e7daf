package loader

import "sort"

// Sequential is the order in which the source lists its rows.
type Sequential struct{}

// Plan implements Order.
func (Sequential) Plan(p Pass) Plan { return newRows(p.Blocks) }

// rows maps sample ids to blocks and back: the sequential plan.
type rowIndex struct {
	starts []int64 // starts[i] is the id of the first row of block i; one more at the end
}

func newRows(blocks []Block) *rowIndex {
	x := &rowIndex{starts: make([]int64, len(blocks)+1)}
	for i, b := range blocks {
		x.starts[i+1] = x.starts[i] + int64(b.Rows)
	}
	return x
}

// Len implements Plan.
func (x *rowIndex) Len() int64 { return x.starts[len(x.starts)-1] }

// At implements Plan.
func (x *rowIndex) At(pos int64, refs []Ref) {
	for len(refs) > 0 {
		r, left := x.Run(pos)
		n := min(left, int64(len(refs)))
		for i := range refs[:n] {
			refs[i] = r
			r.Row++
		}
		pos, refs = pos+n, refs[n:]
	}
}

// Run tells where rows follow one another, as Plan says.
func (x *rowIndex) Run(pos int64) (first Ref, n int64) {
	r := x.ref(pos)
	return r, x.starts[r.Block+1] - pos
}

// ref returns the row with the given id.
func (x *rowIndex) ref(id int64) Ref {
	if len(x.starts) == 2 {
		return Ref{Row: int(id)}
	}
	b := sort.Search(len(x.starts)-1, func(i int) bool { return x.starts[i+1] > id })
	return Ref{Block: b, Row: int(id - x.starts[b])}
}

// id returns the sample id of a row.
func (x *rowIndex) id(r Ref) int64 { return x.starts[r.Block] + int64(r.Row) }
