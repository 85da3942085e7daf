package ldr

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// TestKeepAll never gives a slot back, and gets the rest inline: what it holds
// stays as it was, and nothing waits.
func TestKeepAll(t *testing.T) {
	needSlots(t)
	srv := &Server{Datasets: datasets(t)}
	address, _ := start(t, srv, "")
	list := want(t, srv.Datasets["all"], func(*loader.Config) {})
	h := request(1)
	h.Dataset = "all"
	c := dial(t, address, h)
	var held []*received
	for {
		if len(held) >= c.w.Window {
			if err := c.credit(inlineSlot); err != nil {
				t.Fatal(err)
			}
		}
		got, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if got.typ == end {
			break
		}
		held = append(held, got)
	}
	if len(held) != len(list) {
		t.Fatalf("%d batches, want %d", len(held), len(list))
	}
	for k, got := range held {
		if inline := got.slot == inlineSlot; inline != (k >= c.w.Window) {
			t.Errorf("batch %d came in slot %d", k, got.slot)
		}
		rows, err := c.values(got)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(rows, list[k].rows) {
			t.Errorf("batch %d has changed", k)
		}
	}
}

// TestRefusals says what is wrong with a HELLO.
func TestRefusals(t *testing.T) {
	srv := &Server{Datasets: datasets(t)}
	address, _ := start(t, srv, "")
	for _, test := range []struct {
		change        func(*helloMeta)
		code, message string
	}{
		{func(h *helloMeta) { h.Versions = []int{2, 3} }, "version", "[2 3]"},
		{func(h *helloMeta) { h.Versions = nil }, "version", ""},
		{func(h *helloMeta) { h.Dataset = "al" }, "bad_hello", `"al"; there are ["all"`},
		{func(h *helloMeta) { h.Dataset = "" }, "bad_hello", "there are"},
		{func(h *helloMeta) { h.Rank = 2 }, "bad_hello", "rank 2 of 1"},
		{func(h *helloMeta) { h.Rank = -1 }, "bad_hello", "rank -1"},
		{func(h *helloMeta) { h.World = 1 << 40 }, "bad_hello", "1099511627776"},
		{func(h *helloMeta) { h.BatchSize = -1 }, "bad_hello", "batch_size"},
		{func(h *helloMeta) { h.BatchSize = maxBatchSize + 1 }, "bad_hello", "batch_size"},
		{func(h *helloMeta) { h.Dataset, h.BatchSize = "small", 100_000 }, "pipeline", "Memory allows"},
		{func(h *helloMeta) { h.Epoch = -1 }, "bad_hello", "from -1 on"},
		{func(h *helloMeta) { h.Epochs = 1 << 60 }, "bad_hello", "1152921504606846976 epochs"},
		{func(h *helloMeta) { h.Next = -1 }, "bad_hello", "batch -1"},
		{func(h *helloMeta) { h.Next = 18 }, "bad_hello", "no batch 18, an epoch of rank 0 of 1 has 17"},
		{func(h *helloMeta) { h.Dataset, h.Next = "packed", 1 }, "bad_hello", "state alone"},
		{func(h *helloMeta) { h.Transports = []string{"pigeon"} }, "bad_hello", "pigeon"},
		{func(h *helloMeta) { h.Fingerprint = "0123" }, "dataset_changed", "stands in 0123"},
		{func(h *helloMeta) { h.Dataset, h.Next, h.GlobalBatch = "blocks", 2, 12 }, "dataset_changed", "global batches of 12 rows"},
		{func(h *helloMeta) { h.State = &loader.State{Version: 1, Seed: 7, Fingerprint: "x"} }, "dataset_changed", "another data set"},
		{func(h *helloMeta) { h.State = &loader.State{Version: 1, Seed: 7, Epoch: 4} }, "bad_hello", "epoch 4"},
	} {
		h := request(1)
		h.Dataset = "all"
		test.change(&h)
		refuse(t, address, h, test.code, test.message)
	}
	waitFor(t, "no session", func() bool { return len(srv.Stats().Sessions) == 0 })
}

