// Command images serves batches of 256 images of 3 x 224 x 224 bytes that cost as
// little as can be, so that what is measured is how they are handed over.
//
//	images -listen /dir/s.sock -raw /dir/raw.sock
//
// Data set "built" finds every slot as it left it; "copied" copies each image into
// its batch. Whoever connects to -raw gets the same bytes written to the socket in a
// loop, without any protocol. It ends at the end of its input, so that it does not
// outlive who started it with a pipe.
package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"github.com/stokerdata/stoker/examples/serve/ldr"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

const (
	batchSize  = 256
	imageBytes = 3 * 224 * 224
	// touched is how many images of "built" are copied, so that all slots have
	// their memory.
	touched = 20 * batchSize
)

var image = bytes.Repeat([]byte{7}, imageBytes)

// images is a source of as many copies of one image as anybody wants.
type images struct {
	all    bool
	copied atomic.Int64
}

func (s *images) Spec() loader.Spec {
	return loader.Spec{{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(3, 224, 224)}}
}

func (s *images) Blocks() []loader.Block { return []loader.Block{{Rows: 1 << 40}} }

func (s *images) Open(context.Context, int) (loader.Rows, error) { return s, nil }

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

func main() {
	listen := flag.String("listen", "", "`path` of the server's socket")
	raw := flag.String("raw", "", "`path` of a socket without a protocol")
	flag.Parse()
	// With MaxKept 16, half of it is given back at once. With the default of 4, the
	// two processes wake each other for every second batch.
	cfg := loader.Config{BatchSize: batchSize, Prefetch: 3, MaxKept: 16}
	srv := &ldr.Server{Datasets: map[string]ldr.Dataset{
		"built":  {Source: &images{}, Config: cfg},
		"copied": {Source: &images{all: true}, Config: cfg},
	}}
	plain, err := srv.Listen(*raw)
	if err != nil {
		log.Fatal(err)
	}
	l, err := srv.Listen(*listen)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { pour(plain) })
	group.Go(func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	})
	if err := srv.Serve(ctx, l); err != nil {
		log.Fatal(err)
	}
}

// pour writes batches to whoever connects, one client at a time.
func pour(l net.Listener) {
	batch := bytes.Repeat(image, batchSize)
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		for err == nil {
			_, err = c.Write(batch)
		}
		c.Close()
	}
}
