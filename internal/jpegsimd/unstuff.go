package jpegsimd

// unstuffed is how many bytes of src the kernel of Unstuff takes at a time, of
// which it looks at one more.
const unstuffed = 64

// Unstuff begins to copy entropy-coded bytes without the zero after each 0xff
// (B.1.1.5), and returns how many it has written and used. It stops before a 0xff
// with something else behind it, and near the end of dst or src. Where there is no
// kernel it does nothing: what is left is for the caller, who finds one 0xff after
// the other.
func Unstuff(dst, src []byte) (written, used int) {
	if !useAVX512 || len(dst) < unstuffed || len(src) <= unstuffed {
		return 0, 0
	}
	return unstuff(&dst[0], &src[0], len(dst), len(src))
}
