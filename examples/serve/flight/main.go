// Command flight streams batches to clients of Arrow Flight, as record batches.
// It is for those who run Flight already: LDR/1, which the command serve speaks,
// is several times as fast, shares memory with trainers on the same machine, and
// takes up a lost connection by itself.
//
// Usage:
//
//	go run -C examples/serve/flight . -config FILE [-listen localhost:8815]
//
// FILE describes data sets as that of serve does, under Datasets. A flight is a
// data set, its path the name; a ticket is a JSON object of a request:
//
//	{"dataset": "train", "rank": 0, "world": 1, "batch_size": 256, "epoch": 0, "state": null}
//
// where only the data set is required. Each stream is one epoch. The metadata of
// every record batch is the position right behind it, for "state" of another
// ticket.
//
// It listens on the loopback interface alone, as it asks nobody who they are.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/apache/arrow/go/v15/arrow/flight"

	"github.com/stokerdata/stoker/examples/internal/recipe"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config := flag.String("config", "", "`file` that describes data sets")
	listen := flag.String("listen", "localhost:8815", "`address` on the loopback interface")
	flag.Parse()
	if err := run(ctx, *config, *listen, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "flight:", err)
		os.Exit(1)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, config, listen string, log io.Writer) error {
	s, err := open(config)
	if err != nil {
		return err
	}
	defer s.close()
	l, err := loopback(listen)
	if err != nil {
		return err
	}
	grpc := flight.NewServerWithMiddleware(nil)
	grpc.InitListener(l)
	grpc.RegisterFlightService(s)
	fmt.Fprintf(log, "flight: listening on grpc://%v\n", l.Addr())
	stop := context.AfterFunc(ctx, func() {
		s.cancel()
		grpc.Shutdown()
	})
	defer stop()
	return grpc.Serve()
}

// loopback listens, unless others than this machine could connect.
func loopback(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		l.Close()
		return nil, fmt.Errorf("%s can be reached from other machines, and there is no password here: listen on localhost", address)
	}
	return l, nil
}

// open opens the data sets of a file.
func open(config string) (*server, error) {
	text, err := os.ReadFile(config)
	if err != nil {
		return nil, err
	}
	var file struct{ Datasets map[string]recipe.Dataset }
	if err := recipe.Read(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", config, err)
	}
	s := newServer()
	for name, d := range file.Datasets {
		src, wrong := d.Source.Open(filepath.Dir(config))
		if wrong != nil {
			err = errors.Join(err, fmt.Errorf("%s: Datasets.%s: %w", config, name, wrong))
			continue
		}
		s.datasets[name] = dataset{src, d.Config}
	}
	if len(file.Datasets) == 0 {
		err = fmt.Errorf("%s: there are no Datasets", config)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// request is what a ticket asks for.
type request struct {
	Dataset   string          `json:"dataset"`
	Rank      int             `json:"rank"`
	World     int             `json:"world"`
	BatchSize int             `json:"batch_size"`
	Epoch     int64           `json:"epoch"`
	State     json.RawMessage `json:"state"`
}
