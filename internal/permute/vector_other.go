//go:build !amd64 || purego

package permute

func (p *Perm) vectorWalk(*[together]uint64) bool { return false }
