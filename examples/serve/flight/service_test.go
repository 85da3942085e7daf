package flight_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	stokerflight "github.com/stokerdata/stoker/examples/serve/flight"
	"github.com/stokerdata/stoker/examples/serve/ldr"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// serve serves a hundred numbers in batches of eight, and returns a client.
func serve(t *testing.T, s *stokerflight.Service) flight.Client {
	t.Helper()
	numbers := make([]int64, 100)
	for i := range numbers {
		numbers[i] = int64(i)
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "x", DType: dtype.Int64},
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(2, 3)},
	}, mem.Of(numbers), mem.Of(make([]uint8, 600)))
	if err != nil {
		t.Fatal(err)
	}
	s.Server.Datasets = map[string]ldr.Dataset{"train": {Source: src, Config: loader.Config{BatchSize: 8, Order: loader.Shuffle{}}}}
	g := flight.NewServerWithMiddleware(nil)
	if err := g.Init("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	g.RegisterFlightService(s)
	done := make(chan error, 1)
	go func() { done <- g.Serve() }()
	c, err := flight.NewClientWithMiddleware(g.Addr().String(), nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		g.Shutdown()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return c
}

// numbers reads a stream.
func numbers(ctx context.Context, c flight.Client, ticket string) (list []int64, err error) {
	stream, err := c.DoGet(ctx, &flight.Ticket{Ticket: []byte(ticket)})
	if err != nil {
		return nil, err
	}
	r, err := flight.NewRecordReader(stream)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	for r.Next() {
		list = append(list, r.Record().Column(0).(*array.Int64).Int64Values()...)
	}
	return list, r.Err()
}

// TestFlight finds the data set, and streams it whole and from the middle.
func TestFlight(t *testing.T) {
	c := serve(t, &stokerflight.Service{Server: &ldr.Server{}})
	list, err := c.ListFlights(t.Context(), &flight.Criteria{})
	if err != nil {
		t.Fatal(err)
	}
	info, err := list.Recv()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := flight.DeserializeSchema(info.Schema, nil)
	if err != nil || schema.Field(1).Metadata.FindKey("ARROW:extension:name") < 0 {
		t.Errorf("%v, %v", schema, err)
	}
	all, err := numbers(t.Context(), c, string(info.Endpoint[0].Ticket.Ticket))
	if err != nil || len(all) != 100 {
		t.Fatalf("%d numbers, %v", len(all), err)
	}
	rest, err := numbers(t.Context(), c, `{"dataset": "train", "next": 5}`)
	if err != nil || fmt.Sprint(rest) != fmt.Sprint(all[40:]) {
		t.Errorf("%v, %v, want %v", rest, err, all[40:])
	}
	info, err = c.GetFlightInfo(t.Context(), &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: []byte(`{"epoch": 1}`)})
	if err != nil {
		t.Fatal(err)
	}
	other, err := numbers(t.Context(), c, string(info.Endpoint[0].Ticket.Ticket))
	if err != nil || len(other) != 100 || fmt.Sprint(other) == fmt.Sprint(all) {
		t.Errorf("%v, %v", other, err)
	}
}

// TestRefusals answers with the codes of gRPC.
func TestRefusals(t *testing.T) {
	c := serve(t, &stokerflight.Service{Server: &ldr.Server{Token: "s3cret"}})
	in := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer s3cret")
	if list, err := numbers(in, c, `{}`); err != nil || len(list) != 100 {
		t.Errorf("%d numbers, %v", len(list), err)
	}
	for ticket, want := range map[string]codes.Code{
		`{"dataset": "test"}`:   codes.InvalidArgument,
		`{"rank": 1}`:           codes.InvalidArgument,
		`{"rnk": 1}`:            codes.InvalidArgument,
		`train`:                 codes.InvalidArgument,
		`{"fingerprint": "00"}`: codes.FailedPrecondition,
	} {
		if _, err := numbers(in, c, ticket); status.Code(err) != want {
			t.Errorf("%s: %v, want %v", ticket, err, want)
		}
	}
	if _, err := numbers(t.Context(), c, `{"token": "s3cret"}`); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a token in a ticket: %v", err)
	}
	if _, err := c.GetFlightInfo(in, &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: []string{"a", "b"}}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a path of two names: %v", err)
	}
}
