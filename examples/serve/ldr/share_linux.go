package ldr

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// shareMemory returns n bytes, and the file through which another process maps
// them. They have no name, so that nothing is left behind by a process that dies,
// and no limit but memory itself; sealed, so that no side can make the other's
// accesses fail by making the file shorter.
func shareMemory(n int) ([]byte, *os.File, error) {
	fd, err := unix.MemfdCreate("stoker", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "memfd:stoker")
	if err = f.Truncate(int64(n)); err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	var m []byte
	if err == nil {
		m, err = unix.Mmap(fd, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err != nil {
		f.Close()
		return nil, nil, os.NewSyscallError("memfd", err)
	}
	return m, f, nil
}

func unshareMemory(m []byte) { unix.Munmap(m) }

// sendFile writes b with a descriptor of f beside its first byte.
func sendFile(c *net.UnixConn, b []byte, f *os.File) error {
	n, _, err := c.WriteMsgUnix(b, unix.UnixRights(int(f.Fd())), nil)
	for err == nil && n < len(b) {
		var k int
		k, err = c.Write(b[n:])
		n += k
	}
	return err
}

// sameUser reports whether the process at the other end belongs to the user of
// this one.
func sameUser(c *net.UnixConn) (bool, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return false, err
	}
	var cred *syscall.Ucred
	if ctl := raw.Control(func(fd uintptr) {
		cred, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); ctl != nil || err != nil {
		return false, os.NewSyscallError("SO_PEERCRED", err)
	}
	return int(cred.Uid) == os.Getuid(), nil
}
