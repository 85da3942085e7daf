//go:build !purego

package jpegsimd

import "github.com/stokerdata/stoker/internal/cpu"

var useAVX2, useAVX512 = cpu.AVX2(), cpu.AVX512()
