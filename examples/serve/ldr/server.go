package ldr

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// Dataset is a source and what is made of it. Rank, World, BatchSize where a
// client asks for another, Epochs, Resume and Alloc of the Config are those of
// each client.
type Dataset struct {
	Source loader.Source // used by several loaders at once, and not closed
	Config loader.Config
}

// Server serves data sets. Its fields must not be changed while it does.
type Server struct {
	// Datasets holds what is served, by name.
	Datasets map[string]Dataset
	// Token is a secret that a client must know; empty means none.
	Token string
	// TLS, if not nil, is how TCP connections are encrypted; it has a certificate.
	TLS *tls.Config
	// MaxClients bounds the clients that are served at a time; 0 means 64. As many
	// again may be about to say what they want.
	MaxClients int
	// Heartbeat is how often a client that waits for a slow batch hears of the
	// server; 0 means one second.
	Heartbeat time.Duration
	// Log is told who comes and goes; nil means nobody is.
	Log *slog.Logger

	mu       sync.Mutex
	sessions map[*session]struct{}
	opening  int
	clients  atomic.Int64 // that were let in, ever
	refused  atomic.Int64
	sent     traffic // of sessions that ended
}

// traffic is what was sent.
type traffic struct{ batches, samples, bytes atomic.Int64 }

func (t *traffic) add(o *traffic) {
	t.batches.Add(o.batches.Load())
	t.samples.Add(o.samples.Load())
	t.bytes.Add(o.bytes.Load())
}

const (
	defaultClients   = 64
	defaultHeartbeat = time.Second
	helloTimeout     = 5 * time.Second
	// grace is how long a frame that is being written when a connection ends may
	// take, and then a last one.
	grace = 300 * time.Millisecond
)

func (s *Server) maxClients() int {
	if s.MaxClients > 0 {
		return s.MaxClients
	}
	return defaultClients
}

func (s *Server) heartbeat() time.Duration {
	if s.Heartbeat > 0 {
		return s.Heartbeat
	}
	return defaultHeartbeat
}

func (s *Server) log() *slog.Logger {
	if s.Log != nil {
		return s.Log
	}
	return slog.New(slog.DiscardHandler)
}

// Check reports what is wrong with a data set, as New of its loader says.
func (s *Server) Check() error {
	for _, name := range slices.Sorted(maps.Keys(s.Datasets)) {
		d := s.Datasets[name]
		if _, err := loader.New(d.Source, d.Config); err != nil {
			return fmt.Errorf("ldr: data set %q: %w", name, err)
		}
	}
	return nil
}

// Serve serves the clients that come to l, until ctx is done: then it closes l,
// tells the clients, joins all goroutines and returns nil. It returns an error if
// l is closed by others.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var group sync.WaitGroup
	defer group.Wait()
	clients, cancel := context.WithCancel(ctx)
	defer cancel()
	for pause := time.Duration(0); ; {
		c, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("ldr: %w", err)
		default: // as when descriptors run out: others may be closed
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.log().Warn("accept", "error", err, "pause", pause)
			sleep(ctx, pause)
			continue
		}
		if !s.admit() {
			s.turnAway(c)
			continue
		}
		group.Go(func() { s.serve(clients, c) })
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// admit counts a connection that is about to say what it wants.
func (s *Server) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opening >= s.maxClients() {
		return false
	}
	s.opening++
	return true
}

// enter makes an opening connection a client's.
func (s *Server) enter(x *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sessions) >= s.maxClients() {
		return overloaded(len(s.sessions))
	}
	if s.sessions == nil {
		s.sessions = map[*session]struct{}{}
	}
	s.sessions[x] = struct{}{}
	x.id = s.clients.Add(1)
	return nil
}

// leave forgets a client.
func (s *Server) leave(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, x)
	s.sent.add(&x.sent)
}

func overloaded(n int) error {
	return &Error{Code: "overloaded", Message: fmt.Sprintf("%d clients are there already", n)}
}

// turnAway refuses a connection without waiting for what it wants: its first
// frame is small enough for the buffer of a new socket.
func (s *Server) turnAway(nc net.Conn) {
	s.refused.Add(1)
	c := &conn{net: nc}
	nc.SetDeadline(time.Now().Add(grace))
	if _, encrypted := nc.(*tls.Conn); !encrypted { // a handshake would take its time
		c.refuse(overloaded(s.maxClients()))
	}
	nc.Close()
}

// Stats tells what a server has done and does.
type Stats struct {
	// Clients were let in and Refused were not, since the server was made.
	Clients, Refused int64
	// Batches, Samples and Bytes were sent; a batch in a shared slot counts with
	// the bytes in it.
	Batches, Samples, Bytes int64
	// Sessions are the clients that are served, in no order.
	Sessions []Session
}

// Session is one client that is served.
type Session struct {
	ID                                 int64 // numbers the clients that were let in
	Dataset, Client, Remote, Transport string
	Rank, World                        int
	Epoch, Next                        int64 // position
	Batches, Samples, Bytes            int64 // that were sent
	Held                               int   // slots that the client has
	Since                              time.Time
	Loader                             loader.Stats
}

// Stats returns a snapshot. It may be called at any time.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Clients: s.clients.Load(), Refused: s.refused.Load(),
		Batches: s.sent.batches.Load(), Samples: s.sent.samples.Load(), Bytes: s.sent.bytes.Load(),
	}
	for x := range s.sessions {
		one := x.snapshot()
		st.Batches, st.Samples, st.Bytes = st.Batches+one.Batches, st.Samples+one.Samples, st.Bytes+one.Bytes
		st.Sessions = append(st.Sessions, one)
	}
	return st
}
