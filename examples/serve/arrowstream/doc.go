// Package arrowstream serves batches to any program that reads Arrow, as streams
// over HTTP. It is slower than LDR/1, has no shared memory, and asks nothing of
// the client:
//
//	srv := &ldr.Server{Datasets: ...}
//	l, err := srv.Listen("tcp://localhost:8081")
//	...
//	err = http.Serve(l, &arrowstream.Handler{Server: srv})
//
// and in Python
//
//	url = "http://localhost:8081/train?rank=0&world=2&epoch=3&next=100"
//	for batch in pyarrow.ipc.open_stream(urllib.request.urlopen(url)):
//		...
//
// The path is the data set, and the query what a HELLO of LDR/1 says: rank, world,
// batch_size, epoch, epochs, next, fingerprint. A token goes in the header
// Authorization, as in "Bearer s3cret". Each batch is a record batch; tensors are
// of the type arrow.fixed_shape_tensor (package arrowbridge lists all types). The
// header Stoker-Fingerprint says what a position in the stream belongs to.
//
// A stream that fails ends in the middle of a chunk, which every client takes for
// an error; one that does not ends as Arrow's streams do. TCP is the flow control:
// no more than a few batches are built for a client that does not read.
package arrowstream
