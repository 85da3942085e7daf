package ldr

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Listen listens at an address: the path of a Unix socket, or tcp://host:port.
//
// A socket gets the mode 0600, in a directory that others cannot enter, which is
// made if need be. TCP beyond the loopback interface takes both TLS and Token.
func (s *Server) Listen(address string) (net.Listener, error) {
	host, tcp := strings.CutPrefix(address, "tcp://")
	if !tcp {
		return listenUnix(address)
	}
	l, err := net.Listen("tcp", host)
	if err != nil {
		return nil, fmt.Errorf("ldr: %w", err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); (!ok || !at.IP.IsLoopback()) && (s.TLS == nil || s.Token == "") {
		l.Close()
		return nil, fmt.Errorf("ldr: %s can be reached from other machines, which takes TLS and a token", address)
	}
	if s.TLS != nil {
		l = tls.NewListener(l, s.TLS)
	}
	return l, nil
}

func listenUnix(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("ldr: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("ldr: %w", err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("ldr: %s has mode %#o, so that others can enter it; a socket belongs into a directory of mode 0700", dir, info.Mode().Perm())
	}
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("ldr: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("ldr: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("ldr: %w", err)
	}
	return l, nil
}

// removeStale removes a socket that a server which died has left.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there already, and no socket", path)
	}
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return fmt.Errorf("another server listens at %s", path)
	}
	return os.Remove(path)
}
