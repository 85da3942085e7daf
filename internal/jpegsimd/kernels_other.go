//go:build !amd64 || purego

package jpegsimd

// useAVX2 and useAVX512 say that there are no kernels.
const useAVX2, useAVX512 = false, false

const never = "a kernel is called where there is none"

func decode(_, _, _ *uintptr, _, _ int, _ *uint64, _ *uint8, _ *[64]int16, _ *uint8) (left, end int) {
	panic(never)
}
func skip(_, _, _ *uintptr, _, _ int, _ *uint64) (left, end int) { panic(never) }
func decodeBeside(*uintptr, *uint8) int                          { panic(never) }
func skipBeside(*uintptr) int                                    { panic(never) }
func refine(_ *[64]int16, _ *uint64, _ *uint32, _ *uint64, _ uint64, _, _ int, _ *uint8) int {
	panic(never)
}
func idct(*uint8, int, *[64]int16, *[64]int16)          { panic(never) }
func up22(_, _, _ *uint8, _ int)                        { panic(never) }
func up22Wide(_, _, _ *uint8, _ int)                    { panic(never) }
func up21(_, _ *uint8, _ int)                           { panic(never) }
func up12(_, _, _ *uint8, _, _ int)                     { panic(never) }
func ycc(_, _, _, _ *uint8, _ int)                      { panic(never) }
func yccWide(_, _, _, _ *uint8, _ int)                  { panic(never) }
func weave(_, _, _, _ *uint8, _ int)                    { panic(never) }
func unstuff(_, _ *uint8, _, _ int) (written, used int) { panic(never) }
