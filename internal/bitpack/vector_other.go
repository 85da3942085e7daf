//go:build !amd64 || purego

package bitpack

func vector([]uint32, []byte, uint) (int, uint32) { return 0, 0 }

func vectorLookup([]uint32, []byte, uint, []uint32) (int, uint32) { return 0, 0 }
