package feather

import (
	"context"

	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/internal/prefetch"
	"github.com/stokerdata/stoker/loader"
)

// The numbers of a row lie in as many columns, each of which a shuffle finds outside
// of the caches. A block that is shuffled is therefore laid out by rows first.

const (
	// fewLanes is the number of columns from which that pays: with 4 of 4 bytes it takes
	// as long, with 8 a tenth less, and with 40 less than half.
	fewLanes = 8
	// stripLanes is how many columns are laid side by side at a time, stepRows how
	// many rows of them: both are in the first-level cache then.
	stripLanes = elem.Columns
	stepRows   = 128
	// tileRows is how many records are gathered at a time: they stay in the cache from
	// the first lane to the last, and the next ones are on their way there.
	tileRows = 64
	// mostLaid bounds the memory of records: larger blocks stay as they are.
	mostLaid = 64 << 20
)

// A lane is a column of one number a row, and its place in a record.
type lane struct{ col, at, size int }

// addLanes says where numbers lie in a record: the largest first, so that all are
// aligned.
func (l *layout) addLanes() {
	for size := 8; size > 0; size /= 2 {
		for c := range l.columns {
			if col := &l.columns[c]; col.offset == 0 && col.row() == size {
				l.lanes = append(l.lanes, lane{c, l.record, size})
				l.record += size
			}
		}
	}
	if len(l.lanes) < fewLanes {
		l.lanes, l.record = nil, 0
		return
	}
	l.record = (l.record + 7) &^ 7
	for _, x := range l.lanes {
		l.columns[x.col].isLane = true
	}
}

// recordBytes returns the bytes of all records of b, or 0 if it is not laid out.
func (l *layout) recordBytes(b *batch) int64 {
	if n := int64(b.rows) * int64(l.record); n <= mostLaid {
		return n
	}
	return 0
}

// records returns the lanes of all rows, which must be decoded, row after row.
func (r *rows) records() ([]byte, error) {
	r.laying.Lock()
	defer r.laying.Unlock()
	if r.record != nil {
		return r.record, nil
	}
	to, err := r.s.bufs.Get(context.Background(), r.b.rows*r.l.record)
	if err != nil {
		return nil, err
	}
	r.record = to
	for lo := 0; lo < r.b.rows; lo += stepRows {
		hi := min(lo+stepRows, r.b.rows)
		for rest := r.l.lanes; len(rest) > 0; {
			n := 1
			for n < min(len(rest), stripLanes) && rest[n].size == rest[0].size {
				n++
			}
			r.lay(rest[:n], lo, hi)
			rest = rest[n:]
		}
	}
	return to, nil
}

// lay lays rows lo to hi of lanes of one size.
func (r *rows) lay(lanes []lane, lo, hi int) {
	var from [stripLanes][]byte
	size, at := lanes[0].size, lanes[0].at
	for g, x := range lanes {
		from[g] = r.cols[x.col].values[lo*size : hi*size]
	}
	elem.Interleave(r.record[lo*r.l.record+at:], r.l.record/size, size, from[:len(lanes)])
}

// gatherRecords sets the lanes of picked rows.
func (r *rows) gatherRecords(p loader.Pick, b *loader.Batch) error {
	record, err := r.records()
	if err != nil {
		return err
	}
	size, asked, rows, at := r.l.record, 0, p.Rows, p.At
	for lo := 0; lo < len(rows); lo += tileRows {
		for ; asked < min(lo+2*tileRows, len(rows)); asked += tileRows {
			prefetch.Rows(record, size, rows[asked:min(asked+tileRows, len(rows))])
		}
		hi := min(lo+tileRows, len(rows))
		for _, x := range r.l.lanes {
			to := b.Column(r.s.columns[x.col].f).Data
			switch x.size {
			case 8:
				gatherLane[uint64](to, record[x.at:], size/8, rows[lo:hi], at[lo:hi])
			case 4:
				gatherLane[uint32](to, record[x.at:], size/4, rows[lo:hi], at[lo:hi])
			case 2:
				gatherLane[uint16](to, record[x.at:], size/2, rows[lo:hi], at[lo:hi])
			default:
				gatherLane[uint8](to, record[x.at:], size, rows[lo:hi], at[lo:hi])
			}
		}
	}
	return nil
}

func gatherLane[T any](to, from []byte, stride int, rows, at []int) {
	dst, src := elem.View[T](to), elem.View[T](from)
	at = at[:len(rows)]
	for k, i := range rows {
		dst[at[k]] = src[i*stride]
	}
}
