package ldr

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stokerdata/stoker/loader"
)

// residentKB returns the memory of this process.
func residentKB(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(text, []byte("VmRSS:"))
	n, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestFullHostile bears 100,000 hostile frames, a thousand silent clients for a
// minute, and two thousand connections with 1,024 descriptors, and grows by less
// than 64 MiB.
func TestFullHostile(t *testing.T) {
	if !*full {
		t.Skip("takes more than a minute; -full runs it")
	}
	srv := &Server{Datasets: datasets(t)}
	address, _ := start(t, srv, "")
	h := request(1)
	h.Dataset = "all"
	healthy := func() {
		t.Helper()
		var c *client
		waitFor(t, "room", func() (ok bool) {
			var err error
			c, err = reach(address, h)
			return err == nil
		})
		c.drain(t, 0, 1)
		c.close()
	}
	healthy()
	debug.FreeOSMemory()
	before := residentKB(t)

	rng := rand.New(rand.NewPCG(3, 4))
	begun := time.Now()
	for sent := 0; sent < 100_000; {
		sent += annoy(t, address, rng)
	}
	t.Logf("100,000 frames in %v", time.Since(begun))
	healthy()

	crowd := make([]net.Conn, 1000)
	for i := range crowd {
		crowd[i] = plug(t, address)
	}
	end := time.Now().Add(time.Minute)
	peak := 0
	for i := 0; time.Now().Before(end); i = (i + 1) % len(crowd) {
		crowd[i].SetDeadline(time.Now().Add(10 * time.Second))
		crowd[i].Write([]byte("LDR1"))
		if _, err := crowd[i].Read(make([]byte, 1)); err != nil {
			crowd[i].Close()
			crowd[i] = plug(t, address)
		}
		peak = max(peak, residentKB(t))
		time.Sleep(20 * time.Millisecond)
	}
	for _, nc := range crowd {
		nc.Close()
	}
	healthy()
	t.Logf("1,000 clients for a minute: %d MiB at the most, %d before", peak>>10, before>>10)
	flood(t, address, 2000)
	healthy()
	debug.FreeOSMemory()
	after := residentKB(t)
	t.Logf("%d MiB before, %d after; %d goroutines; %+v", before>>10, after>>10, runtime.NumGoroutine(), srv.refused.Load())
	if max(peak, after)-before > 64<<10 {
		t.Errorf("grew from %d to %d kB, %d at the most", before, after, peak)
	}
}

// flood connects n times, with too few descriptors for both ends.
func flood(t *testing.T, address string, n int) {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &was)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1024, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	var open []net.Conn
	refused := 0
	for range n {
		nc, err := net.Dial("unix", address)
		if err != nil {
			refused++
			if len(open) > 100 && refused%10 == 0 { // some go, so that others can come
				for _, nc := range open[:100] {
					nc.Close()
				}
				open = open[100:]
			}
			continue
		}
		open = append(open, nc)
	}
	for _, nc := range open {
		nc.Close()
	}
	t.Logf("%d connects with 1,024 descriptors: %d could not", n, refused)
}

// TestFullInline measures the socket with a server and without one, in turn.
func TestFullInline(t *testing.T) {
	if !*full {
		t.Skip("takes 20 seconds; -full runs it")
	}
	const batches, rounds = 20, 9
	srv := &Server{Datasets: map[string]Dataset{"": {&images{}, loader.Config{BatchSize: 256, Prefetch: 3}}}}
	address, _ := start(t, srv, "")
	h := request(-1)
	h.Transports = []string{inBody}
	c := dial(t, address, h)
	c.net.SetDeadline(time.Time{})
	c.credit(inlineSlot)
	c.credit(inlineSlot)
	body := make([]byte, 256*imageBytes)

	ours, theirs := pair(t)
	ask, asked := make(chan int), make(chan error)
	go func() {
		from := pages()
		for n := range ask {
			var err error
			for k := 0; k < n && err == nil; k++ {
				_, err = theirs.Write(from[k%len(from)])
			}
			asked <- err
		}
	}()
	var walls, cpus []float64
	for round := range rounds + 1 {
		before := usage()
		for range batches {
			head, _, err := c.frame()
			if err == nil {
				_, err = io.ReadFull(c.r, body[:head.body])
			}
			if err == nil {
				err = c.credit(inlineSlot)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		ld := usage().minus(before)
		time.Sleep(100 * time.Millisecond) // the server sends what it has credits for
		before = usage()
		ask <- batches
		for range batches {
			if _, err := io.ReadFull(ours, body); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-asked; err != nil {
			t.Fatal(err)
		}
		raw := usage().minus(before)
		if round == 0 {
			continue // memory was written for the first time
		}
		walls, cpus = append(walls, raw.wall/ld.wall), append(cpus, raw.cpu/ld.cpu)
		t.Logf("inline %.2f GB/s, %.2f CPU-s; socket %.2f GB/s, %.2f CPU-s", gigabytes(batches)/ld.wall, ld.cpu, gigabytes(batches)/raw.wall, raw.cpu)
	}
	close(ask)
	slices.Sort(walls)
	slices.Sort(cpus)
	t.Logf("of the raw socket: %.2f in time, %.2f in CPU (medians of %d)", walls[rounds/2], cpus[rounds/2], rounds)
}

func gigabytes(batches int) float64 { return float64(batches) * 256 * imageBytes / 1e9 }

// spent is time, and CPU time of this process, in seconds.
type spent struct{ wall, cpu float64 }

func usage() spent {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return spent{float64(time.Now().UnixNano()) / 1e9, float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9}
}

func (s spent) minus(o spent) spent { return spent{s.wall - o.wall, s.cpu - o.cpu} }

func pair(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", t.TempDir()+"/raw.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}
