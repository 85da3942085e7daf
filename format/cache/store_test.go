package cache

import "testing"

// TestPlaces checks that places hold the largest numbers that there are.
func TestPlaces(t *testing.T) {
	for _, c := range [][3]int{{0, 0, 8}, {0, 0, 0}, {maxSlots - 1, segmentBytes - 8, aloneBytes}, {1023, 8, 1 << 10}} {
		p := placeOf(c[0], c[1], c[2])
		if slot, off, size := p.split(); p <= making || [3]int{slot, off, size} != c {
			t.Errorf("%v became %d, %d, %d", c, slot, off, size)
		}
	}
}

// small returns a store of 100 rows whose segments hold three records of 400 bytes.
func small(budget int64) *store {
	s := newStore(100, budget)
	s.unit, s.keep = 1700, true
	return s
}

// put adds records of 400 bytes until there is no room.
func put(s *store, ids ...int64) (added int) {
	for _, id := range ids {
		if g, off := s.add(id, 400); g != nil {
			s.added(id, g, off, 400)
			added++
		}
	}
	return added
}

// TestBudgetGivesBack checks that what a file does not take of its segment can be
// used again.
func TestBudgetGivesBack(t *testing.T) {
	s := small(3500)
	if n := put(s, 1, 2, 3, 4, 5, 6, 7, 8, 9); n != 6 {
		t.Errorf("%d records in 3500 bytes, with 1700 bytes for 3", n)
	}
	for g := s.takeDue(); g != nil; g = s.takeDue() {
		s.written(g, 0, int64(g.used+s.overhead(len(g.entries))))
	}
	if n := put(s, 10, 11, 12); n != 1 {
		t.Errorf("%d records more in what is left of 3500 bytes, with one file of 1312", n)
	}
}

// TestDueWhenComplete checks that a segment is not written while a record is
// being copied into it.
func TestDueWhenComplete(t *testing.T) {
	s := small(1 << 20)
	put(s, 1)
	g, off := s.add(2, 400)
	put(s, 3, 4)
	if s.takeDue() != nil {
		t.Fatal("a segment is due with a record missing")
	}
	if found, _, _, _ := s.find(2); found != nil {
		t.Error("a record is found that is being copied")
	}
	if again, _ := s.add(2, 400); again != nil {
		t.Error("two make room for one row")
	}
	s.added(2, g, off, 400)
	if s.takeDue() != g || len(g.entries) != 3 || s.takeDue() != nil {
		t.Errorf("the complete segment, of %d records, is not due once", len(g.entries))
	}
	s.again(g)
	if s.takeDue() != g {
		t.Error("what is given back is not due again")
	}
	s.stop()
	if put(s, 5) != 0 || s.takeDue() == nil {
		t.Error("a store that has stopped adds records, or keeps those that it has")
	}
}
