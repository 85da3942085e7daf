// Package flight serves batches over Arrow Flight, for those who run Flight
// already. It is a module of its own, as gRPC is larger than all of stoker:
//
//	srv := &ldr.Server{Datasets: ...}
//	g := flight.NewServerWithMiddleware(nil) // of github.com/apache/arrow/go/v15/arrow/flight
//	...
//	g.RegisterFlightService(&stokerflight.Service{Server: srv})
//	err := g.Serve()
//
// Flight is slow: it copies each body several times. On two shared cores
// BenchmarkFlight moved a third of the bytes of BenchmarkHTTP, and a fourteenth of
// those of BenchmarkInline in package ldr (medians of five runs in turn), and there
// is no shared memory. Who is free to choose takes LDR/1, or Arrow over HTTP
// (package arrowstream). Batches of more than 4 MB take a client that allows such
// messages: grpc.MaxCallRecvMsgSize in Go; pyarrow's does.
//
// A ticket is JSON, with the keys of a HELLO of LDR/1: dataset, rank, world,
// batch_size, epoch, epochs, next, fingerprint. ListFlights lists the data sets,
// and GetFlightInfo of a path of one name, or of a command that is such JSON, gives
// the ticket. A token is the header "authorization: Bearer s3cret". A position that
// is lost with the connection is the client's to know, as everywhere.
package flight
