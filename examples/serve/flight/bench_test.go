package flight_test

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/flight"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/stokerdata/stoker/examples/serve/arrowstream"
	stokerflight "github.com/stokerdata/stoker/examples/serve/flight"
	"github.com/stokerdata/stoker/examples/serve/ldr"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// images is a source of images of 3 x 224 x 224 bytes, of which nothing is
// written: what is measured is the way to the client.
type images struct{}

func (*images) Spec() loader.Spec {
	return loader.Spec{{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(3, 224, 224)}}
}

func (*images) Blocks() []loader.Block { return []loader.Block{{Rows: 1 << 40}} }

func (s *images) Open(context.Context, int) (loader.Rows, error) { return s, nil }

func (s *images) OpenRows(context.Context, []loader.Ref) (loader.Rows, error) { return s, nil }

func (*images) Row(*loader.Worker, int, *loader.Sample) error { panic("rows are gathered") }

func (*images) Gather(*loader.Worker, loader.Pick, *loader.Batch) error { return nil }

func (*images) Close() error { return nil }

const (
	rows      = 64
	batchSize = rows * 3 * 224 * 224
)

func imageServer() *ldr.Server {
	return &ldr.Server{Datasets: map[string]ldr.Dataset{"": {Source: &images{}, Config: loader.Config{BatchSize: rows}}}}
}

// BenchmarkFlight streams batches of 10 MB to a client of Arrow's.
func BenchmarkFlight(b *testing.B) {
	g := flight.NewServerWithMiddleware(nil)
	if err := g.Init("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	g.RegisterFlightService(&stokerflight.Service{Server: imageServer()})
	go g.Serve()
	defer g.Shutdown()
	c, err := flight.NewClientWithMiddleware(g.Addr().String(), nil, nil,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	stream, err := c.DoGet(ctx, &flight.Ticket{Ticket: []byte(`{"epochs": -1}`)})
	if err != nil {
		b.Fatal(err)
	}
	r, err := flight.NewRecordReader(stream)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Release()
	b.SetBytes(batchSize)
	for b.Loop() {
		if !r.Next() {
			b.Fatal(r.Err())
		}
	}
}

// BenchmarkHTTP is its peer: the same records over package arrowstream.
func BenchmarkHTTP(b *testing.B) {
	srv := httptest.NewServer(&arrowstream.Handler{Server: imageServer()})
	defer srv.Close()
	a, err := http.Get(srv.URL + "/?epochs=-1")
	if err != nil {
		b.Fatal(err)
	}
	defer a.Body.Close()
	r, err := ipc.NewReader(a.Body)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Release()
	b.SetBytes(batchSize)
	for b.Loop() {
		if !r.Next() {
			b.Fatal(r.Err())
		}
	}
}
