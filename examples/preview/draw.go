package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/stokerdata/stoker/examples/internal/sheet"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
)

// drawSheet leaves a contact sheet of the first samples, laid out as s says.
func (c config) drawSheet(ctx context.Context, w io.Writer, ld *loader.Loader, s sheet.Sheet) error {
	size := c.pictureSize(ld.Spec())
	if sheet.Drawable(ld.Spec()) != kind.Image {
		s.Columns = cmp.Or(s.Columns, 4)
	}
	var tiles []sheet.Tile
	for b, err := range ld.All(ctx) {
		if err != nil {
			return err
		}
		for i := 0; i < b.Len() && len(tiles) < c.n; i++ {
			tile, err := sheet.Sample(b, i, size)
			if err != nil {
				return err
			}
			tiles = append(tiles, tile)
		}
		if len(tiles) == c.n {
			break
		}
	}
	if len(tiles) == 0 {
		return errors.New("there are no samples")
	}
	if err := sheet.Write(c.out, s.Draw(tiles)); err != nil {
		return err
	}
	fmt.Fprintf(w, "%d samples on %s\n", len(tiles), c.out)
	return nil
}

// pictureSize returns how large a sample is drawn.
func (c config) pictureSize(spec loader.Spec) image.Point {
	switch sheet.Drawable(spec) {
	case kind.Audio:
		width := cmp.Or(c.size, 280)
		return image.Pt(width, max(1, width*2/5))
	case kind.Text:
		width := cmp.Or(c.size, 300)
		return image.Pt(width, max(1, width/3))
	}
	width := cmp.Or(c.size, 160)
	return image.Pt(width, width)
}
