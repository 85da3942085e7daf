package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/flight"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/stokerdata/stoker/loader"
)

const config = `{"Datasets": {"numbers": {
	"Source": {"table": {"Rows": 50, "Informative": 1}},
	"BatchSize": 8, "Order": "loader.Shuffle", "Seed": 3
}}}`

// start serves a file and returns a client.
func start(t *testing.T, text string) flight.Client {
	t.Helper()
	file := filepath.Join(t.TempDir(), "data.json")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	log, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, file, "localhost:0", out)
		out.Close()
	}()
	line := make([]byte, 200)
	n, err := log.Read(line)
	if err != nil {
		t.Fatal(<-done)
	}
	_, address, _ := strings.Cut(strings.TrimSpace(string(line[:n])), "grpc://")
	c, err := flight.NewClientWithMiddleware(address, nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(5 * time.Second):
			t.Error("the server did not end")
		}
	})
	return c
}

// received is a record batch that came.
type received struct {
	rows  int64
	x     []float32
	state json.RawMessage
}

// get asks for a stream.
func get(t *testing.T, c flight.Client, ticket string) (list []received, err error) {
	t.Helper()
	stream, err := c.DoGet(t.Context(), &flight.Ticket{Ticket: []byte(ticket)})
	if err != nil {
		return nil, err
	}
	r, err := flight.NewRecordReader(stream)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	for r.Next() {
		rec := r.Record()
		x := rec.Column(rec.Schema().FieldIndices("x00")[0]).(*array.Float32)
		list = append(list, received{rec.NumRows(), slices.Clone(x.Float32Values()), bytes.Clone(r.LatestAppMetadata())})
	}
	return list, r.Err()
}

// direct returns the batches of a loader in this process.
func direct(t *testing.T, r request) (list []received) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "data.json")
	if err := os.WriteFile(file, []byte(config), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	x, err := s.stream(r)
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range x.ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, received{int64(b.Len()), slices.Clone(loader.View[float32](b.Tensor("x00"))), nil})
	}
	return list
}

func same(t *testing.T, name string, got, want []received) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d batches, want %d", name, len(got), len(want))
		return
	}
	for i := range got {
		if got[i].rows != want[i].rows || !slices.Equal(got[i].x, want[i].x) {
			t.Errorf("%s: batch %d is %v, want %v", name, i, got[i], want[i])
		}
	}
}

// TestEpochs streams epochs of ranks, and goes on at every batch.
func TestEpochs(t *testing.T) {
	c := start(t, config)
	for epoch := range int64(2) {
		for rank := range 2 {
			want := direct(t, request{Dataset: "numbers", Rank: rank, World: 2, BatchSize: 4, Epoch: epoch})
			ticket := fmt.Sprintf(`{"dataset": "numbers", "rank": %d, "world": 2, "batch_size": 4, "epoch": %d`, rank, epoch)
			got, err := get(t, c, ticket+"}")
			if err != nil {
				t.Fatal(err)
			}
			same(t, ticket, got, want)
			for i, b := range got[:len(got)-1] {
				rest, err := get(t, c, fmt.Sprintf(`%s, "state": %s}`, ticket, b.state))
				if err != nil {
					t.Fatal(err)
				}
				same(t, fmt.Sprint(ticket, " after batch ", i), rest, want[i+1:])
			}
		}
	}
}

func TestFlights(t *testing.T) {
	c := start(t, config)
	list, err := c.ListFlights(t.Context(), &flight.Criteria{})
	if err != nil {
		t.Fatal(err)
	}
	info, err := list.Recv()
	if err != nil || info.FlightDescriptor.Path[0] != "numbers" {
		t.Fatal(info, err)
	}
	if _, err := list.Recv(); err != io.EOF {
		t.Errorf("after the last flight: %v", err)
	}
	info, err = c.GetFlightInfo(t.Context(), info.FlightDescriptor)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := get(t, c, string(info.Endpoint[0].Ticket.Ticket)); err != nil || len(got) != 7 {
		t.Errorf("%d batches, %v", len(got), err)
	}
	schema, err := flight.DeserializeSchema(info.Schema, memory.DefaultAllocator)
	if err != nil || len(schema.FieldIndices("x00")) != 1 {
		t.Error(schema, err)
	}
}

func TestRefusals(t *testing.T) {
	c := start(t, config)
	for ticket, want := range map[string]codes.Code{
		`{"dataset": "nothing"}`: codes.NotFound,
		`numbers`:                codes.InvalidArgument,
		`{"dataset": "numbers", "rank": 2, "world": 2}`:               codes.InvalidArgument,
		`{"dataset": "numbers", "batch_size": -1}`:                    codes.InvalidArgument,
		`{"dataset": "numbers", "epoch": -1}`:                         codes.InvalidArgument,
		`{"dataset": "numbers", "state": {"version": 99}}`:            codes.InvalidArgument,
		`{"dataset": "numbers", "state": {"fingerprint": "another"}}`: codes.InvalidArgument,
	} {
		if _, err := get(t, c, ticket); status.Code(err) != want {
			t.Errorf("%s: %v, want %v", ticket, err, want)
		}
	}
	if _, err := c.GetFlightInfo(t.Context(), &flight.FlightDescriptor{Path: []string{"a", "b"}}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a path of two: %v", err)
	}
	if l, err := loopback(":0"); err == nil {
		l.Close()
		t.Error("it listens where everybody can connect")
	}
}
