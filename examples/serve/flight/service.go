package flight

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/apache/arrow/go/v15/arrow/flight"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/stokerdata/stoker/examples/serve/ldr"
	"github.com/stokerdata/stoker/format/feather/arrowbridge"
	"github.com/stokerdata/stoker/loader"
)

// Service serves the data sets of a server. Methods that it does not have answer
// that they are not implemented.
type Service struct {
	flight.BaseFlightServer
	Server *ldr.Server
	// MaxClients bounds the streams at a time; 0 means 64.
	MaxClients int

	clients atomic.Int64
}

const (
	defaultClients = 64
	maxTicket      = 1 << 20
)

// ListFlights implements flight.FlightServer: one flight for each data set.
func (s *Service) ListFlights(_ *flight.Criteria, out flight.FlightService_ListFlightsServer) error {
	for _, name := range slices.Sorted(maps.Keys(s.Server.Datasets)) {
		q := request(out.Context())
		q.Dataset = name
		info, err := s.info(q, &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: []string{name}})
		if err != nil {
			return asStatus(err)
		}
		if err := out.Send(info); err != nil {
			return err
		}
	}
	return nil
}

// GetFlightInfo implements flight.FlightServer.
func (s *Service) GetFlightInfo(ctx context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	q := request(ctx)
	var err error
	switch {
	case d.Type == flight.DescriptorPATH && len(d.Path) == 1:
		q.Dataset = d.Path[0]
	case d.Type == flight.DescriptorCMD:
		err = parse(d.Cmd, &q)
	default:
		err = badTicket("a flight is a path of one name, or a command in JSON")
	}
	if err != nil {
		return nil, asStatus(err)
	}
	info, err := s.info(q, d)
	return info, asStatus(err)
}

// info describes what q would get.
func (s *Service) info(q ldr.Request, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	ld, bridge, err := s.open(q)
	if err != nil {
		return nil, err
	}
	q.Token = "" // a ticket may be shown to others
	ticket, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	return &flight.FlightInfo{
		Schema:           flight.SerializeSchema(bridge.Schema(), memory.DefaultAllocator),
		FlightDescriptor: d,
		Endpoint:         []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: ticket}}},
		TotalRecords:     -1,
		TotalBytes:       -1,
		Ordered:          true,
		AppMetadata:      fmt.Appendf(nil, `{"fingerprint": %q, "batches": %d}`, ld.State().Fingerprint, ld.Len()),
	}, nil
}

// DoGet implements flight.FlightServer.
func (s *Service) DoGet(t *flight.Ticket, out flight.FlightService_DoGetServer) error {
	most := int64(s.MaxClients)
	if most == 0 {
		most = defaultClients
	}
	defer s.clients.Add(-1)
	if n := s.clients.Add(1); n > most {
		return asStatus(&ldr.Error{Code: "overloaded", Message: fmt.Sprintf("%d clients are there already", n-1)})
	}
	q := request(out.Context())
	if err := parse(t.Ticket, &q); err != nil {
		return asStatus(err)
	}
	ld, bridge, err := s.open(q)
	if err != nil {
		return asStatus(err)
	}
	w := flight.NewRecordWriter(out, ipc.WithSchema(bridge.Schema()))
	for b, err := range ld.All(out.Context()) {
		if err != nil {
			return asStatus(err)
		}
		rec, err := bridge.Record(b)
		if err != nil {
			return asStatus(err)
		}
		err = w.Write(rec)
		rec.Release()
		if err != nil {
			return err
		}
	}
	return w.Close()
}

// open returns the loader of q and what makes records of its batches.
func (s *Service) open(q ldr.Request) (*loader.Loader, *arrowbridge.Bridge, error) {
	ld, err := s.Server.Loader(q)
	if err != nil {
		return nil, nil, err
	}
	bridge, err := arrowbridge.New(ld.Spec())
	return ld, bridge, err
}

// request returns a request with the token of a call.
func request(ctx context.Context) (q ldr.Request) {
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		for _, a := range md.Get("authorization") {
			q.Token, _ = strings.CutPrefix(a, "Bearer ")
		}
	}
	return q
}

// parse reads a request, whose token is that of the call.
func parse(text []byte, q *ldr.Request) error {
	if len(text) > maxTicket {
		return badTicket("a ticket of %d bytes", len(text))
	}
	token := q.Token
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(q); err != nil {
		return badTicket("ticket: %v", err)
	}
	q.Token = token
	return nil
}

func badTicket(format string, args ...any) error {
	return &ldr.Error{Code: "bad_hello", Message: fmt.Sprintf(format, args...), Fatal: true}
}

// asStatus returns err as one of gRPC.
func asStatus(err error) error {
	var e *ldr.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	code, ok := map[string]codes.Code{
		"bad_hello": codes.InvalidArgument, "unauthenticated": codes.Unauthenticated,
		"dataset_changed": codes.FailedPrecondition, "overloaded": codes.ResourceExhausted,
	}[e.Code]
	if !ok {
		code = codes.Internal
	}
	return status.Error(code, e.Error())
}