// TestErrorNamesPlace reads up to the damaged row, on the rank that has it.
func TestErrorNamesPlace(t *testing.T) {
	needSlots(t)
	srv := &Server{Datasets: datasets(t)}
	address, _ := start(t, srv, "")
	errs := 0
	for rank := range 2 {
		h := request(1)
		h.Dataset, h.Rank, h.World, h.Epoch, h.Next = "rotten", rank, 2, 3, 1
		c := dial(t, address, h)
		n := int64(1)
		got, err := c.next()
		for ; err == nil && got.typ == batch; got, err = c.next() {
			n++
			c.credit(got.slot)
		}
		if err == nil {
			continue
		}
		errs++
		r := checkRefusal(t, err, "pipeline", "numbers, row 40 (sample 40): decode: row of rust")
		if r != nil && (!r.Fatal || r.Rank != rank || r.World != 2 || r.Epoch != 3 || r.Batch != n) {
			t.Errorf("%+v, want batch %d", r, n)
		}
	}
	if errs != 1 {
		t.Errorf("%d of 2 ranks failed", errs)
	}
}

// TestToken lets in who knows it.
func TestToken(t *testing.T) {
	srv := &Server{Datasets: datasets(t), Token: "s3cret"}
	address, _ := start(t, srv, "tcp://127.0.0.1:0")
	h := request(1)
	h.Dataset = "all"
	for _, token := range []string{"", "s3cre", "s3crets", "S3cret"} {
		h.Token = token
		refuse(t, address, h, "unauthenticated", "token")
	}
	h.Token = "s3cret"
	dial(t, address, h).drain(t, 0, 1)
}

// TestListen checks who may reach a socket.
func TestListen(t *testing.T) {
	srv := &Server{}
	if l, err := srv.Listen("tcp://:0"); err == nil || !strings.Contains(err.Error(), "TLS and a token") {
		t.Errorf("%v, %v: other machines can reach it", l, err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "x.sock")
	l, err := srv.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", p, info.Mode(), err)
		}
	}
	if _, err := srv.Listen(path); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Errorf("a second server: %v", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	if l, err = srv.Listen(path); err != nil {
		t.Errorf("behind a server that died: %v", err)
	} else {
		l.Close()
	}
	if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Listen(path); err == nil || !strings.Contains(err.Error(), "0755") {
		t.Errorf("an open directory: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := errors.Join(os.Chmod(dir, 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Listen(file); err == nil {
		t.Error("a file was taken for a socket")
	}
}

// TestDrain tells every client that the server shuts down, those that wait and
// those that are silent, within a second.
func TestDrain(t *testing.T) {
	needSlots(t)
	srv := &Server{Datasets: datasets(t)}
	address, stop := start(t, srv, "")
	h := request(-1)
	h.Dataset = "all"
	var clients []*client
	for range 3 {
		clients = append(clients, dial(t, address, h))
	}
	silent := plug(t, address)
	defer silent.Close()
	waitFor(t, "batches", func() bool { return srv.Stats().Batches == 9 })
	began := time.Now()
	stop()
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
	for _, c := range clients {
		var err error
		for err == nil {
			_, err = c.next()
		}
		if r := checkRefusal(t, err, "draining", ""); r != nil && (r.Fatal || r.Batch != 3) {
			t.Errorf("%+v", r)
		}
	}
}

// TestSlowClient has one client that reads nothing while others stream.
func TestSlowClient(t *testing.T) {
	srv := &Server{Datasets: datasets(t)}
	address, _ := start(t, srv, "")
	h := request(-1)
	h.Dataset, h.Transports = "all", []string{inBody}
	slow := dial(t, address, h)
	for range maxCredits {
		slow.credit(inlineSlot)
	}
	h = request(2)
	h.Dataset = "all"
	for range 3 {
		dial(t, address, h).drain(t, 0, 2)
	}
	slow.credit(inlineSlot)
}

// TestHeartbeat hears of a server that waits for a batch.
func TestHeartbeat(t *testing.T) {
	needSlots(t)
	release := make(chan struct{})
	d := Dataset{stuck{numbers{101, -1}, release}, loader.Config{BatchSize: 6}}
	srv := &Server{Datasets: map[string]Dataset{"": d}, Heartbeat: 2 * time.Millisecond}
	address, _ := start(t, srv, "")
	c := dial(t, address, request(-1))
	for range 5 {
		if h, err := readHeader(c.r); err != nil || h.typ != ping {
			t.Fatalf("%+v, %v in the place of a PING", h, err)
		}
	}
	close(release)
	if err := sendFrame(c.net, header{typ: ping, seq: 77}, nil); err != nil {
		t.Fatal(err)
	}
	for c.echo != 77 {
		got, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if got.typ == batch {
			c.credit(got.slot)
		}
	}
}

// stuck opens nothing until it is released.
type stuck struct {
	numbers
	release chan struct{}
}

func (s stuck) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	select {
	case <-s.release:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.numbers.OpenRows(ctx, refs)
}

// TestStuck leaves while a read hangs that does not heed its context, and lets it
// go on later: the memory that it then writes to is still there.
func TestStuck(t *testing.T) {
	needSlots(t)
	release := make(chan struct{})
	var hung atomic.Int64
	d := Dataset{deaf{numbers{101, -1}, release, &hung}, loader.Config{BatchSize: 6, Transforms: []loader.Transform{fixed{}}}}
	srv := &Server{Datasets: map[string]Dataset{"": d}}
	address, _ := start(t, srv, "")
	c := dial(t, address, request(1))
	waitFor(t, "read that hangs", func() bool { return hung.Load() > 0 })
	c.net.Close()
	waitFor(t, "end", func() bool { return srv.Stats().Clients == 1 && len(srv.Stats().Sessions) == 0 })
	both := shared() // mappings of the slots, ours and the server's
	close(release)
	waitFor(t, "last row", func() bool { return hung.Load() == 0 })
	waitFor(t, "end of memory", func() bool { return shared() == both-1 })
}

// shared counts the mappings of slots.
func shared() int {
	maps, _ := os.ReadFile("/proc/self/maps")
	return strings.Count(string(maps), "memfd:stoker")
}

// deaf opens nothing until it is released, whatever its context says. It counts what
// it has not opened, and then made rows of.
type deaf struct {
	numbers
	release chan struct{}
	hung    *atomic.Int64
}

func (d deaf) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	d.hung.Add(1)
	<-d.release
	rows, err := d.numbers.OpenRows(ctx, refs)
	return deafRows{rows.(numbersRows), d.hung}, err
}

