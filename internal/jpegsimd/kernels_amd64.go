//go:build !purego

package jpegsimd

import "github.com/stokerdata/stoker/internal/cpu"

var useAVX2 = cpu.AVX2()
