package spare

import "testing"

// TestList takes what was given last, once.
func TestList(t *testing.T) {
	var l List[int]
	if x := l.Take(); x != nil {
		t.Fatalf("an empty list gives %v", x)
	}
	a, b := new(int), new(int)
	l.Give(a)
	l.Give(b)
	for _, want := range []*int{b, a, nil} {
		if got := l.Take(); got != want {
			t.Fatalf("got %p, want %p", got, want)
		}
	}
}
