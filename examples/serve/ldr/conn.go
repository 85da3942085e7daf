package ldr

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// conn is a connection with one client.
type conn struct {
	net   net.Conn
	r     *bufio.Reader
	hello helloMeta

	mu     sync.Mutex // one frame is written at a time
	out    []byte
	broken bool // a frame was written in part
}

// errGone ends a connection that the client has closed, on purpose or not.
var errGone = errors.New("the client is gone")

// errBye is errGone after a BYE.
var errBye = fmt.Errorf("%w (BYE)", errGone)

// ServeConn serves the one client at the other end of c, however many there are
// already, closes c and returns why: nil if all was streamed or the client left
// with BYE.
func (s *Server) ServeConn(ctx context.Context, c net.Conn) error {
	s.mu.Lock()
	s.opening++
	s.mu.Unlock()
	return s.serve(ctx, c)
}

// serve is ServeConn for a connection that is counted as opening.
func (s *Server) serve(ctx context.Context, nc net.Conn) error {
	c := &conn{net: nc, r: bufio.NewReader(nc)}
	defer nc.Close()
	x, err := s.open(ctx, c)
	if err == nil {
		err = x.serve(ctx)
	}
	if err == nil || errors.Is(err, errGone) {
		return err
	}
	c.refuse(c.explain(ctx, err, x))
	c.linger()
	return err
}

// linger waits for the client to close, so that what was sent last is not lost
// with the connection.
func (c *conn) linger() {
	if h, ok := c.net.(interface{ CloseWrite() error }); ok && h.CloseWrite() == nil {
		c.net.SetReadDeadline(time.Now().Add(grace))
		io.CopyN(io.Discard, c.net, maxMeta)
	}
}

// explain makes an error one that the client understands, with where it stood.
func (c *conn) explain(ctx context.Context, err error, x *session) *Error {
	r := &Error{Code: "pipeline", Message: err.Error(), Fatal: true}
	var known *Error
	switch {
	case errors.As(err, &known):
		r = new(*known)
	case ctx.Err() != nil:
		r = &Error{Code: "draining", Message: "the server shuts down"}
	case errors.Is(err, errFrame):
		r.Code = "protocol"
	case errors.Is(err, loader.ErrState):
		r.Code = "dataset_changed"
	}
	r.Rank, r.World, r.Epoch, r.Batch = c.hello.Rank, c.hello.World, c.hello.Epoch, c.hello.Next
	if x != nil {
		r.Epoch, r.Batch = x.position()
	}
	return r
}

// refuse sends an ERROR, if the stream of frames is whole.
func (c *conn) refuse(err error) {
	c.net.SetWriteDeadline(time.Now().Add(grace))
	c.send(header{typ: failure}, err)
}

// send writes a frame without a body; meta is nil for none.
func (c *conn) send(h header, meta any) error {
	var b []byte
	if meta != nil {
		var err error
		if b, err = json.Marshal(meta); err != nil {
			return err
		}
		if len(b) > maxMeta {
			return fmt.Errorf("%v has %d bytes of meta, the most is %d", h.typ, len(b), maxMeta)
		}
	}
	h.meta = uint32(len(b))
	return c.write(func() (int64, error) {
		c.out = append(h.append(c.out[:0]), b...)
		n, err := c.net.Write(c.out)
		return int64(n), err
	})
}

// write runs a function that writes a frame.
func (c *conn) write(frame func() (int64, error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken {
		return errGone
	}
	if n, err := frame(); err != nil {
		c.broken = n > 0
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}

// open reads what the client wants and answers.
func (s *Server) open(ctx context.Context, c *conn) (x *session, err error) {
	stop := context.AfterFunc(ctx, func() { c.net.SetDeadline(time.Now()) })
	defer stop()
	defer func() {
		s.mu.Lock()
		s.opening--
		s.mu.Unlock()
		if err != nil {
			s.refused.Add(1)
			s.log().Info("refused", "remote", c.net.RemoteAddr(), "error", err)
		}
	}()
	c.net.SetDeadline(time.Now().Add(helloTimeout))
	if err := s.readHello(c); err != nil {
		return nil, err
	}
	c.net.SetDeadline(time.Time{}) // a ctx that is done is seen by who serves
	if x, err = s.newSession(c); err != nil {
		return nil, err
	}
	if err = s.enter(x); err == nil {
		err = x.welcome()
	}
	if err != nil {
		x.leave()
		return nil, err
	}
	return x, nil
}

// readHello reads and checks the first frame.
func (s *Server) readHello(c *conn) error {
	if u, ok := c.net.(*net.UnixConn); ok {
		switch same, err := sameUser(u); {
		case err != nil:
			return err
		case !same:
			return &Error{Code: "unauthenticated", Message: "the client belongs to another user", Fatal: true}
		}
	}
	h, err := readHeader(c.r)
	if err == nil && (h.typ != hello || h.meta == 0) {
		err = fmt.Errorf("%w: %v with %d bytes of meta in the place of a HELLO", errFrame, h.typ, h.meta)
	}
	if err == nil {
		err = readMeta(c.r, h, &c.hello)
	}
	switch {
	case errors.Is(err, errFrame):
		return err
	case err != nil:
		return fmt.Errorf("%w before its HELLO: %w", errGone, err)
	}
	if err := s.authenticate(&c.hello.Request); err != nil {
		return err
	}
	return c.hello.complete()
}
