package ldr

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// images is a source of as many images of 3 x 224 x 224 bytes as anybody wants. All
// are copies of one, or the first ones are and the others find it there.
type images struct {
	all    bool
	copied atomic.Int64
}

var image = bytes.Repeat([]byte{7}, imageBytes)

// touched is how many images are copied so that every batch has its memory.
const touched = 20 * 256

const imageBytes = 3 * 224 * 224

func (s *images) Spec() loader.Spec {
	return loader.Spec{{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(3, 224, 224)}}
}

func (s *images) Blocks() []loader.Block { return []loader.Block{{Rows: 1 << 40}} }

func (s *images) Open(context.Context, int) (loader.Rows, error) { return s, nil }

func (s *images) OpenRows(context.Context, []loader.Ref) (loader.Rows, error) { return s, nil }

func (s *images) Row(*loader.Worker, int, *loader.Sample) error { panic("rows are gathered") }

func (s *images) Gather(_ *loader.Worker, p loader.Pick, b *loader.Batch) error {
	if !s.all && s.copied.Add(int64(len(p.At))) > touched {
		return nil
	}
	for _, i := range p.At {
		copy(b.Column(0).Data[i*imageBytes:], image)
	}
	return nil
}

func (s *images) Close() error { return nil }

// transfer takes b.N batches of 256 images from a server and gives their slots back.
func transfer(b *testing.B, src loader.Source, transport string) {
	b.Helper()
	needSlots(b)
	srv := &Server{Datasets: map[string]Dataset{"": {src, loader.Config{BatchSize: 256, Prefetch: 3}}}}
	address, _ := start(b, srv, "")
	h := request(-1)
	h.Transports = []string{transport}
	c := dial(b, address, h)
	b.SetBytes(256 * imageBytes)
	body := make([]byte, 256*imageBytes)
	var credits []byte
	if transport == inBody {
		for range 2 {
			c.credit(inlineSlot)
		}
	}
	take := func() {
		head, _, err := c.frame()
		if err == nil && head.body > 0 {
			_, err = io.ReadFull(c.r, body)
		}
		if err != nil {
			b.Fatal(err)
		}
		credits = header{typ: credit, slot: head.slot}.append(credits[:0])
		if _, err := c.net.Write(credits); err != nil {
			b.Fatal(err)
		}
	}
	for range touched / 256 {
		take()
	}
	for b.Loop() {
		take()
	}
}

// BenchmarkHandover passes batches on that are built already: what the engine, the
// protocol and the sockets cost.
func BenchmarkHandover(b *testing.B) { transfer(b, &images{}, viaSlots) }

// BenchmarkCopy copies every image into a slot.
func BenchmarkCopy(b *testing.B) { transfer(b, &images{all: true}, viaSlots) }

// BenchmarkInline sends batches that are built already through the socket; its
// ideal is BenchmarkSocket.
func BenchmarkInline(b *testing.B) { transfer(b, &images{}, inBody) }

// pages returns memory for as many batches as a server has, all of it written.
func pages() [][]byte {
	m := make([][]byte, 7)
	for k := range m {
		m[k] = bytes.Repeat([]byte{1}, 256*imageBytes)
	}
	return m
}

// BenchmarkMemcpy is the ideal of BenchmarkCopy: the same copies without a loader,
// on one core.
func BenchmarkMemcpy(b *testing.B) {
	to := pages()
	b.SetBytes(256 * imageBytes)
	for n := 0; b.Loop(); n++ {
		for i := range 256 {
			copy(to[n%len(to)][i*imageBytes:], image)
		}
	}
}

// BenchmarkSocket moves as many bytes between two goroutines over a Unix socket.
func BenchmarkSocket(b *testing.B) {
	l, err := net.Listen("unix", b.TempDir()+"/raw.sock")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	ours, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	theirs, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		from := pages()
		for n := 0; ; n++ {
			if _, err := theirs.Write(from[n%len(from)]); err != nil {
				return
			}
		}
	}()
	body := make([]byte, 256*imageBytes)
	b.SetBytes(256 * imageBytes)
	for b.Loop() {
		if _, err := io.ReadFull(ours, body); err != nil {
			b.Fatal(err)
		}
	}
	ours.Close()
	theirs.Close()
	<-done
}
