package shard

import (
	"cmp"
	"slices"
)

// A Range is a part of a file of a [Set].
type Range struct {
	File int   // index in the set
	Off  int64 // first byte, not negative
	Len  int   // bytes, not negative
	Tag  int   // the caller's, to tell ranges apart after sorting

	Data []byte // the bytes, set by [Pool.Fetch] and borrowed from its buffer
}

// A Request is one read that serves one or more ranges.
type Request struct {
	File   int
	Off    int64
	Len    int
	Ranges []Range // each at [Off-Request.Off:][:Len] of the request's bytes
}

// A Plan says how ranges become reads: neighbours are read together with the
// gap between them where that is cheaper than two reads. The zero Plan is right
// for local NVMe disks.
type Plan struct {
	// GapBytes is the largest gap to read over. 0 means 64 KiB, which such a
	// disk reads in about the time that one more request takes; negative means
	// that only ranges which touch or overlap are merged.
	GapBytes int

	// MaxBytes is the size up to which ranges are merged; a range that is
	// larger by itself stays whole. 0 means 4 MiB.
	MaxBytes int

	// Concurrency is the number of reads that a Fetch has in flight. 0 means 8;
	// with 1 all happens in the caller's goroutine.
	Concurrency int
}

func (p Plan) withDefaults() Plan {
	if p.GapBytes == 0 {
		p.GapBytes = 64 << 10
	}
	if p.MaxBytes <= 0 {
		p.MaxBytes = 4 << 20
	}
	if p.Concurrency <= 0 {
		p.Concurrency = 8
	}
	return p
}

// Coalesce sorts ranges by file and offset and appends to dst the requests that
// read them. The requests' Ranges are parts of ranges.
func (p Plan) Coalesce(dst []Request, ranges []Range) []Request {
	p = p.withDefaults()
	slices.SortFunc(ranges, byOffset)
	for first := 0; first < len(ranges); {
		r := Request{File: ranges[first].File, Off: ranges[first].Off, Len: ranges[first].Len}
		next := first + 1
		for next < len(ranges) && p.merge(&r, ranges[next]) {
			next++
		}
		r.Ranges = ranges[first:next:next]
		dst = append(dst, r)
		first = next
	}
	return dst
}

// A place is where a range lies, and which it is. It takes a third of the time to
// sort places and then to arrange ranges like them.
type place struct {
	off  int64
	file int32
	i    int32
}

// sorted appends the places of ranges to dst, sorted by file and offset.
func sorted(dst []place, ranges []Range) []place {
	for i := range ranges {
		dst = append(dst, place{ranges[i].Off, int32(ranges[i].File), int32(i)})
	}
	slices.SortFunc(dst, func(a, b place) int {
		switch { // cmp.Or would compare all
		case a.file != b.file:
			return cmp.Compare(a.file, b.file)
		case a.off != b.off:
			return cmp.Compare(a.off, b.off)
		}
		return cmp.Compare(a.i, b.i)
	})
	return dst
}

// arrange puts range order[k].i at k, for all k, and spoils order.
func arrange(ranges []Range, order []place) {
	const moved = -1
	for k := range order {
		if order[k].i == moved {
			continue
		}
		first, at := ranges[k], k
		for {
			from := int(order[at].i)
			order[at].i = moved
			if from == k {
				ranges[at] = first
				break
			}
			ranges[at] = ranges[from]
			at = from
		}
	}
}

func byOffset(a, b Range) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Off, b.Off), cmp.Compare(a.Len, b.Len))
}

// merge extends r to hold x, which does not start before it, if the plan allows.
func (p Plan) merge(r *Request, x Range) bool {
	skip := x.Off - r.Off // not negative, so nothing below overflows
	switch {
	case x.File != r.File || skip-int64(r.Len) > int64(max(p.GapBytes, 0)):
		return false
	case skip <= int64(r.Len-x.Len):
		return true // inside
	case skip > int64(p.MaxBytes-x.Len):
		return false
	}
	r.Len = int(skip) + x.Len
	return true
}
