package arrowstream_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/stokerdata/stoker/examples/serve/arrowstream"
	"github.com/stokerdata/stoker/examples/serve/ldr"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

func ExampleHandler() {
	src, err := mem.Columns(loader.Spec{{Name: "x", DType: dtype.Float32}}, mem.Of([]float32{1, 2, 3, 4, 5, 6, 7, 8}))
	if err != nil {
		panic(err)
	}
	h := &arrowstream.Handler{Server: &ldr.Server{Datasets: map[string]ldr.Dataset{
		"train": {Source: src, Config: loader.Config{BatchSize: 2}},
	}}}
	srv := httptest.NewServer(h)
	defer srv.Close()

	a, err := http.Get(srv.URL + "/train?rank=1&world=2")
	if err != nil {
		panic(err)
	}
	defer a.Body.Close()
	r, err := ipc.NewReader(a.Body)
	if err != nil {
		panic(err)
	}
	defer r.Release()
	for r.Next() {
		fmt.Println(r.Record().Column(0))
	}
	// Output:
	// [3 4]
	// [7 8]
}
