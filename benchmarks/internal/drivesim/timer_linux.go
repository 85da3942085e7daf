package drivesim

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// timers holds timers of the kernel, which wake an idle program within some 50 µs;
// time.Sleep takes up to a millisecond longer. Go's poller waits for all of them
// in one thread.
var timers sync.Pool // of *os.File, which are closed when they are collected

// nap sleeps for about so long.
func nap(d time.Duration) {
	t, _ := timers.Get().(*os.File)
	if t == nil {
		fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
		if err != nil {
			time.Sleep(d)
			return
		}
		t = os.NewFile(uintptr(fd), "timer")
	}
	c, err := t.SyscallConn()
	if err == nil {
		setErr := c.Control(func(fd uintptr) {
			err = unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}, nil)
		})
		if err == nil {
			err = setErr
		}
	}
	if err != nil {
		time.Sleep(d)
		return
	}
	var expirations [8]byte
	t.Read(expirations[:]) // an error ends the nap early, and the caller looks at the clock
	timers.Put(t)
}
