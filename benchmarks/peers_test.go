package main

import (
	"testing"
)

// TestWhyNoPython gives each reason once, without folders.
func TestWhyNoPython(t *testing.T) {
	b := &bench{pythons: []string{"/no/such/folder/python", "/nor/this/python", "no-such-python"}, work: t.TempDir()}
	_, err := b.python("peer", "", "peer.py", nil, nil).Open(t.Context())
	const want = `python: no such file or directory; exec: "no-such-python": executable file not found in $PATH`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
