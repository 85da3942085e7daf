// Package ldr serves batches to trainers in other processes, which may be in
// Python, over the protocol LDR/1 (PROTOCOL.md beside examples/serve). Any
// program that has a source and a loader.Config can serve them:
//
//	srv := &ldr.Server{Datasets: map[string]ldr.Dataset{
//		"train": {Source: src, Config: loader.Config{BatchSize: 256, Order: loader.Shuffle{}}},
//	}}
//	l, err := srv.Listen("/run/user/1000/stoker/train.sock")
//	...
//	err = srv.Serve(ctx, l)
//
// # Who owns what
//
// Each connection has a loader and memory of its own, so that no client delays
// another or writes where another reads; sources are shared. A batch that went
// out in a shared slot is kept until the client gives the slot back. Serve joins
// all goroutines before it returns, and never closes a source: whoever opened
// it does, after that.
//
// # Trust
//
// On a Unix socket a client must be the same user (Linux; elsewhere the mode of
// the socket and its directory say so). On TCP, Listen goes no further than the
// loopback interface unless there are a certificate and a token. What a client
// says is checked before it is used, but a client that was let in may ask for
// large batches and many connections: MaxClients and loader.Config.Memory bound
// what it can take.
//
// Two clients never share memory. One that writes to its slots while the server
// builds in them spoils its own batches, and can mislead a transform of the
// program that believes what it finds in a batch: only processes of the same user
// are given slots, who could as well end the server.
package ldr
