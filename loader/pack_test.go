package loader_test

import (
	"fmt"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// pack joins the texts of several samples into rows of at most Bytes bytes, in
// two open bins: the first with room, else the older is closed.
type pack struct{ Bytes int }

func (p pack) Bind(in loader.Spec) (loader.Stage, error) {
	text := in.Index("text")
	out := in.Clone()
	for f := range out {
		if f != text {
			out[f].Name = ""
		}
	}
	out[text].Shape = loader.Dims(-1)
	var sum int
	out, sum = out.With(loader.Field{Name: "sum", DType: dtype.Int64})
	return loader.Stage{Out: out, Regroup: &loader.Regroup{
		New: func() loader.Placer { return &packer{text: text, bytes: p.Bytes, used: map[int]int{}} },
		Form: func(w *loader.Worker, rows []loader.Sample, _ int, s *loader.Sample) error {
			n := 0
			for _, r := range rows {
				n += len(r.Fields[text].Data)
			}
			packed := w.Out(s, text, dtype.Uint8, loader.Dims(n)).Data
			total := int64(0)
			at := 0
			for _, r := range rows {
				at += copy(packed[at:], r.Fields[text].Data)
				total += r.ID
			}
			loader.View[int64](*w.Out(s, sum, dtype.Int64, loader.Dims()))[0] = total
			return nil
		},
	}}, nil
}

type packer struct {
	text, bytes int
	used        map[int]int // bytes in bins 0 and 1
}

func (p *packer) Place(s *loader.Sample, bins *loader.Bins) error {
	n := len(s.Fields[p.text].Data)
	if n > p.bytes {
		return fmt.Errorf("text of %d bytes", n)
	}
	for _, bin := range []int{0, 1} {
		if p.used[bin]+n <= p.bytes {
			p.used[bin] += n
			bins.Put(bin)
			if p.used[bin] == p.bytes {
				bins.Close(bin, 1)
				p.used[bin] = 0
			}
			return nil
		}
	}
	bin := 0
	if p.used[1] > p.used[0] {
		bin = 1
	}
	bins.CloseFirst(bin, 1)
	bins.Put(bin)
	p.used[bin] = n
	return nil
}

func (p *packer) Restore(s *loader.Sample, bin int) error {
	p.used[bin] += len(s.Fields[p.text].Data)
	return nil
}

func (p *packer) Flush(bins *loader.Bins) error {
	for _, bin := range []int{0, 1} {
		if p.used[bin] > 0 {
			bins.Close(bin, 1)
			p.used[bin] = 0
		}
	}
	return nil
}
