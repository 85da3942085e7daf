package ldr

import (
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/loader"
)

const version = 1

// helloMeta is the meta of HELLO.
type helloMeta struct {
	Request
	Versions   []int    `json:"versions"`
	Transports []string `json:"transports"`
	Client     string   `json:"client"`
}

// maxClient is how many bytes of a client's name are kept.
const maxClient = 200

const (
	viaSlots = "shm"
	inBody   = "inline"
)

// complete checks h as far as it goes without a data set, and fills in what may
// be left out.
func (h *helloMeta) complete() error {
	if len(h.Transports) == 0 {
		h.Transports = []string{inBody}
	}
	h.Client = h.Client[:min(len(h.Client), maxClient)]
	switch {
	case !slices.Contains(h.Versions, version):
		return &Error{Code: "version", Message: fmt.Sprintf("the client speaks versions %v, this server %d", h.Versions, version), Fatal: true}
	case !slices.Contains(h.Transports, viaSlots) && !slices.Contains(h.Transports, inBody):
		return badHello("none of the transports %q is known", h.Transports)
	}
	return h.Request.complete()
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

// Error is why a client is not served, or no longer: the meta of ERROR.
type Error struct {
	Code    string `json:"code"` // a word of PROTOCOL.md
	Message string `json:"message"`
	Fatal   bool   `json:"fatal"` // the same request will do no better
	Rank    int    `json:"rank"`
	World   int    `json:"world"`
	Epoch   int64  `json:"epoch"`
	Batch   int64  `json:"batch"`
}

// Error returns the code and what is behind it.
func (e *Error) Error() string { return "ldr: " + e.Code + ": " + e.Message }

func badHello(format string, args ...any) error {
	return &Error{Code: "bad_hello", Message: fmt.Sprintf(format, args...), Fatal: true}
}
