package ldr

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"maps"
	"slices"

	"github.com/stokerdata/stoker/loader"
)

// Request says what a client wants, as HELLO does.
type Request struct {
	// Dataset may be empty if there is one.
	Dataset string `json:"dataset"`
	// Rank and World say which part of each global batch; World 0 means 1.
	Rank  int `json:"rank"`
	World int `json:"world"`
	// BatchSize is the rows of a batch on this rank; 0 means as the data set says.
	BatchSize int `json:"batch_size"`
	// Epoch is where to begin. Epochs is how many to stream, that one included: 0
	// means one, a negative number no end.
	Epoch  int64 `json:"epoch"`
	Epochs int64 `json:"epochs"`
	// Next is the first batch in Epoch; State, if not nil, says where that is
	// behind stages that drop or regroup rows.
	Next  int64         `json:"next"`
	State *loader.State `json:"state"`
	// GlobalBatch is the World*BatchSize of the run that has come to Next, which is
	// refused if it is another and the order depends on it; 0 means the same.
	GlobalBatch int `json:"global_batch"`
	// Fingerprint is what the position belongs to; empty means anything.
	Fingerprint string `json:"fingerprint"`
	Token       string `json:"token"`
}

// Bounds of a request. They keep products within 64 bits; what a batch may take
// is for the loader's budget to say.
const (
	maxWorld     = 1 << 20
	maxBatchSize = 1 << 20
	maxCount     = 1 << 53 // integers that every JSON reader knows exactly
)

func (r *Request) complete() error {
	r.World, r.Epochs = cmp.Or(r.World, 1), cmp.Or(r.Epochs, 1)
	switch {
	case r.World < 0 || r.World > maxWorld || r.Rank < 0 || r.Rank >= r.World:
		return badHello("there is no rank %d of %d", r.Rank, r.World)
	case r.BatchSize < 0 || r.BatchSize > maxBatchSize:
		return badHello("batch_size is %d, the most is %d", r.BatchSize, maxBatchSize)
	case r.Epoch < 0 || r.Epoch > maxCount || r.Epochs > maxCount:
		return badHello("there are no %d epochs from %d on", r.Epochs, r.Epoch)
	case r.Next < 0 || r.Next > maxCount:
		return badHello("there is no batch %d", r.Next)
	}
	return nil
}

// Loader returns a loader that begins where r says, for servers of other
// protocols. It needs no Close. The error is an *Error, or the loader's.
func (s *Server) Loader(r Request) (*loader.Loader, error) {
	if err := s.authenticate(&r); err != nil {
		return nil, err
	}
	if err := r.complete(); err != nil {
		return nil, err
	}
	st, err := s.newStream(&r, nil)
	return st.ld, err
}

// authenticate checks the token, and forgets it.
func (s *Server) authenticate(r *Request) error {
	if s.Token != "" && !sameSecret(s.Token, r.Token) {
		return &Error{Code: "unauthenticated", Message: "wrong or missing token", Fatal: true}
	}
	r.Token = ""
	return nil
}

// sameSecret compares in a time that tells nothing of either.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// stream is a loader with what a client must know of it.
type stream struct {
	dataset  string
	ld       *loader.Loader
	print    string // fingerprint
	stateful bool   // a position is a loader.State, not a number
	rows     int    // of a full batch
	window   int    // batches that may be kept
}

// defaultWindow is how many slots a client may hold: the one it works on, one
// that a copy to an accelerator may still read, and two on their way.
const defaultWindow = 4

// newStream makes the loader of r, which builds its batches in memory from alloc.
func (s *Server) newStream(r *Request, alloc func(bytes int) []byte) (x stream, err error) {
	d, name, err := s.dataset(r.Dataset)
	if err != nil {
		return x, err
	}
	cfg := d.Config
	cfg.Rank, cfg.World, cfg.Resume, cfg.Alloc = r.Rank, r.World, nil, alloc
	cfg.BatchSize, cfg.MaxKept = cmp.Or(r.BatchSize, cfg.BatchSize), cmp.Or(cfg.MaxKept, defaultWindow)
	cfg.Epochs = -1
	if r.Epochs > 0 {
		cfg.Epochs = int(r.Epoch + r.Epochs)
	}
	if cfg.AsReady && r.Epochs != 1 {
		return x, badHello("this data set is served one epoch at a time, as its batches come in no fixed order")
	}
	if x.ld, err = loader.New(d.Source, cfg); err != nil {
		return x, err
	}
	x.dataset, x.print, x.rows, x.window = name, x.ld.State().Fingerprint, cfg.BatchSize, cfg.MaxKept
	x.stateful = x.ld.Len() < 0 || cfg.AsReady || cfg.OnError != loader.ErrorPolicy{}
	from, err := x.begin(r)
	if err == nil {
		err = x.ld.Resume(from)
	}
	return x, err
}

// begin returns where r wants to begin.
func (x *stream) begin(r *Request) (loader.State, error) {
	st := x.ld.State()
	if r.Fingerprint != "" && r.Fingerprint != x.print {
		return st, &Error{Code: "dataset_changed", Fatal: true, Message: fmt.Sprintf(
			"the client stands in %s, %q is %s now: other data, another order, pipeline or seed", r.Fingerprint, x.dataset, x.print)}
	}
	if r.State != nil {
		over := r.State.Epoch == r.Epoch+1 && r.State.Position == 0
		if r.State.Epoch != r.Epoch && !over {
			return st, badHello("the state is of epoch %d, epoch is %d", r.State.Epoch, r.Epoch)
		}
		return *r.State, nil
	}
	switch n := x.ld.Len(); {
	case r.Next == 0 && r.Epoch == 0:
		return st, nil
	case r.Next > 0 && x.stateful:
		return st, badHello("batch %d of %q is found from a state alone", r.Next, x.dataset)
	case r.Next > 0 && r.Next > n:
		return st, badHello("there is no batch %d, an epoch of rank %d of %d has %d", r.Next, r.Rank, r.World, n)
	case r.Next > 0 && r.Next == n:
		st.Epoch = r.Epoch + 1
	default:
		st.Epoch, st.Step, st.Position = r.Epoch, r.Next, r.Next*int64(st.Batch)
		if r.Next > 0 && r.GlobalBatch != 0 {
			st.Batch = r.GlobalBatch
		}
	}
	return st, nil
}

// dataset returns the data set that the client names.
func (s *Server) dataset(name string) (Dataset, string, error) {
	names := slices.Sorted(maps.Keys(s.Datasets))
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	d, ok := s.Datasets[name]
	if !ok {
		return Dataset{}, "", badHello("there is no data set %q; there are %q", name, names)
	}
	return d, name, nil
}
