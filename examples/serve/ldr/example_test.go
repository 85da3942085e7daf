package ldr_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/examples/serve/ldr"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

func ExampleServer() {
	src, err := mem.Columns(loader.Spec{{Name: "x", DType: dtype.Float32}}, mem.Of(make([]float32, 100)))
	if err != nil {
		panic(err)
	}
	srv := &ldr.Server{Datasets: map[string]ldr.Dataset{
		"train": {Source: src, Config: loader.Config{BatchSize: 32, Order: loader.Shuffle{}}},
	}}
	dir, err := os.MkdirTemp("", "ldr")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	l, err := srv.Listen(filepath.Join(dir, "train.sock"))
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- srv.Serve(ctx, l) }()

	greet(l.Addr().String())
	stop()
	fmt.Println(<-ended)
	// Output:
	// train: 2 batches of 32 for rank 1 of 2
	// <nil>
}

// greet is the first half of a client.
func greet(path string) {
	c, err := net.Dial("unix", path)
	if err != nil {
		panic(err)
	}
	defer c.Close()
	const hello = `{"versions": [1], "rank": 1, "world": 2}`
	head := make([]byte, 32)
	copy(head, "LDR1")
	head[4], head[8] = 1, byte(len(hello))
	c.Write(append(head, hello...))
	var welcome struct {
		Dataset   string
		BatchSize int `json:"batch_size"`
		Batches   int
	}
	io.ReadFull(c, head)
	json.NewDecoder(io.LimitReader(c, int64(binary.LittleEndian.Uint32(head[8:])))).Decode(&welcome)
	fmt.Printf("%s: %d batches of %d for rank 1 of 2\n", welcome.Dataset, welcome.Batches, welcome.BatchSize)
}
