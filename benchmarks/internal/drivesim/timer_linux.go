package drivesim

import (
	"errors"
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
	if err := wait(t, d); err != nil {
		time.Sleep(d)
		return
	}
	timers.Put(t)
}

// wait sets a timer and waits until it expires.
func wait(t *os.File, d time.Duration) error {
	c, err := t.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = c.Control(func(fd uintptr) {
		set = unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}, nil)
	})
	if err := errors.Join(err, set); err != nil {
		return err
	}
	var expirations [8]byte
	_, err = t.Read(expirations[:])
	return err
}
