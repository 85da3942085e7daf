//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stokerdata/stoker/examples/serve/ldr"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/shapes"
)

// TestMain is the program itself, where a test starts it.
func TestMain(m *testing.M) {
	if os.Getenv("STOKER_SERVE_TEST") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program starts the program with its standard input in the hands of the test.
func program(t *testing.T, files []*os.File, args ...string) (*exec.Cmd, io.WriteCloser) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "STOKER_SERVE_TEST=1")
	cmd.ExtraFiles = files
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, in
}

// ended reports whether a program ends within two seconds.
func ended(cmd *exec.Cmd) bool {
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(2 * time.Second):
		return false
	}
}

// greet says HELLO and returns the first answer.
func greet(t *testing.T, c net.Conn, hello string) (typ uint16, meta map[string]any) {
	t.Helper()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	head := make([]byte, 32)
	copy(head, "LDR1")
	binary.LittleEndian.PutUint16(head[4:], 1)
	binary.LittleEndian.PutUint32(head[8:], uint32(len(hello)))
	if _, err := c.Write(append(head, hello...)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, binary.LittleEndian.Uint32(head[8:]))
	if _, err := io.ReadFull(r, text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &meta); err != nil {
		t.Fatal(err)
	}
	return binary.LittleEndian.Uint16(head[4:]), meta
}

func dial(t *testing.T, path string) (c net.Conn) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		c, err := net.Dial("unix", path)
		if err == nil {
			t.Cleanup(func() { c.Close() })
			return c
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

const made = `{"shapes": {"Rows": 100, "Height": 16, "Width": 16}}`

// TestProgram serves the data set of flags until SIGTERM, and leaves no socket.
func TestProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s", "x.sock")
	cmd, _ := program(t, nil, "-source", made, "-batch", "8", "-order", "loader.Shuffle", "-transforms", `["vision.ToTensor"]`, "-listen", path)
	c := dial(t, path)
	typ, meta := greet(t, c, `{"versions": [1]}`)
	if typ != 2 || meta["batch_size"] != 8.0 || meta["batches"] != 13.0 || meta["transport"] != "inline" {
		t.Errorf("answer %d: %v", typ, meta)
	}
	if cmd.Process.Signal(syscall.SIGTERM); !ended(cmd) || !cmd.ProcessState.Success() {
		t.Errorf("SIGTERM: %v", cmd.ProcessState)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is still there")
	}
}

// TestParent ends with its standard input, when the client still streams.
func TestParent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s", "x.sock")
	cmd, in := program(t, nil, "-source", made, "-batch", "8", "-listen", path, "-parent")
	greet(t, dial(t, path), `{"versions": [1], "epochs": -1}`)
	if in.Close(); !ended(cmd) {
		t.Error("it outlives its parent")
	}
}

// TestDescriptor serves the client at a socket that it inherited, and ends with
// it.
func TestDescriptor(t *testing.T) {
	ours, theirs := socketPair(t)
	cmd, _ := program(t, []*os.File{theirs}, "-source", made, "-batch", "8", "-fd", "3")
	theirs.Close()
	typ, meta := greet(t, ours, `{"versions": [1], "transports": ["shm", "inline"]}`)
	if typ != 2 || (meta["transport"] == "shm") != (runtime.GOOS == "linux") {
		t.Errorf("answer %d: %v", typ, meta)
	}
	if ours.Close(); !ended(cmd) {
		t.Error("it outlives its client")
	}
}

// configure writes a file and reads it as -config.
func configure(t *testing.T, text string, args ...string) (options, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.json")
	for name, text := range map[string]string{"x.json": text, "token": "s3cret\n", "empty": "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return parse(append(args, "-config", path))
}

// TestFile serves two data sets of a file, with a token.
func TestFile(t *testing.T) {
	o, err := configure(t, `{
		"Listen": ["run/x.sock"], "TokenFile": "token", "MaxClients": 3,
		"Datasets": {
			"a": {"Source": `+made+`, "BatchSize": 10},
			"b": {"Source": {"texts": {"Rows": 30}}, "BatchSize": 4, "Order": "loader.Shuffle", "Transforms": [{"text.Tokenize": {"Into": "tokens", "Len": 16}}]}
		}
	}`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, o, slog.New(slog.DiscardHandler)) }()
	path := filepath.Join(o.dir, "run", "x.sock")
	if typ, meta := greet(t, dial(t, path), `{"versions": [1], "dataset": "b"}`); typ != 6 || meta["code"] != "unauthenticated" {
		t.Errorf("without a token: %v", meta)
	}
	typ, meta := greet(t, dial(t, path), `{"versions": [1], "dataset": "b", "token": "s3cret"}`)
	if fields := fmt.Sprint(meta["fields"]); typ != 2 || meta["batches"] != 8.0 || !strings.Contains(fields, "shape:[16]") {
		t.Errorf("answer %d: %v", typ, meta)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestArrow gets a stream over a Unix socket.
func TestArrow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s", "x.sock")
	cmd, _ := program(t, nil, "-source", made, "-batch", "8", "-arrow", path)
	dial(t, path)
	c := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", path)
	}}}
	a, err := c.Get("http://localhost/data?rank=1&world=2")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK || len(text) < 50*16*16*3 || !bytes.Contains(text, []byte("arrow.fixed_shape_tensor")) {
		t.Errorf("%s: %d bytes, %v", a.Status, len(text), err)
	}
	if cmd.Process.Signal(syscall.SIGTERM); !ended(cmd) || !cmd.ProcessState.Success() {
		t.Errorf("SIGTERM: %v", cmd.ProcessState)
	}
}

