//go:build !purego

package cpu

import "golang.org/x/sys/cpu"

// AVX2 reports whether the instructions of GOAMD64=v3 are there, AVX2, FMA, F16C,
// BMI1 and BMI2 among them, and may be used.
func AVX2() bool { return avx2 }

// AVX512 reports whether, beside those of AVX2, the vector instructions of Ice Lake
// and Zen 4 may be used: AVX-512 with BW, DQ, VL, VBMI, VBMI2 and VNNI. Those
// before lack what makes it pay, and run slower with vectors of 512 bits.
func AVX512() bool { return avx512 }

var (
	avx2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C && cpu.X86.HasBMI1 && cpu.X86.HasBMI2
	avx512 = avx2 && cpu.X86.HasPOPCNT && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ &&
		cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VBMI2 && cpu.X86.HasAVX512VNNI
)
