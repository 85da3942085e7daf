package vision

import (
	"fmt"
	"sync"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// AddSeek adds a field that tells where the parts of a JPEG file begin, uint8
// (n). Written to a data set beside the files, it spares Decode.SeekField most of
// what lies beside and above a crop, from the first epoch on:
//
//	pack := loader.Config{BatchSize: 64, Transforms: []loader.Transform{vision.AddSeek{}}}
//	... feather.Write(ctx, "train.arrow", ld.All(ctx), feather.WriteOptions{}) ...
//	train := []loader.Transform{vision.Decode{SeekField: "image_seek"}, vision.RandomResizedCrop{Size: 224}}
//
// What it adds takes a hundredth of the file, is bound to the bytes of the
// file, and never changes a pixel. It is empty for progressive files, other
// formats and damaged files, which are left to Decode.
type AddSeek struct {
	Field string // the encoded image; empty means the only one
	As    string // the new field; empty means that of the image and "_seek"
	// Every is the distance of entries in MCUs along both axes; 0 means
	// jpeg.IndexEvery.
	Every int
}

// Bind implements loader.Transform.
func (a AddSeek) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := in.Find(a.Field, kind.EncodedImage)
	if err != nil {
		return loader.Stage{}, fmt.Errorf("vision: %w", err)
	}
	if in[f].DType != dtype.Uint8 || in[f].Shape.Rank() != 1 || a.Every < 0 {
		return loader.Stage{}, fmt.Errorf("vision: field %v, Every %d: must be an encoded image, uint8 (n), and none below zero: %w", in[f], a.Every, loader.ErrSpec)
	}
	if a.As == "" {
		a.As = in[f].Name + "_seek"
	}
	out := append(in.Clone(), loader.Field{Name: a.As, DType: dtype.Uint8, Shape: loader.Dims(-1)})
	at := len(in)
	makers := sync.Pool{New: func() any { return new(entryMaker) }}
	return loader.Stage{Out: out, Writes: []int{at}, Row: func(w *loader.Worker, s *loader.Sample) error {
		m := makers.Get().(*entryMaker)
		defer makers.Put(m)
		entry := m.entry(s.Fields[f].Data, a.Every)
		copy(w.Out(s, at, dtype.Uint8, loader.Dims(len(entry))).Data, entry)
		return nil
	}}, nil
}

// entryMaker is what it takes to make an entry.
type entryMaker struct {
	decoder jpeg.Decoder
	spare   []byte
}

// entry returns the entry of a file until it is called again, nothing if it can
// have none.
func (m *entryMaker) entry(file []byte, every int) []byte {
	if _, err := m.decoder.Open(file); err != nil {
		return nil
	}
	made, err := m.decoder.AppendIndex(m.spare[:0], every)
	if err != nil {
		return nil
	}
	m.spare = made
	return made
}

// entries returns the field of SeekField, -1 if there is none.
func (d Decode) entries(in loader.Spec, image int) (int, error) {
	if d.SeekField == "" {
		return -1, nil
	}
	if d.Seek != nil {
		return 0, fmt.Errorf("vision: Seek and SeekField: one is enough: %w", loader.ErrSpec)
	}
	f := in.Index(d.SeekField)
	if f < 0 || f == image || in[f].DType != dtype.Uint8 || in[f].Shape.Rank() != 1 {
		return 0, fmt.Errorf("vision: field %q of SeekField: must be there, and uint8 (n): %w", d.SeekField, loader.ErrSpec)
	}
	return f, nil
}

// seek lets l's decoder, which has opened the file of s, decode no more of it
// than it has to.
func (d *decoding) seek(s *loader.Sample, l *line) {
	switch {
	case d.Seek != nil:
		l.entry = d.Seek.use(&l.decoder, s.ID, l.entry)
	case d.entry >= 0:
		_ = l.decoder.UseIndex(s.Fields[d.entry].Data) // without one, or with another file's, all is decoded
	}
}
