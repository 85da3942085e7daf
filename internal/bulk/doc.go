// Package bulk copies values as they lie in files, one behind another at any
// address, to memory that is aligned, or the other way round.
//
//	bulk.Copy(batch[at:], page)
//
// The processors of Intel for which the Go runtime copies by REP MOVSB take twice as
// long for that as if both sides began at the same place within a line of the cache.
// What is copied from memory outside of the caches is asked for 4 KiB ahead.
//
// [Rows] copies short rows from anywhere to anywhere.
package bulk

//go:generate go run -C ../asmgen ./bulk -out ../bulk/kernel_amd64.s -stubs ../bulk/kernel_amd64.go -pkg bulk
