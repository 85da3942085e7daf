//go:build !purego

package cpu

import "golang.org/x/sys/cpu"

// AVX2 reports whether the instructions of GOAMD64=v3 are there, AVX2, FMA, F16C,
// BMI1 and BMI2 among them, and may be used.
func AVX2() bool { return avx2 }

var avx2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C && cpu.X86.HasBMI1 && cpu.X86.HasBMI2