type deafRows struct {
	numbersRows
	hung *atomic.Int64
}

func (r deafRows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	defer func() {
		if i == len(r.refs)-1 {
			r.hung.Add(-1)
		}
	}()
	return r.numbersRows.Row(w, i, s)
}

// TestProtocolErrors ends what makes no sense with an ERROR.
func TestProtocolErrors(t *testing.T) {
	needSlots(t)
	srv := &Server{Datasets: datasets(t)}
	address, _ := start(t, srv, "")
	for name, h := range map[string]header{
		"a slot that is not held": {typ: credit, slot: 2},
		"a slot that is not":      {typ: credit, slot: 0xfffffffe},
		"a second HELLO":          {typ: hello},
		"a BATCH":                 {typ: batch},
		"an unknown type":         {typ: 77},
		"a body":                  {typ: credit, body: 1},
	} {
		t.Run(name, func(t *testing.T) {
			first := request(1)
			first.Dataset = "all"
			c := dial(t, address, first)
			for range c.w.Window {
				got, err := c.next()
				if err != nil {
					t.Fatal(err)
				}
				c.credit(got.slot)
			}
			for range c.w.Window { // all slots are on their way or held
				if _, err := c.next(); err != nil {
					t.Fatal(err)
				}
			}
			for slot := range uint32(c.w.Window) {
				c.credit(slot) // some are held, some are not
			}
			var err error
			for sendFrame(c.net, h, nil); err == nil; _, err = c.next() {
			}
			checkRefusal(t, err, "protocol", "")
		})
	}
}

// TestCredits bounds those that are not used.
func TestCredits(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	d := Dataset{stuck{numbers{101, -1}, release}, loader.Config{BatchSize: 6}}
	address, _ := start(t, &Server{Datasets: map[string]Dataset{"": d}}, "")
	c := dial(t, address, request(1))
	for range maxCredits + 1 {
		c.credit(inlineSlot)
	}
	_, err := c.next()
	checkRefusal(t, err, "protocol", "1024")
}

// TestRandomBytes sends what is no frame, frames with anything in them, before and
// behind a HELLO that is fine, and finds that the server goes on serving others.
func TestRandomBytes(t *testing.T) {
	srv := &Server{Datasets: datasets(t)}
	address, _ := start(t, srv, "")
	rng := rand.New(rand.NewPCG(1, 2))
	for sent := 0; sent < 5000; {
		sent += annoy(t, address, rng)
	}
	h := request(1)
	h.Dataset = "all"
	dial(t, address, h).drain(t, 0, 1)
	waitFor(t, "room", func() bool { return len(srv.Stats().Sessions) <= 1 })
}

