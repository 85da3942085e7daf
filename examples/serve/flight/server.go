package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v15/arrow/flight"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/stokerdata/stoker/format/feather/arrowbridge"
	"github.com/stokerdata/stoker/loader"
)

// dataset is a source and what is made of it.
type dataset struct {
	source loader.Source
	config loader.Config
}

// server is the Flight service.
type server struct {
	flight.BaseFlightServer
	datasets map[string]dataset
	ctx      context.Context // of all streams
	cancel   context.CancelFunc
}

func newServer() *server {
	s := &server{datasets: map[string]dataset{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// close closes the sources, which no stream uses any more.
func (s *server) close() {
	s.cancel()
	for _, d := range s.datasets {
		if c, ok := d.source.(io.Closer); ok {
			c.Close()
		}
	}
}

// stream is the loader of a request, and what makes records of its batches.
type stream struct {
	ld     *loader.Loader
	bridge *arrowbridge.Bridge
}

// stream returns the stream that a request asks for.
func (s *server) stream(r request) (*stream, error) {
	d, ok := s.datasets[r.Dataset]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "there is no data set %q; there are %q", r.Dataset, slices.Sorted(maps.Keys(s.datasets)))
	}
	c := d.config
	c.Rank, c.World, c.Resume = r.Rank, max(1, r.World), nil
	if r.BatchSize != 0 {
		c.BatchSize = r.BatchSize
	}
	at, err := position(d.source, c, r)
	if err != nil {
		return nil, refusal(err)
	}
	c.Resume, c.Epochs = at, int(at.Epoch)+1
	ld, err := loader.New(d.source, c)
	if err != nil {
		return nil, refusal(err)
	}
	bridge, err := arrowbridge.New(ld.Spec())
	if err != nil {
		return nil, refusal(err)
	}
	return &stream{ld, bridge}, nil
}

// position returns where a request begins.
func position(src loader.Source, c loader.Config, r request) (*loader.State, error) {
	ld, err := loader.New(src, c)
	if err != nil {
		return nil, err
	}
	at := ld.State()
	at.Epoch = r.Epoch
	if len(r.State) > 0 && !bytes.Equal(r.State, []byte("null")) {
		err = json.Unmarshal(r.State, &at)
	}
	if err == nil && (at.Epoch < 0 || at.Epoch >= 1<<31) {
		err = errors.New("there is no such epoch")
	}
	return &at, err
}

// refusal is an error of whoever asked.
func refusal(err error) error { return status.Error(codes.InvalidArgument, err.Error()) }

// ListFlights implements Flight: a flight is a data set.
func (s *server) ListFlights(_ *flight.Criteria, to flight.FlightService_ListFlightsServer) error {
	for _, name := range slices.Sorted(maps.Keys(s.datasets)) {
		info, err := s.info(name)
		if err != nil {
			return err
		}
		if err := to.Send(info); err != nil {
			return err
		}
	}
	return nil
}

// GetFlightInfo implements Flight for the path of a data set.
func (s *server) GetFlightInfo(_ context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	if len(d.GetPath()) != 1 {
		return nil, status.Errorf(codes.InvalidArgument, "the path of a flight is the name of a data set, not %q", d.GetPath())
	}
	return s.info(d.GetPath()[0])
}

// info describes a data set, with the ticket of its first epoch for one rank.
func (s *server) info(name string) (*flight.FlightInfo, error) {
	x, err := s.stream(request{Dataset: name})
	if err != nil {
		return nil, err
	}
	ticket, err := json.Marshal(map[string]string{"dataset": name})
	if err != nil {
		return nil, err
	}
	return &flight.FlightInfo{
		Schema:           flight.SerializeSchema(x.bridge.Schema(), memory.DefaultAllocator),
		FlightDescriptor: &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: []string{name}},
		Endpoint:         []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: ticket}}},
		TotalRecords:     -1,
		TotalBytes:       -1,
	}, nil
}

// DoGet implements Flight: it streams an epoch.
func (s *server) DoGet(t *flight.Ticket, to flight.FlightService_DoGetServer) error {
	var r request
	if err := json.Unmarshal(t.GetTicket(), &r); err != nil {
		return status.Errorf(codes.InvalidArgument, "the ticket is no request: %v", err)
	}
	x, err := s.stream(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(to.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	w := flight.NewRecordWriter(to, ipc.WithSchema(x.bridge.Schema()))
	for b, err := range x.ld.All(ctx) {
		if err == nil {
			err = x.send(w, b)
		}
		if err != nil {
			w.Close()
			return status.Error(codes.Aborted, err.Error())
		}
	}
	return w.Close()
}

// send sends a batch, with the position behind it.
func (x *stream) send(w *flight.Writer, b *loader.Batch) error {
	at, err := json.Marshal(b.State())
	if err != nil {
		return err
	}
	rec, err := x.bridge.Record(b)
	if err != nil {
		return err
	}
	defer rec.Release()
	return w.WriteWithAppMetadata(rec, at)
}
