// Package sheet draws contact sheets: samples of a batch as pictures, side by
// side, each with what lives on it and a caption.
//
//	var tiles []sheet.Tile
//	for i := range b.Len() {
//		tile, err := sheet.Sample(b, i, image.Pt(128, 128))
//		...
//		tiles = append(tiles, tile)
//	}
//	err := sheet.Write("sheet.png", sheet.Sheet{Title: "train", Columns: 8}.Draw(tiles))
//
// A sample is drawn by what its fields mean (package kind): an image with its
// masks, boxes and key points, a sound as its wave, a text with its spans. A
// tile owns its pixels, so that it outlives the batch.
package sheet
