package ldr

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// start serves on a Unix socket, or on TCP, until the test ends; stop does so
// at once.
func start(t testing.TB, srv *Server, address string) (at string, stop func()) {
	t.Helper()
	if address == "" {
		address = filepath.Join(t.TempDir(), "private", "ldr.sock")
	}
	l, err := srv.Listen(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, l) }()
	stopped := false
	stop = func() {
		if cancel(); stopped {
			return
		}
		stopped = true
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("the server does not end")
		}
	}
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

// wanted is what a loader of its own gives: the rows of each batch, and the
// positions behind.
type wanted struct {
	rows   map[string][]value
	state  loader.State
	epoch  int64
	number int64
}

func want(t testing.TB, d Dataset, change func(*loader.Config)) (list []wanted) {
	t.Helper()
	cfg := d.Config
	change(&cfg)
	ld, err := loader.New(d.Source, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		w := wanted{map[string][]value{}, b.State(), b.Epoch, b.Step}
		for _, f := range b.Spec() {
			for i := 0; i < b.Len() && f.Name != ""; i++ {
				r := b.Row(f.Name, i)
				dims := make([]int, r.Shape.Rank())
				for d := range dims {
					dims[d] = r.Shape.Dim(d)
				}
				w.rows[f.Name] = append(w.rows[f.Name], value{fmt.Sprint(dims), string(r.Data)})
			}
		}
		list = append(list, w)
	}
	return list
}

// drain reads all that comes, checks its numbers, and gives every slot back.
func (c *client) drain(t testing.TB, next int64, epochs int) (rows []map[string][]value, ends []received) {
	t.Helper()
	if c.w.Window == 0 {
		for range 2 {
			c.credit(inlineSlot)
		}
	}
	for len(ends) < epochs {
		got, err := c.next()
		if err != nil {
			t.Fatalf("after %d batches: %v", len(rows), err)
		}
		if int64(got.seq) != next {
			t.Fatalf("%v %d, want %d", got.typ, got.seq, next)
		}
		if got.typ == end {
			ends, next = append(ends, *got), 0
			continue
		}
		v, err := c.values(got)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, v)
		next++
		if err := c.credit(got.slot); err != nil {
			t.Fatal(err)
		}
	}
	return rows, ends
}

// TestServe streams two epochs of every data set, in slots and inline, over both
// kinds of sockets, and finds the batches of a loader.
func TestServe(t *testing.T) {
	srv := &Server{Datasets: datasets(t)}
	unix, _ := start(t, srv, "")
	tcp, _ := start(t, srv, "tcp://127.0.0.1:0")
	for name, d := range srv.Datasets {
		if name == "rotten" || name == "ready" || name == "small" {
			continue
		}
		list := want(t, d, func(c *loader.Config) { c.Epochs = 2 })
		for how, address := range map[string]string{"shm": unix, "inline": unix, "tcp": tcp} {
			t.Run(name+"/"+how, func(t *testing.T) {
				if how == "shm" {
					needSlots(t)
				}
				h := request(2)
				h.Dataset = name
				if how == "inline" {
					h.Transports = []string{inBody}
				}
				c := dial(t, address, h)
				if shared := c.w.Transport == viaSlots; shared != (how == "shm") {
					t.Fatalf("transport %s", c.w.Transport)
				}
				rows, ends := c.drain(t, 0, 2)
				if len(rows) != len(list) {
					t.Fatalf("%d batches, want %d", len(rows), len(list))
				}
				for k, w := range list {
					if !reflect.DeepEqual(rows[k], w.rows) {
						t.Fatalf("batch %d is\n%v, want\n%v", k, rows[k], w.rows)
					}
				}
				if ends[0].end.Epoch != 0 || ends[1].end.Epoch != 1 {
					t.Errorf("ends %+v", ends)
				}
			})
		}
	}
}

