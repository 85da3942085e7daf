package ldr

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// full makes some tests as large as they can be, which takes minutes.
var full = flag.Bool("full", false, "run tests at their full size")

// TestMain is a server of datasets where a test starts it.
func TestMain(m *testing.M) {
	address := os.Getenv("LDR_TEST_SERVER")
	if address == "" {
		os.Exit(m.Run())
	}
	srv := &Server{Datasets: datasets(nil)}
	l, err := srv.Listen(address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	srv.Serve(context.Background(), l)
}

// killed is a server in a process of its own, which is killed and started again.
type killed struct {
	t       *testing.T
	address string
	cmd     *exec.Cmd
}

// start returns when the server listens. A client that dials a port to which
// nobody listens may by chance connect to itself, and keep the server from it for
// a moment.
func (k *killed) start() {
	self, err := os.Executable()
	if err != nil {
		k.t.Fatal(err)
	}
	for range 100 {
		k.cmd = exec.Command(self)
		k.cmd.Env = append(os.Environ(), "LDR_TEST_SERVER="+k.address)
		out, err := k.cmd.StdoutPipe()
		if err == nil {
			err = k.cmd.Start()
		}
		if err != nil {
			k.t.Fatal(err)
		}
		if line, _ := bufio.NewReader(out).ReadString('\n'); line != "" {
			return
		}
		k.cmd.Wait()
	}
	k.t.Fatal("no server can be started")
}

func (k *killed) kill() {
	k.cmd.Process.Kill()
	k.cmd.Wait()
}

// TestKill kills the server again and again while two ranks stream two epochs:
// each gets every batch once, whole and in order.
func TestKill(t *testing.T) {
	kills := map[string]int{"unix": 3, "tcp": 3}
	if *full {
		kills = map[string]int{"unix": 13, "tcp": 30}
	}
	for network, n := range kills {
		for _, dataset := range []string{"all", "packed"} {
			t.Run(network+"/"+dataset, func(t *testing.T) {
				k := &killed{t: t, address: filepath.Join(t.TempDir(), "s", "x.sock")}
				dial := k.address
				if network == "tcp" {
					dial = freeAddress(t)
					k.address = "tcp://" + dial
				}
				k.start()
				defer func() { k.kill() }()
				var ranks sync.WaitGroup
				done := make(chan struct{})
				for rank := range 2 {
					ranks.Go(func() { streamAlways(t, dial, dataset, rank, time.Duration(n)*2*time.Millisecond) })
				}
				go func() { ranks.Wait(); close(done) }()
				for killed := 0; ; {
					select {
					case <-done:
						if killed < n {
							t.Errorf("killed %d times", killed)
						}
						return
					case <-time.After(time.Duration(20+rand.IntN(30)) * time.Millisecond):
						if killed++; killed <= n {
							k.kill()
							k.start()
						}
					}
				}
			})
		}
	}
}

// streamAlways streams two epochs, with a pause behind each batch, and connects
// again whenever the server is gone.
func streamAlways(t *testing.T, address, dataset string, rank int, pause time.Duration) {
	list := want(t, datasets(t)[dataset], func(c *loader.Config) { c.Rank, c.World, c.Epochs, c.BatchSize = rank, 2, 2, 2 })
	h := request(2)
	h.Dataset, h.Rank, h.World, h.BatchSize = dataset, rank, 2, 2
	seen := 0
	for limit := time.Now().Add(time.Minute); h.Epochs > 0; {
		if time.Now().After(limit) {
			t.Errorf("rank %d: only %d batches in a minute", rank, seen)
			return
		}
		c, err := reach(address, h)
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		if h.Fingerprint = c.w.Fingerprint; c.w.Window == 0 {
			c.credit(inlineSlot)
		}
		for h.Epochs > 0 {
			got, err := c.next()
			var r *Error
			if errors.As(err, &r) {
				t.Errorf("rank %d: %v", rank, err)
				return
			}
			if err != nil {
				break
			}
			if int64(got.seq) != h.Next {
				t.Errorf("rank %d, epoch %d: %v %d, want %d", rank, h.Epoch, got.typ, got.seq, h.Next)
				return
			}
			if got.typ == end {
				h.Epoch, h.Next, h.State = h.Epoch+1, 0, got.end.State
				h.Epochs--
				continue
			}
			rows, err := c.values(got)
			if err != nil || seen >= len(list) || !reflect.DeepEqual(rows, list[seen].rows) {
				t.Errorf("rank %d, epoch %d, batch %d: %v", rank, h.Epoch, h.Next, err)
				return
			}
			h.Next, h.State, seen = h.Next+1, got.State, seen+1
			c.credit(got.slot)
			time.Sleep(pause)
		}
		c.close()
	}
	if seen != len(list) {
		t.Errorf("rank %d: %d batches, want %d", rank, seen, len(list))
	}
}

// reach connects, if somebody is there.
func reach(address string, h helloMeta) (*client, error) {
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	nc, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	c, err := connect(nc, h)
	if err != nil {
		nc.Close()
	}
	return c, err
}

// freeAddress returns one of this machine at which nobody listens.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
