package ldr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// maxCredits bounds the inline credits that a client may have and not use.
const maxCredits = 1024

// session streams batches to one client.
type session struct {
	*conn
	stream
	srv   *Server
	id    int64
	since time.Time
	mem   slots

	free   chan struct{} // slots that the client may be sent
	inline chan struct{} // bodies that it asks for
	frame  frameWriter

	kept    sync.Mutex
	held    []*loader.Batch // by slot, what the client has
	after   loader.State    // position behind what was sent
	epoch   atomic.Int64
	next    atomic.Int64
	waiting atomic.Bool // for the loader
	sent    traffic
}

// newSession makes the loader that the client asks for.
func (s *Server) newSession(c *conn) (*session, error) {
	x := &session{conn: c, srv: s, since: time.Now()}
	var err error
	if x.stream, err = s.newStream(&c.hello.Request, x.mem.alloc); err != nil {
		return nil, err
	}
	x.after = x.ld.State()
	x.epoch.Store(c.hello.Epoch)
	x.next.Store(c.hello.Next)
	return x, x.furnish()
}

// furnish decides where batches are built.
func (x *session) furnish() error {
	window := x.window
	x.mem.layout = newLayout(x.ld.Spec(), x.rows)
	_, local := x.net.(*net.UnixConn)
	if local && x.mem.size > 0 && slices.Contains(x.hello.Transports, viaSlots) {
		err := x.mem.share(x.ld.Stats().Prefetch + window)
		if err != nil {
			x.srv.log().Warn("no shared slots", "error", err)
			if !slices.Contains(x.hello.Transports, inBody) {
				return badHello("no shared slots: %v", err)
			}
		}
	} else if !slices.Contains(x.hello.Transports, inBody) {
		return badHello("no shared slots over this connection or for these fields, and the client takes nothing else")
	}
	if x.mem.shared == nil {
		window = 0
	}
	x.held = make([]*loader.Batch, x.mem.n)
	x.free, x.inline = make(chan struct{}, window), make(chan struct{}, maxCredits)
	for range window {
		x.free <- struct{}{}
	}
	return nil
}

// welcome answers the HELLO.
func (x *session) welcome() error {
	m := welcomeMeta{
		Version: version, Dataset: x.dataset, Fingerprint: x.print, BatchSize: x.rows,
		Resume: "next", Transport: inBody, Fields: x.mem.fields, Size: x.mem.size,
		HeartbeatMS: x.srv.heartbeat().Milliseconds(),
	}
	if n := x.ld.Len(); n >= 0 {
		m.Batches = &n
	}
	if x.stateful {
		m.Resume = "state"
	}
	if x.mem.shared == nil {
		return x.send(header{typ: welcome}, m)
	}
	m.Transport, m.Slots, m.Stride, m.Window = viaSlots, x.mem.n, x.mem.stride, cap(x.free)
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(b) > maxMeta {
		return fmt.Errorf("the description of %d fields has %d bytes", len(m.Fields), len(b))
	}
	b = append(header{typ: welcome, meta: uint32(len(b))}.append(nil), b...)
	err = sendFile(x.net.(*net.UnixConn), b, x.mem.file)
	x.mem.closeFile()
	if err != nil {
		x.broken = true
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}

// serve streams until all was sent and the client has left, or one of both fails.
func (x *session) serve(ctx context.Context) error {
	log := x.srv.log().With("dataset", x.dataset, "rank", x.hello.Rank, "world", x.hello.World)
	log.Info("serving", "client", x.hello.Client, "remote", x.net.RemoteAddr(), "epoch", x.hello.Epoch, "batch", x.hello.Next)
	defer x.leave()
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(ctx, func() {
		x.net.SetReadDeadline(time.Now())
		x.net.SetWriteDeadline(time.Now().Add(grace))
	})
	defer stop()
	var group sync.WaitGroup
	group.Go(func() { cancel(x.listen()) })
	group.Go(func() { x.beat(ctx) })
	err := x.sendAll(ctx)
	if err == nil {
		<-ctx.Done()
		err = context.Cause(ctx)
	}
	cancel(err)
	group.Wait()
	log.Info("served", "epoch", x.epoch.Load(), "batch", x.next.Load(), "batches", x.sent.batches.Load(), "end", err)
	if errors.Is(err, errBye) {
		return nil
	}
	return err
}

// leave gives back what the session has. Memory that somebody may still write to,
// and does for longer than patience, is given up.
func (x *session) leave() {
	x.srv.leave(x)
	for wait := time.Millisecond; x.ld.Stats().Stuck > 0; wait *= 2 {
		if wait > patience {
			return
		}
		time.Sleep(wait)
	}
	x.mem.close()
}

// patience is for a decoder on a busy machine, which the loader does not wait for.
const patience = time.Second

// sendAll sends the batches.
func (x *session) sendAll(ctx context.Context) error {
	defer x.waiting.Store(false)
	x.waiting.Store(true)
	for b, err := range x.ld.All(ctx) {
		x.waiting.Store(false)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			err = x.endEpochs(b.Epoch)
		}
		if err == nil {
			err = x.sendBatch(ctx, b)
		}
		if err == nil {
			x.after = b.State()
			err = x.endEpochs(x.after.Epoch)
		}
		if err != nil {
			return err
		}
		x.waiting.Store(true)
	}
	if x.hello.Epochs < 0 {
		return errors.New("no batch comes of this data set")
	}
	return x.endEpochs(x.hello.Epoch + x.hello.Epochs)
}