// annoy sends some frames and waits until the server has closed.
func annoy(t *testing.T, address string, rng *rand.Rand) (frames int) {
	nc := plug(t, address).(*net.UnixConn)
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	raw := []byte(nil)
	if h := request(-1); rng.IntN(3) > 0 {
		h.Dataset, h.Transports = "fixed", h.Transports[:1+rng.IntN(2)]
		meta, _ := json.Marshal(h)
		raw = append(header{typ: hello, meta: uint32(len(meta))}.append(nil), meta...)
	}
	frames = 1 + rng.IntN(30)
	for range frames {
		switch rng.IntN(10) {
		case 0: // anything
			for range headerSize {
				raw = append(raw, byte(rng.Uint32()))
			}
		case 1: // lengths of all sizes, and types that a client does not send
			raw = header{typ: frameType(rng.IntN(10)), slot: rng.Uint32N(9), meta: rng.Uint32N(3) << rng.IntN(32), body: rng.Uint64N(3) << rng.IntN(64)}.append(raw)
		case 2:
			raw = header{typ: credit, slot: rng.Uint32N(4)}.append(raw)
		case 3:
			raw = header{typ: ping, seq: rng.Uint64()}.append(raw)
		default:
			raw = header{typ: credit, slot: inlineSlot}.append(raw)
		}
	}
	nc.Write(raw[:max(0, len(raw)-rng.IntN(2)*rng.IntN(40))])
	nc.CloseWrite()
	io.Copy(io.Discard, nc)
	return frames
}

// TestCrowd refuses connections beyond the bound, those that say nothing among
// them, and serves again when there is room.
func TestCrowd(t *testing.T) {
	srv := &Server{Datasets: datasets(t), MaxClients: 4}
	address, _ := start(t, srv, "")
	var crowd []net.Conn
	for range 50 {
		crowd = append(crowd, plug(t, address))
	}
	waitFor(t, "refusals", func() bool { return srv.Stats().Refused == 46 })
	h := request(1)
	h.Dataset = "all"
	refuse(t, address, h, "overloaded", "4 clients")
	for _, nc := range crowd {
		nc.Close()
	}
	waitFor(t, "room", func() bool { return srv.Stats().Refused == 51 })
	for range 4 {
		dial(t, address, h)
	}
	refuse(t, address, h, "overloaded", "4 clients")
}

// TestSlowHello is cut off in virtual time.
func TestSlowHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		srv := &Server{Datasets: datasets(t)}
		done := make(chan error)
		go func() { done <- srv.ServeConn(t.Context(), b) }()
		began := time.Now()
		raw := header{typ: hello, meta: 100}.append(nil)
		for _, x := range raw {
			if _, err := a.Write([]byte{x}); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		if err := <-done; !errors.Is(err, errGone) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// TestNothingIsLeft connects and leaves in many ways: goroutines, memory and
// descriptors are those of before.
func TestNothingIsLeft(t *testing.T) {
	needSlots(t)
	srv := &Server{Datasets: datasets(t)}
	address, stop := start(t, srv, "")
	h := request(-1)
	h.Dataset = "all"
	visit := func(n int) {
		for k := range n {
			nc := plug(t, address)
			c, err := connect(nc, h)
			if err != nil {
				t.Fatal(err)
			}
			for range k % 7 {
				got, err := c.next()
				if err != nil {
					t.Fatal(err)
				}
				if k%2 == 0 {
					c.credit(got.slot)
				}
				if k%2 == 1 && c.w.Window <= k%7 {
					c.credit(inlineSlot)
				}
			}
			if k%3 == 0 {
				sendFrame(nc, header{typ: bye}, nil)
			}
			c.close()
		}
		waitFor(t, "an end of all sessions", func() bool { return len(srv.Stats().Sessions) == 0 })
	}
	visit(10)
	goroutines, files := runtime.NumGoroutine(), descriptors()
	visit(60)
	waitFor(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines })
	if n := descriptors(); n > files {
		t.Errorf("%d descriptors, there were %d", n, files)
	}
	stop()
}

// descriptors returns how many are open, 0 where that cannot be seen.
func descriptors() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}

// waitFor waits until something holds.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("there is still no %s", what)
		}
	}
}
