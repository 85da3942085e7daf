package console

import (
	"bytes"
	"testing"
	"time"
)

func TestTerminal(t *testing.T) {
	var out bytes.Buffer
	c := &Console{Writer: &out, terminal: true}
	c.Live("a long line")
	c.next = time.Time{}
	c.Live("short")
	c.Live("not due")
	c.Line("done")
	if got, want := out.String(), "\ra long line\rshort      \r     \rdone\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestFile(t *testing.T) {
	var out bytes.Buffer
	c := New(&out)
	c.Live("not due yet")
	c.next = time.Time{}
	c.Live("%d of %d", 1, 2)
	c.Live("not due")
	c.Line("done")
	if got, want := out.String(), "1 of 2\ndone\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}
