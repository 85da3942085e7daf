//go:build unix

package sysio

import "syscall"

// NonBlock is the open flag that keeps the open of a FIFO from blocking.
const NonBlock = syscall.O_NONBLOCK
