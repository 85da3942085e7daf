// Command serve streams batches to trainers in other processes, in Python or
// whatever else speaks LDR/1 (PROTOCOL.md): through shared memory, without a
// copy, to those on this machine, over TCP to others.
//
// Usage:
//
//	go run ./examples/serve -data PATH -batch 256 [flags]
//	go run ./examples/serve -source '{"shapes": {"Rows": 100000}}' -batch 256 [flags]
//	go run ./examples/serve -config FILE
//
// PATH is a folder of images, sounds or texts, a manifest, or Parquet or Feather
// files. A file describes several data sets, as README.md shows. The server ends
// with SIGTERM or SIGINT, when it tells its clients to go elsewhere; with -parent
// also when its standard input is closed, and with -fd when the one client does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/stokerdata/stoker/examples/serve/arrowstream"
	"github.com/stokerdata/stoker/examples/serve/ldr"
)

// options is what the command line says.
type options struct {
	config string
	file   file // of -config, or of the other flags
	dir    string
	fd     int
	parent bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if err == nil {
		if o.parent {
			ctx = untilClosed(ctx, os.Stdin)
		}
		err = run(ctx, o, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// untilClosed returns a context that is done when r ends: as a pipe does when
// the process at its other end dies, however it dies.
func untilClosed(ctx context.Context, r io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() { // the read cannot be ended but by the other end, or with the process
		defer cancel()
		io.Copy(io.Discard, r)
	}()
	return ctx
}

// parse reads the command line.
func parse(args []string) (options, error) {
	o := options{dir: "."}
	f := flag.NewFlagSet("serve", flag.ExitOnError)
	var data, source, transforms, order, listen, arrow string
	var batch int
	var seed uint64
	f.StringVar(&o.config, "config", "", "`file` that describes data sets; all flags but -listen, -arrow, -status, -fd and -parent belong there")
	f.StringVar(&data, "data", "", "`path` of a data set")
	f.StringVar(&source, "source", "", "data set as `JSON`, as in a file")
	f.StringVar(&transforms, "transforms", "", "pipeline as a `JSON` list, as in a file")
	f.StringVar(&order, "order", "", "loader.Sequential or loader.Shuffle, or as `JSON`")
	f.IntVar(&batch, "batch", 0, "rows of a batch")
	f.Uint64Var(&seed, "seed", 0, "makes the order and all augmentation")
	f.StringVar(&listen, "listen", "", "`addresses`, with commas between them: paths of Unix sockets, tcp://host:port")
	f.StringVar(&arrow, "arrow", "", "`addresses`, of the same kind, of Arrow streams over HTTP")
	status := f.String("status", "", "`address` of a status page and of /metrics, as in localhost:8080")
	f.IntVar(&o.fd, "fd", -1, "serve the one client at this `descriptor`, and end with it")
	f.BoolVar(&o.parent, "parent", false, "end when standard input is closed, as it is when the parent dies")
	f.Parse(args) // it ends the program on an error
	single := data != "" || source != "" || transforms != "" || order != "" || batch != 0 || seed != 0
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; a data set is given as -data %s", f.Arg(0), f.Arg(0))
	case o.config != "" && single:
		return o, errors.New("what is served stands in the file of -config, or in flags, not in both")
	case o.config == "" && (data == "") == (source == ""):
		return o, errors.New("give one of -data, -source and -config; -help lists all flags")
	}
	var err error
	if o.config != "" {
		o.dir = filepath.Dir(o.config)
		err = o.file.readFile(o.config)
	} else {
		err = o.file.single(data, source, transforms, order, batch, seed)
	}
	replace(&o.file.Listen, listen)
	replace(&o.file.Arrow, arrow)
	if *status != "" {
		o.file.Status = *status
	}
	return o, err
}

// replace sets addresses to those of a flag, which begin here and not where a
// file lies.
func replace(addresses *[]string, flag string) {
	if flag == "" {
		return
	}
	*addresses = strings.Split(flag, ",")
	for i, a := range *addresses {
		if abs, err := filepath.Abs(a); err == nil && !strings.HasPrefix(a, "tcp://") {
			(*addresses)[i] = abs
		}
	}
}

// run serves until ctx is done.
func run(ctx context.Context, o options, log *slog.Logger) error {
	srv, err := o.file.server(o.dir)
	if err != nil {
		return err
	}
	defer closeSources(srv)
	srv.Log = log
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	if o.file.Status != "" {
		page, err := newStatus(srv, o.file.Status)
		if err != nil {
			return err
		}
		log.Info("status", "url", page.url())
		group.Go(func() { page.serve(ctx) })
	}
	if o.fd >= 0 {
		return serveDescriptor(ctx, srv, o.fd)
	}
	addresses := o.file.Listen
	if len(addresses) == 0 && len(o.file.Arrow) == 0 {
		addresses = []string{defaultSocket()}
	}
	listeners, err := listen(srv, o.dir, addresses)
	if err != nil {
		return err
	}
	arrows, err := listen(srv, o.dir, o.file.Arrow)
	if err != nil {
		closeAll(listeners)
		return err
	}
	failed := make(chan error, len(listeners)+len(arrows))
	serve := func(l net.Listener, what string, f func() error) {
		log.Info("listening", "address", l.Addr(), "for", what)
		group.Go(func() {
			defer cancel()
			failed <- f()
		})
	}
	for _, l := range listeners {
		serve(l, "LDR/1", func() error { return srv.Serve(ctx, l) })
	}
	for _, l := range arrows {
		h := arrowHandler(srv, l, log)
		serve(l, "Arrow", func() error { return serveHTTP(ctx, l, h) })
	}
	for range cap(failed) {
		err = errors.Join(err, <-failed)
	}
	return err
}

// arrowHandler serves Arrow streams at l. What needs no token is not for pages
// of others in a browser.
func arrowHandler(srv *ldr.Server, l net.Listener, log *slog.Logger) http.Handler {
	h := &arrowstream.Handler{Server: srv, MaxClients: srv.MaxClients, Log: log}
	if _, tcp := l.Addr().(*net.TCPAddr); tcp && srv.Token == "" {
		return local(h)
	}
	return h
}

// serveDescriptor serves the client whose socket was inherited.
func serveDescriptor(ctx context.Context, srv *ldr.Server, fd int) error {
	f := os.NewFile(uintptr(fd), "client")
	c, err := net.FileConn(f)
	f.Close()
	if err != nil {
		return fmt.Errorf("-fd %d: %w", fd, err)
	}
	return srv.ServeConn(ctx, c)
}
