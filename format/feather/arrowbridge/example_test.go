package arrowbridge_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/stokerdata/stoker/format/feather/arrowbridge"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Batches go to another program as an Arrow stream, and come back as a source.
func Example() {
	src, err := mem.Columns(loader.Spec{
		{Name: "x", DType: dtype.Float32, Shape: loader.Dims(2, 2)},
		{Name: "label", DType: dtype.Int32},
	}, mem.Of([]float32{1, 2, 3, 4, 5, 6, 7, 8}), mem.Of([]int32{0, 1}))
	if err != nil {
		log.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2, Epochs: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer ld.Close()
	bridge, err := arrowbridge.New(ld.Spec())
	if err != nil {
		log.Fatal(err)
	}
	var stream bytes.Buffer
	w := ipc.NewWriter(&stream, ipc.WithSchema(bridge.Schema()))
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		rec, err := bridge.Record(b)
		if err != nil {
			log.Fatal(err)
		}
		if err := w.Write(rec); err != nil {
			log.Fatal(err)
		}
		rec.Release()
	}
	w.Close()

	r, err := ipc.NewReader(&stream)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Release()
	for r.Next() {
		back, err := arrowbridge.Open(r.Record(), arrowbridge.Options{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(r.Record().Column(0), back.Spec())
		back.Close()
	}
	// Output: [[1 2 3 4] [5 6 7 8]] [x float32 (2, 2); label int32 ()]
}
