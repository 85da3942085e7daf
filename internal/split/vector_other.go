//go:build !amd64 || purego

package split

func (f *found) vector([]byte, byte) {}

func vectorPlain([]byte) int { return 0 }
