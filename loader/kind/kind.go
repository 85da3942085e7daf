// Package kind names what the numbers of a field mean, so that a transform
// finds the fields that it must change together.
package kind

// Kind is the meaning of a field. Coordinates are continuous pixels: pixel i
// covers [i, i+1), so a flip maps x to width-x for boxes and key points alike.
type Kind uint8

// The kinds, with the layout of one sample.
const (
	Plain        Kind = iota // no meaning that a transform needs to know
	Label                    // class number or numbers
	EncodedImage             // uint8 (n): the bytes of a JPEG, PNG, ... file
	Image                    // (height, width, channels) or, behind a layout change, (channels, height, width)
	Mask                     // (height, width): one class or instance number per pixel of the canvas
	Boxes                    // float32 (n, 4): x1, y1, x2, y2 on the canvas
	KeyPoints                // float32 (k, 3), or (n, k, 3) of n instances: x, y, visibility (0 absent, 1 hidden, 2 visible) on the canvas
	EncodedAudio             // uint8 (n): the bytes of a WAV, ... file
	Audio                    // float32 (frames, channels), full scale ±1
	Text                     // uint8 (n): UTF-8
	Spans                    // int32 (n, 2): first and past-the-last byte of a text, or frame of audio
	Tokens                   // token numbers
	Texts                    // uint8 (n): several texts in UTF-8, one behind another, on which Lengths live
	Lengths                  // int32: the bytes of each of the values that the canvas holds one behind another
)

var names = [...]string{"plain", "label", "encoded image", "image", "mask", "boxes", "key points", "encoded audio", "audio", "text", "spans", "tokens", "texts", "lengths"}

// String returns the kind in words.
func (k Kind) String() string {
	if int(k) >= len(names) {
		return "unknown"
	}
	return names[k]
}
