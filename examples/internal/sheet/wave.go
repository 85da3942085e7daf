package sheet

import (
	"fmt"
	"image"

	"github.com/disintegration/imaging"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// wave draws sound, float32 (frames, channels): of each channel, in a strip of
// its own, the least and the greatest value at each place. What is beyond full
// scale is red.
func wave(t loader.Tensor, size image.Point) (*image.NRGBA, error) {
	if t.DType != dtype.Float32 || t.Shape.Rank() != 2 {
		return nil, fmt.Errorf("sheet: a sound is float32 (frames, channels), this is %v %v", t.DType, t.Shape)
	}
	m := imaging.New(size.X, size.Y, white)
	x, frames, channels := loader.View[float32](t), t.Shape.Dim(0), t.Shape.Dim(1)
	for c := range channels {
		strip := image.Rect(0, c*size.Y/channels, size.X, (c+1)*size.Y/channels)
		middle := (strip.Min.Y + strip.Max.Y) / 2
		fill(m, image.Rect(0, middle, size.X, middle+1), edge)
		for column := range size.X {
			from := column * frames / size.X
			to := min(frames, max(from+1, (column+1)*frames/size.X))
			drawRange(m, column, strip, x[from*channels:to*channels], c, channels)
		}
	}
	return m, nil
}

// drawRange draws what channel c of the frames x covers, in one column of a strip.
func drawRange(m *image.NRGBA, column int, strip image.Rectangle, x []float32, c, channels int) {
	if len(x) == 0 {
		return
	}
	low, high := x[c], x[c]
	for i := c; i < len(x); i += channels {
		low, high = min(low, x[i]), max(high, x[i])
	}
	color := classColor(0)
	if low < -1 || high > 1 {
		color = classColor(3)
	}
	half := float32(strip.Dy()-1) / 2
	row := func(v float32) int {
		return strip.Min.Y + int(half-half*max(-1, min(v, 1))+0.5)
	}
	if low <= high { // false for NaN
		fill(m, image.Rect(column, row(high), column+1, row(low)+1), color)
	}
}
