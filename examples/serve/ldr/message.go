package ldr

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/loader"
)

const version = 1

// helloMeta is the request of a client.
type helloMeta struct {
	Versions    []int         `json:"versions"`
	Dataset     string        `json:"dataset"`
	Rank        int           `json:"rank"`
	World       int           `json:"world"`
	BatchSize   int           `json:"batch_size"`
	Epoch       int64         `json:"epoch"`
	Epochs      *int64        `json:"epochs"`
	Next        int64         `json:"next"`
	State       *loader.State `json:"state"`
	Fingerprint string        `json:"fingerprint"`
	Transports  []string      `json:"transports"`
	Token       string        `json:"token"`
	Client      string        `json:"client"`
}

// Bounds of a request. They keep products within 64 bits; what a batch may take
// is for the loader's budget to say.
const (
	maxWorld     = 1 << 20
	maxBatchSize = 1 << 20
	maxCount     = 1 << 53 // integers that every JSON reader knows exactly
	maxClient    = 200     // bytes of a client's name that are kept
)

const (
	viaSlots = "shm"
	inBody   = "inline"
)

// complete checks h as far as it goes without a data set, and fills in what may
// be left out.
func (h *helloMeta) complete() error {
	h.World = cmp.Or(h.World, 1)
	if h.Epochs == nil {
		h.Epochs = new(int64(1))
	}
	if len(h.Transports) == 0 {
		h.Transports = []string{inBody}
	}
	h.Client = h.Client[:min(len(h.Client), maxClient)]
	switch {
	case !slices.Contains(h.Versions, version):
		return &refusal{Code: "version", Message: fmt.Sprintf("the client speaks versions %v, this server %d", h.Versions, version), Fatal: true}
	case h.World < 0 || h.World > maxWorld || h.Rank < 0 || h.Rank >= h.World:
		return badHello("there is no rank %d of %d", h.Rank, h.World)
	case h.BatchSize < 0 || h.BatchSize > maxBatchSize:
		return badHello("batch_size is %d, the most is %d", h.BatchSize, maxBatchSize)
	case h.Epoch < 0 || h.Epoch > maxCount || *h.Epochs > maxCount || *h.Epochs == 0:
		return badHello("there are no %d epochs from %d on", *h.Epochs, h.Epoch)
	case h.Next < 0 || h.Next > maxCount:
		return badHello("there is no batch %d", h.Next)
	case !slices.Contains(h.Transports, viaSlots) && !slices.Contains(h.Transports, inBody):
		return badHello("none of the transports %q is known", h.Transports)
	}
	return nil
}

// welcomeMeta is the answer.
type welcomeMeta struct {
	Version     int         `json:"version"`
	Dataset     string      `json:"dataset"`
	Fingerprint string      `json:"fingerprint"`
	BatchSize   int         `json:"batch_size"`
	Batches     *int64      `json:"batches"`
	Resume      string      `json:"resume"`
	Transport   string      `json:"transport"`
	Fields      []fieldMeta `json:"fields"`
	Size        int         `json:"size"`
	Slots       int         `json:"slots"`
	Stride      int         `json:"stride"`
	Window      int         `json:"window"`
	HeartbeatMS int64       `json:"heartbeat_ms"`
}

// fieldMeta describes a field.
type fieldMeta struct {
	Name    string   `json:"name"`
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Kind    string   `json:"kind"`
	Offset  *int     `json:"offset"`
	Canvas  string   `json:"canvas,omitempty"`
	Follows string   `json:"follows,omitempty"`
	Names   []string `json:"names,omitempty"`
	Mirror  []int    `json:"mirror,omitempty"`
	Rate    int      `json:"rate,omitempty"`
}

// batchMeta says what is special about a batch.
type batchMeta struct {
	Rows  int           `json:"rows,omitempty"`
	State *loader.State `json:"state,omitempty"`
}

// endMeta closes an epoch.
type endMeta struct {
	Epoch int64         `json:"epoch"`
	State *loader.State `json:"state,omitempty"`
}

// refusal is the meta of an ERROR, and the error that makes the server send it.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Fatal   bool   `json:"fatal"`
	Rank    int    `json:"rank"`
	World   int    `json:"world"`
	Epoch   int64  `json:"epoch"`
	Batch   int64  `json:"batch"`
}

// Error returns the code and what is behind it.
func (r *refusal) Error() string { return "ldr: " + r.Code + ": " + r.Message }

func badHello(format string, args ...any) error {
	return &refusal{Code: "bad_hello", Message: fmt.Sprintf(format, args...), Fatal: true}
}
