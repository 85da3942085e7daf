//go:build !unix

package sysio

// NonBlock is the open flag that keeps the open of a FIFO from blocking: such
// platforms have none and need none.
const NonBlock = 0