// TestMistakes are told before anything is served.
func TestMistakes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for text, want := range map[string]string{
		`{"Dataset": {}}`:  `x.json: there is no "Dataset", but Datasets, Listen`,
		`{"Datasets": {}}`: "no Datasets",
		`{"Datasets": {"a": {"Source": {"shapes": {"Row": 3}}}}}`:                                      `Datasets.a.Source.shapes: there is no "Row", but Rows, Seed, Height`,
		`{"Datasets": {"a": {"BatchSize": 3}}}`:                                                        "Datasets.a: there is no Source",
		`{"Datasets": {"a": {"Source": ` + made + `}}}`:                                                `data set "a": loader: BatchSize is 0`,
		`{"Datasets": {"a": {"Source": ` + made + `, "BatchSize": 3, "World": 2}}}`:                    "Datasets.a: Rank, World",
		`{"Datasets": {"a": {"Source": {"raw": {"Data": "missing"}}, "BatchSize": 3}}}`:                "missing",
		`{"Datasets": {"a": {"Source": ` + made + `, "BatchSize": 3, "Transforms": ["audio.Speed"]}}}`: "audio.Speed",
		`{"TokenFile": "empty", "Datasets": {"a": {"Source": ` + made + `, "BatchSize": 3}}}`:          "empty is empty",
		`{"CertFile": "token", "Datasets": {"a": {"Source": ` + made + `, "BatchSize": 3}}}`:           "CertFile",
		`{"Listen": ["tcp://0.0.0.0:0"], "Datasets": {"a": {"Source": ` + made + `, "BatchSize": 3}}}`: "TLS and a token",
		`{"Status": "0.0.0.0:0", "Datasets": {"a": {"Source": ` + made + `, "BatchSize": 3}}}`:         "other machines",
	} {
		o, err := configure(t, text)
		if err == nil {
			err = run(ctx, o, slog.New(slog.DiscardHandler))
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	for _, args := range [][]string{{}, {"-data", "x", "-source", made}, {"x"}, {"-batch", "3"}, {"-source", "{}"}, {"-source", made, "-transforms", "x"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	if _, err := configure(t, "{}", "-batch", "3"); err == nil {
		t.Error("a file and flags were taken")
	}
}

// TestStatus reads both pages and a picture while a client is served.
func TestStatus(t *testing.T) {
	gen, err := shapes.New(shapes.Config{})
	if err != nil {
		t.Fatal(err)
	}
	d := ldr.Dataset{Source: synth.New(gen, 100, 1)}
	d.Config.BatchSize = 10
	srv := &ldr.Server{Datasets: map[string]ldr.Dataset{`a "b"`: d}}
	if runtime.GOOS != "linux" {
		t.Skip("there are no shared slots, which are sent unasked")
	}
	ours, theirs := socketPair(t)
	conn, err := net.FileConn(theirs)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	page, err := newStatus(srv, "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	served, left := make(chan struct{}), make(chan struct{})
	go func() { page.serve(ctx); close(served) }()
	go func() { srv.ServeConn(ctx, conn); close(left) }()
	greet(t, ours, `{"versions": [1], "rank": 1, "world": 2, "transports": ["shm", "inline"], "client": "<script>"}`)
	for end := time.Now().Add(5 * time.Second); srv.Stats().Batches < 4 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	text := get(t, page.url()+"metrics", "")
	for _, want := range []string{
		"# TYPE stoker_batches_total counter\nstoker_batches_total 4\n", "stoker_sessions 1\n",
		`stoker_session_batch{session="1",dataset="a \"b\"",rank="1",world="2"} 4` + "\n",
		`stoker_session_slots_held{session="1",dataset="a \"b\"",rank="1",world="2"} 4` + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	line := regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)+\})? [0-9.e+-]+)$`)
	for l := range strings.Lines(text) {
		if !line.MatchString(strings.TrimSuffix(l, "\n")) {
			t.Errorf("bad line %q", l)
		}
	}
	html := get(t, page.url(), "")
	for _, want := range []string{"1 of 2", "&lt;script&gt;", `src="/samples/a%20%22b%22"`} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q in\n%s", want, html)
		}
	}
	if m, err := png.Decode(strings.NewReader(get(t, page.url()+"samples/a%20%22b%22", ""))); err != nil || m.Bounds().Dx() < 500 {
		t.Errorf("picture: %v", err)
	}
	get(t, page.url()+"samples/c", "404")
	r, err := http.NewRequest("GET", page.url(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	if a, err := http.DefaultClient.Do(r); err != nil || a.StatusCode != http.StatusForbidden {
		t.Errorf("a page under another name: %v, %v", a, err)
	}
	cancel()
	<-served
	<-left
}

// get returns what is at url, and wants a status if it is not 200.
func get(t *testing.T, url, status string) string {
	t.Helper()
	a, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(a.Body); err != nil {
		t.Fatal(err)
	}
	if status == "" {
		status = "200"
	}
	if !strings.HasPrefix(a.Status, status) {
		t.Errorf("%s: %s: %s", url, a.Status, b.String())
	}
	return b.String()
}

// socketPair returns two ends of a Unix socket.
func socketPair(t *testing.T) (net.Conn, *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours := os.NewFile(uintptr(fds[0]), "ours")
	c, err := net.FileConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	ours.Close()
	theirs := os.NewFile(uintptr(fds[1]), "theirs")
	t.Cleanup(func() { c.Close(); theirs.Close() })
	return c, theirs
}
