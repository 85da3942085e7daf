// Package console prints what a program does, and how far it is.
package console

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	often  = 100 * time.Millisecond // on a terminal
	seldom = 2 * time.Second
)

// A Console prints lines, and shows progress: on a terminal in one line that is
// overwritten, elsewhere now and then. It is for one goroutine at a time.
type Console struct {
	io.Writer // for what is neither
	terminal  bool
	shown     int // characters of the line that is to be overwritten
	next      time.Time
}

// New returns a console that prints to w.
func New(w io.Writer) *Console {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return &Console{Writer: w, terminal: true}
		}
	}
	return &Console{Writer: w, next: time.Now().Add(seldom)}
}

// Due reports whether it is time to show progress again.
func (c *Console) Due() bool { return !time.Now().Before(c.next) }

// Live shows progress, if it is due.
func (c *Console) Live(layout string, args ...any) {
	if !c.Due() {
		return
	}
	text := fmt.Sprintf(layout, args...)
	if c.terminal {
		c.next = time.Now().Add(often)
		c.overwrite(text)
		return
	}
	c.next = time.Now().Add(seldom)
	fmt.Fprintln(c, text)
}

// Line prints a line that stays.
func (c *Console) Line(layout string, args ...any) {
	if c.shown > 0 {
		c.overwrite("")
		fmt.Fprint(c, "\r")
	}
	fmt.Fprintf(c, layout+"\n", args...)
}

func (c *Console) overwrite(text string) {
	n := utf8.RuneCountInString(text)
	fmt.Fprintf(c, "\r%s%s", text, strings.Repeat(" ", max(0, c.shown-n)))
	c.shown = n
}