// endEpochs sends an END for each epoch before the given one.
func (x *session) endEpochs(before int64) error {
	for e := x.epoch.Load(); e < before; e++ {
		m := endMeta{Epoch: e}
		if x.stateful {
			if x.after.Epoch == e {
				x.after.Epoch, x.after.Position, x.after.Step, x.after.Into = e+1, 0, 0, 0
				x.after.Ahead, x.after.Held = nil, nil
			}
			m.State = &x.after
		}
		if err := x.send(header{typ: end, seq: uint64(x.next.Load())}, m); err != nil {
			return err
		}
		x.next.Store(0)
		x.epoch.Store(e + 1)
	}
	return nil
}

// sendBatch sends b as soon as the client has room for it.
func (x *session) sendBatch(ctx context.Context, b *loader.Batch) error {
	meta, err := x.describe(b)
	if err != nil {
		return err
	}
	image, slot := x.mem.image(b)
	shared, err := x.room(ctx)
	if err != nil {
		return err
	}
	h := header{typ: batch, slot: uint32(slot), seq: uint64(x.next.Load())}
	total := len(image)
	if shared {
		x.kept.Lock()
		x.held[slot] = b.Keep()
		x.kept.Unlock()
		image = nil
	} else {
		h.slot = inlineSlot
	}
	x.frame.layOut(h, meta, image, b, x.mem.varying)
	if err := x.write(func() (int64, error) { return x.frame.writeTo(x.net) }); err != nil {
		return err
	}
	for _, f := range x.mem.varying {
		total += len(b.Column(f).Data)
	}
	x.next.Add(1)
	x.sent.batches.Add(1)
	x.sent.samples.Add(int64(b.Len()))
	x.sent.bytes.Add(int64(total))
	return nil
}

// describe returns the meta of b, empty for most batches.
func (x *session) describe(b *loader.Batch) ([]byte, error) {
	var m batchMeta
	if b.Len() != x.rows {
		m.Rows = b.Len()
	}
	if x.stateful {
		m.State = new(b.State())
	}
	if m == (batchMeta{}) {
		return nil, nil
	}
	meta, err := json.Marshal(m)
	if err == nil && len(meta) > maxMeta {
		err = fmt.Errorf("the state of the stream has %d bytes, the most is %d", len(meta), maxMeta)
	}
	return meta, err
}

// room waits until the client can take a batch, and reports whether in a slot.
func (x *session) room(ctx context.Context) (shared bool, err error) {
	select {
	case <-x.free:
		return true, nil
	default:
	}
	select {
	case <-x.free:
		return true, nil
	case <-x.inline:
		return false, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// listen reads what the client says until it is gone.
func (x *session) listen() error {
	for {
		h, err := readHeader(x.r)
		switch {
		case errors.Is(err, errFrame):
			return err
		case err != nil:
			return fmt.Errorf("%w: %w", errGone, err)
		}
		switch h.typ {
		case credit:
			err = x.credit(h.slot)
		case ping:
			err = x.send(header{typ: ping, seq: h.seq}, nil)
		case bye:
			return errBye
		default:
			err = fmt.Errorf("%w: %v from a client that is served", errFrame, h.typ)
		}
		if err != nil {
			return err
		}
	}
}

// credit takes a slot back, or a request for a batch inline.
func (x *session) credit(slot uint32) error {
	if slot == inlineSlot {
		select {
		case x.inline <- struct{}{}:
			return nil
		default:
			return fmt.Errorf("%w: more than %d unused CREDITs", errFrame, maxCredits)
		}
	}
	x.kept.Lock()
	var b *loader.Batch
	if int64(slot) < int64(len(x.held)) {
		b, x.held[slot] = x.held[slot], nil
	}
	x.kept.Unlock()
	if b == nil {
		return fmt.Errorf("%w: CREDIT for slot %d, which the client does not hold", errFrame, slot)
	}
	b.Release()
	x.free <- struct{}{} // there is room: a held slot has taken one out
	return nil
}

// beat tells a client that waits that the server is there, as long as a batch
// that it may be sent is not ready.
func (x *session) beat(ctx context.Context) {
	t := time.NewTicker(x.srv.heartbeat())
	defer t.Stop()
	for last := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		n := x.sent.batches.Load()
		if n == last && x.waiting.Load() && len(x.free)+len(x.inline) > 0 {
			x.send(header{typ: ping}, nil) // listen notices a client that is gone
		}
		last = n
	}
}

// position returns the batch that is sent next.
func (x *session) position() (epoch, next int64) { return x.epoch.Load(), x.next.Load() }

func (x *session) snapshot() Session {
	one := Session{
		ID: x.id, Dataset: x.dataset, Client: x.hello.Client, Remote: x.net.RemoteAddr().String(), Transport: inBody,
		Rank: x.hello.Rank, World: x.hello.World, Since: x.since,
		Batches: x.sent.batches.Load(), Samples: x.sent.samples.Load(), Bytes: x.sent.bytes.Load(),
		Held: cap(x.free) - len(x.free), Loader: x.ld.Stats(),
	}
	one.Epoch, one.Next = x.position()
	if cap(x.free) > 0 {
		one.Transport = viaSlots
	}
	return one
}