// TestResume connects anew at every batch, by number or by state.
func TestResume(t *testing.T) {
	srv := &Server{Datasets: datasets(t)}
	address, _ := start(t, srv, "")
	for _, name := range []string{"all", "packed", "tokens", "skip"} {
		t.Run(name, func(t *testing.T) {
			list := want(t, srv.Datasets[name], func(c *loader.Config) { c.Epochs = 2 })
			h := request(1)
			h.Dataset = name
			seen := 0
			for epoch := range int64(2) {
				h.Epoch, h.Next = epoch, 0
				for {
					c := dial(t, address, h)
					if c.w.Window == 0 {
						c.credit(inlineSlot)
					}
					got, err := c.next()
					if err != nil {
						t.Fatal(err)
					}
					h.Fingerprint = c.w.Fingerprint
					if got.typ == end {
						if got.end.Epoch != epoch || int64(got.seq) != h.Next {
							t.Fatalf("end %+v of epoch %d behind batch %d", got, epoch, h.Next)
						}
						h.State = got.end.State
						break
					}
					rows, err := c.values(got)
					if err != nil {
						t.Fatal(err)
					}
					if int64(got.seq) != h.Next || !reflect.DeepEqual(rows, list[seen].rows) {
						t.Fatalf("epoch %d, batch %d: got %d", epoch, h.Next, got.seq)
					}
					if stateful := c.w.Resume == "state"; stateful != (got.State != nil) {
						t.Fatalf("resume %q, state %v", c.w.Resume, got.State)
					}
					h.Next, h.State = h.Next+1, got.State
					seen++
					c.net.Close() // without a word
				}
			}
			if seen != len(list) {
				t.Errorf("%d batches, want %d", seen, len(list))
			}
		})
	}
}

// TestElastic saves at two ranks and goes on with four, which together get what
// two would have got.
func TestElastic(t *testing.T) {
	srv := &Server{Datasets: datasets(t)}
	address, _ := start(t, srv, "")
	rowsOf := func(world, batchSize int, next int64) (ids []string) {
		var ranks [][]map[string][]value
		for rank := range world {
			h := request(1)
			h.Dataset, h.Rank, h.World, h.BatchSize, h.Next = "fixed", rank, world, batchSize, next
			rows, _ := dial(t, address, h).drain(t, next, 1)
			ranks = append(ranks, rows)
		}
		for k := range ranks[0] {
			for rank := range ranks {
				for _, v := range ranks[rank][k]["id"] {
					ids = append(ids, v.data)
				}
			}
		}
		return ids
	}
	two := rowsOf(2, 6, 3)
	if four := rowsOf(4, 3, 3); !slices.Equal(two, four) || len(two) != 101-3*12 {
		t.Errorf("two ranks get %q\nfour get %q", two, four)
	}
	// Another global batch, at the same number of samples: one that is exactly
	// shuffled has them in the same order.
	if four := rowsOf(4, 6, 1); !slices.Equal(four, rowsOf(2, 6, 2)) {
		t.Error("four ranks of as large batches get other samples")
	}
}

// TestAsReady gets every sample once, in whatever order, and resumes in between.
func TestAsReady(t *testing.T) {
	needSlots(t)
	srv := &Server{Datasets: datasets(t)}
	address, _ := start(t, srv, "")
	h := request(1)
	h.Dataset = "ready"
	seen := map[string]bool{}
	for {
		c := dial(t, address, h)
		got, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if got.typ == end {
			break
		}
		rows, err := c.values(got)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range rows["id"] {
			if seen[v.data] {
				t.Fatalf("%x came twice", v.data)
			}
			seen[v.data] = true
		}
		h.Next, h.State = h.Next+1, got.State
		c.net.Close()
	}
	if len(seen) != 101 {
		t.Errorf("%d samples", len(seen))
	}
	two := request(2)
	two.Dataset = "ready"
	refuse(t, address, two, "bad_hello", "one epoch")
}

// refuse checks what the server says to a HELLO.
func refuse(t *testing.T, address string, h helloMeta, code, message string) {
	t.Helper()
	nc := plug(t, address)
	defer nc.Close()
	c, err := connect(nc, h)
	if err == nil {
		defer unmap(c.mem)
		_, err = c.next()
	}
	checkRefusal(t, err, code, message)
}

func checkRefusal(t *testing.T, err error, code, message string) *Error {
	t.Helper()
	var r *Error
	if !errors.As(err, &r) || r.Code != code || !strings.Contains(r.Message, message) {
		t.Errorf("got %v, want %s with %q", err, code, message)
	}
	return r
}
