package pixel

import "github.com/stokerdata/stoker/internal/pixelsimd"

// Brightness blends RGB pixels with black: factor 0 gives black, 1 the image.
// The results of Brightness, Contrast and Saturation are those of Pillow's
// ImageEnhance. They work in place.
func Brightness(m Image, factor float32) { blend(m, 0, factor) }

// Contrast blends RGB pixels with their mean grey.
func Contrast(m Image, factor float32) {
	var sum uint64
	for y := range m.H {
		sum += pixelsimd.GreySum(m.Row(y))
	}
	mean := int(float64(sum)/float64(m.W*m.H) + 0.5)
	blend(m, float32(mean), factor)
}

// blend moves every sample from the level base by factor.
func blend(m Image, base, factor float32) {
	b := pixelsimd.NewBlend(base, factor)
	for y := range m.H {
		b.Row(m.Row(y))
	}
}

// Saturation blends RGB pixels with their own grey.
func Saturation(m Image, factor float32) {
	for y := range m.H {
		pixelsimd.Saturate(m.Row(y), factor)
	}
}
