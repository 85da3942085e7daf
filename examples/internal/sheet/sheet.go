package sheet

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"github.com/disintegration/imaging"
	"golang.org/x/image/font/inconsolata"

	"github.com/stokerdata/stoker/shard"
)

// Measures of a sheet in pixels.
const (
	margin   = 28 // around everything
	gap      = 14 // between tiles
	caption  = 26 // below a tile
	headline = 24 // one line above all tiles
)

// Sheet says how tiles are laid out. The zero Sheet has eight columns and no
// head.
type Sheet struct {
	Title string
	Note  string // a line in small print below Title
	// Legend names the colours of classes, in the order of their numbers.
	Legend  []string
	Columns int // of tiles; 0 means 8
}

// Tile is one picture with its caption.
type Tile struct {
	Picture *image.NRGBA
	Caption string
	// Corner is a short text at the right end of the caption.
	Corner string
}

// Draw returns a picture of the tiles, row by row. Cells are as large as the
// largest picture; smaller ones are centred. Captions are cut to fit.
func (s Sheet) Draw(tiles []Tile) *image.NRGBA {
	if s.Columns <= 0 {
		s.Columns = 8
	}
	cell := image.Pt(1, 1)
	for _, t := range tiles {
		cell.X, cell.Y = max(cell.X, t.Picture.Rect.Dx()), max(cell.Y, t.Picture.Rect.Dy())
	}
	columns := max(1, min(s.Columns, len(tiles)))
	rows := (len(tiles) + columns - 1) / columns
	top := margin + s.head()
	page := imaging.New(
		2*margin+columns*(cell.X+gap)-gap,
		top+rows*(cell.Y+caption+gap)-gap+margin,
		paper)
	s.drawHead(page)
	for i, t := range tiles {
		at := image.Pt(margin+i%columns*(cell.X+gap), top+i/columns*(cell.Y+caption+gap))
		t.draw(page, image.Rectangle{at, at.Add(cell)})
	}
	return page
}

// head returns the height of what stands above the tiles.
func (s Sheet) head() (height int) {
	if s.Title != "" {
		height += headline
	}
	if s.Note != "" {
		height += headline
	}
	if len(s.Legend) > 0 {
		height += headline
	}
	if height > 0 {
		height += gap / 2
	}
	return height
}

// drawHead writes title, note and legend, as far as the page is wide.
func (s Sheet) drawHead(page *image.NRGBA) {
	at, width := image.Pt(margin, margin), page.Rect.Dx()-2*margin
	if s.Title != "" {
		write(page, inconsolata.Bold8x16, at, ink, cut(s.Title, width))
		at.Y += headline
	}
	if s.Note != "" {
		write(page, inconsolata.Regular8x16, at, faint, cut(s.Note, width))
		at.Y += headline
	}
	for i, name := range s.Legend {
		if at.X+swatch+textWidth(name) > margin+width {
			break
		}
		fill(page, image.Rect(at.X, at.Y+3, at.X+10, at.Y+13), classColor(i))
		write(page, inconsolata.Regular8x16, at.Add(image.Pt(swatch-4, 0)), ink, name)
		at.X += swatch + textWidth(name) + gap
	}
}

const swatch = 20 // a colour of the legend and the space to its name

// draw puts the tile into a cell of the page.
func (t Tile) draw(page *image.NRGBA, cell image.Rectangle) {
	size := t.Picture.Rect.Size()
	at := cell.Min.Add(cell.Size().Sub(size).Div(2))
	place := image.Rectangle{at, at.Add(size)}
	draw.Draw(page, place, t.Picture, t.Picture.Rect.Min, draw.Over)
	frame(page, place.Inset(-1), 1, edge)
	below := image.Pt(cell.Min.X, cell.Max.Y+4)
	free := cell.Dx()
	if corner := textWidth(t.Corner); corner > 0 && corner < free {
		write(page, inconsolata.Regular8x16, image.Pt(cell.Max.X-corner, below.Y), faint, t.Corner)
		free -= corner + 8
	}
	write(page, inconsolata.Regular8x16, below, ink, cut(t.Caption, free))
}

// Write writes m as a PNG file, which appears under its name only when it is
// complete.
func Write(path string, m image.Image) error {
	w, err := shard.Create(path)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := png.Encode(w, m); err != nil {
		return err
	}
	return w.Commit()
}

// The colours of a sheet.
var (
	paper = color.NRGBA{250, 250, 248, 255}
	white = color.NRGBA{255, 255, 255, 255}
	ink   = color.NRGBA{32, 33, 36, 255}
	faint = color.NRGBA{138, 140, 145, 255}
	edge  = color.NRGBA{214, 214, 210, 255}
)

// classes are colours that can be told apart on pictures and on paper.
var classes = [...]color.NRGBA{
	{47, 111, 222, 255}, {232, 113, 10, 255}, {22, 150, 70, 255}, {217, 48, 37, 255}, {147, 52, 230, 255},
	{0, 160, 175, 255}, {229, 37, 146, 255}, {176, 136, 0, 255}, {121, 85, 61, 255}, {96, 125, 20, 255},
}

// classColor returns the colour of a class by its number.
func classColor(class int) color.NRGBA {
	n := len(classes)
	return classes[(class%n+n)%n]
}
