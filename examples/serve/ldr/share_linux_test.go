package ldr

import (
	"net"

	"golang.org/x/sys/unix"
)

// readFile reads the first bytes of an answer, and the descriptor beside them,
// -1 if there is none.
func readFile(c *net.UnixConn) ([]byte, int, error) {
	b, oob := make([]byte, headerSize), make([]byte, 64)
	n, k, _, _, err := c.ReadMsgUnix(b, oob)
	if err != nil {
		return nil, -1, err
	}
	if k == 0 {
		return b[:n], -1, nil
	}
	msgs, err := unix.ParseSocketControlMessage(oob[:k])
	if err != nil {
		return nil, -1, err
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil {
		return nil, -1, err
	}
	return b[:n], fds[0], nil
}

// mapFile maps n bytes of a descriptor, and closes it.
func mapFile(fd, n int) ([]byte, error) {
	defer unix.Close(fd)
	return unix.Mmap(fd, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

func unmap(m []byte) {
	if m != nil {
		unix.Munmap(m)
	}
}
