package jpeg_test

import (
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"log"
	"strings"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
)

// red returns a JPEG file, red on the left and blue on the right.
func red() []byte {
	m := image.NewRGBA(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := range 64 {
			m.SetRGBA(x, y, color.RGBA{R: 255, A: 255})
			if x >= 32 {
				m.SetRGBA(x, y, color.RGBA{B: 255, A: 255})
			}
		}
	}
	var file strings.Builder
	if err := stdjpeg.Encode(&file, m, nil); err != nil {
		log.Fatal(err)
	}
	return []byte(file.String())
}

func ExampleDecoder() {
	var d jpeg.Decoder // kept for the files that follow
	h, err := d.Open(red())
	if err != nil {
		log.Fatal(err)
	}
	rgb := make([]uint8, 3*h.Width*h.Height)
	if err := d.RGB(rgb, 3*h.Width, image.Rect(0, 0, h.Width, h.Height)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(h.Width, h.Height, rgb[:3], rgb[3*63:3*64])
	// Output: 64 32 [254 0 0] [0 0 254]
}

// sum adds up the pixels of a window.
type sum struct{ red, blue int }

func (s *sum) Row(y int, rgb []uint8) error {
	for ; len(rgb) > 0; rgb = rgb[3:] {
		s.red += int(rgb[0])
		s.blue += int(rgb[2])
	}
	return nil
}

func ExampleDecoder_Rows() {
	var d jpeg.Decoder
	if _, err := d.Open(red()); err != nil {
		log.Fatal(err)
	}
	var s sum
	if err := d.Rows(image.Rect(40, 8, 60, 24), &s); err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.red/(20*16), s.blue/(20*16))
	// Output: 0 254
}

func ExampleDecoder_UseIndex() {
	file := red()
	var d jpeg.Decoder
	if _, err := d.Open(file); err != nil {
		log.Fatal(err)
	}
	index, err := d.AppendIndex(nil, jpeg.IndexEvery) // once, to be kept beside the file
	if err != nil {
		log.Fatal(err)
	}

	if _, err := d.Open(file); err != nil {
		log.Fatal(err)
	}
	if err := d.UseIndex(index); err != nil {
		fmt.Println(err) // and decode without
	}
	rgb := make([]uint8, 3)
	if err := d.RGB(rgb, 3, image.Rect(63, 31, 64, 32)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(rgb)
	// Output: [0 0 254]
}
