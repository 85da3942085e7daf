package pixel

// Grey returns the brightness of a colour as Pillow computes it: ITU-R 601 with
// 16-bit weights.
func Grey(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 1<<15) >> 16)
}

// Brightness blends RGB pixels with black: factor 0 gives black, 1 the image.
// The results of Brightness, Contrast and Saturation are those of Pillow's
// ImageEnhance. They work in place.
func Brightness(m Image, factor float32) { blend(m, 0, factor) }

// Contrast blends RGB pixels with their mean grey.
func Contrast(m Image, factor float32) {
	var sum uint64
	for y := range m.H {
		sum += greySum(m.Row(y))
	}
	mean := int(float64(sum)/float64(m.W*m.H) + 0.5)
	blend(m, float32(mean), factor)
}

func greySum(p []uint8) (sum uint64) {
	for len(p) >= 3 {
		sum += uint64(Grey(p[0], p[1], p[2]))
		p = p[3:]
	}
	return sum
}

// blend moves every sample from the level base by factor.
func blend(m Image, base, factor float32) {
	var table [256]uint8
	for i := range table {
		table[i] = mix(base, float32(i), factor)
	}
	for y := range m.H {
		row := m.Row(y)
		for i, v := range row {
			row[i] = table[v]
		}
	}
}

// Saturation blends RGB pixels with their own grey.
func Saturation(m Image, factor float32) {
	for y := range m.H {
		p := m.Row(y)
		for len(p) >= 3 {
			g := float32(Grey(p[0], p[1], p[2]))
			p[0] = mix(g, float32(p[0]), factor)
			p[1] = mix(g, float32(p[1]), factor)
			p[2] = mix(g, float32(p[2]), factor)
			p = p[3:]
		}
	}
}

// mix returns base + factor·(v-base), cut to a sample.
func mix(base, v, factor float32) uint8 {
	t := base + float32(factor*(v-base))
	if t <= 0 {
		return 0
	}
	if t >= 255 {
		return 255
	}
	return uint8(t)
}
