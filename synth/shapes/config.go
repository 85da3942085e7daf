package shapes

import (
	"fmt"

	"github.com/stokerdata/stoker/loader"
)

// Class is a kind of shape.
type Class uint8

// The classes. All of them fit into a circle of the shape's size.
const (
	Circle Class = iota
	Rectangle
	Triangle
	Star
	Hexagon
	Cross
	nClasses
)

var classNames = [nClasses]string{"circle", "rectangle", "triangle", "star", "hexagon", "cross"}

// String returns the name of c.
func (c Class) String() string {
	if c >= nClasses {
		return "unknown"
	}
	return classNames[c]
}

// Texture is a way to mix two colours over an area.
type Texture uint8

// The textures.
const (
	Flat     Texture = iota // one colour
	Gradient                // from one colour to the other, in any direction
	Stripes                 // bands of both, in any direction
	Noise                   // smooth value noise of three octaves
	nTextures
)

var textureNames = [nTextures]string{"flat", "gradient", "stripes", "noise"}

// String returns the name of t.
func (t Texture) String() string {
	if t >= nTextures {
		return "unknown"
	}
	return textureNames[t]
}

// Extent says what a box encloses.
type Extent uint8

// The extents.
const (
	Visible Extent = iota // the pixels that the mask gives to the shape
	Amodal                // the whole shape, as if nothing stood before it
)

// Encoding is the form of the image field.
type Encoding uint8

// The encodings. JPEG and PNG make the image a field of kind.EncodedImage, as a
// folder of files would; the encoders allocate.
const (
	Pixels Encoding = iota
	JPEG
	PNG
)

// Config describes pictures. The zero Config is valid.
type Config struct {
	// Height and Width of the picture in pixels, 8 to 8192. 0 means 64.
	Height, Width int
	// MinShapes and MaxShapes bound the number of shapes, 1 to 255. 0 means 1
	// and 3. A shape that finds no place where enough of it shows is left out.
	MinShapes, MaxShapes int
	// MinSize and MaxSize bound the diameter of the circle around a shape, as a
	// part of the picture's shorter side, up to 1. 0 means 0.25 and 0.6. No
	// shape is smaller than 8 pixels, and none is cut by the picture's edge.
	MinSize, MaxSize float64
	// MinVisible is the least part of a shape's pixels that must show, up to 1.
	// 0 means 0.3.
	MinVisible float64
	// Classes lists the shapes; a label is an index into it. Nil means all.
	Classes []Class
	// Grounds lists the textures behind the shapes. Nil means all but Flat.
	Grounds []Texture
	// Boxes says what a box encloses.
	Boxes Extent
	// Encoded says in which form the picture is given, and Quality, 1 to 100,
	// how fine a JPEG is. 0 means 90.
	Encoded Encoding
	Quality int
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		p *int
		n int
	}{{&c.Height, 64}, {&c.Width, 64}, {&c.MinShapes, 1}, {&c.Quality, 90}} {
		if *d.p == 0 {
			*d.p = d.n
		}
	}
	if c.MaxShapes == 0 {
		c.MaxShapes = max(3, c.MinShapes)
	}
	if c.MinSize == 0 {
		c.MinSize = 0.25
	}
	if c.MaxSize == 0 {
		c.MaxSize = max(0.6, c.MinSize)
	}
	if c.MinVisible == 0 {
		c.MinVisible = 0.3
	}
	if c.Classes == nil {
		c.Classes = []Class{Circle, Rectangle, Triangle, Star, Hexagon, Cross}
	}
	if c.Grounds == nil {
		c.Grounds = []Texture{Gradient, Stripes, Noise}
	}
	return c
}

// check returns an error if c, with its defaults, cannot be drawn.
func (c Config) check() error {
	for _, r := range []struct {
		ok   bool
		what string
	}{
		{8 <= c.Height && c.Height <= 8192 && 8 <= c.Width && c.Width <= 8192, fmt.Sprintf("a picture of %d x %d", c.Height, c.Width)},
		{1 <= c.MinShapes && c.MinShapes <= c.MaxShapes && c.MaxShapes <= 255, fmt.Sprintf("%d to %d shapes", c.MinShapes, c.MaxShapes)},
		{0 < c.MinSize && c.MinSize <= c.MaxSize && c.MaxSize <= 1, fmt.Sprintf("sizes %v to %v", c.MinSize, c.MaxSize)},
		{0 < c.MinVisible && c.MinVisible <= 1, fmt.Sprintf("visible part %v", c.MinVisible)},
		{len(c.Classes) > 0, "no classes"},
		{len(c.Grounds) > 0, "no grounds"},
		{c.Boxes <= Amodal, fmt.Sprintf("box extent %d", c.Boxes)},
		{c.Encoded <= PNG, fmt.Sprintf("encoding %d", c.Encoded)},
		{1 <= c.Quality && c.Quality <= 100, fmt.Sprintf("quality %d", c.Quality)},
	} {
		if !r.ok {
			return fmt.Errorf("shapes: %s: out of range: %w", r.what, loader.ErrSpec)
		}
	}
	for _, k := range c.Classes {
		if k >= nClasses {
			return fmt.Errorf("shapes: there is no class %d: %w", k, loader.ErrSpec)
		}
	}
	for _, t := range c.Grounds {
		if t >= nTextures {
			return fmt.Errorf("shapes: there is no texture %d: %w", t, loader.ErrSpec)
		}
	}
	return nil
}
