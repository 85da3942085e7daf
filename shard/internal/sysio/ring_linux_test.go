package sysio

import (
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRingSignals interrupts a wait over and over: signals end none too early, and
// lose no result.
func TestRingSignals(t *testing.T) {
	r := newRing(t, 4)
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	f, err := FromOS(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread, wrote := unix.Gettid(), make(chan bool, 2)
	go func() {
		for i := range 40 {
			time.Sleep(time.Millisecond)
			unix.Tgkill(os.Getpid(), thread, unix.SIGURG) // which the runtime expects at any time
			if i%20 == 10 {
				wrote <- true
				to.Write([]byte("x"))
			}
		}
	}()
	for tag := range 2 {
		r.Read(f, make([]byte, 1), 0, tag)
	}
	if err := r.Wait(2); err != nil {
		t.Fatal(err)
	}
	if len(wrote) < 2 {
		t.Fatal("the wait ended with one result of two")
	}
	for range 2 {
		if d, ok := r.Next(); !ok || d.N != 1 || d.Err != nil {
			t.Errorf("%+v, %v", d, ok)
		}
	}
}
