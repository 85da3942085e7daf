package arrowstream

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/stokerdata/stoker/examples/serve/ldr"
	"github.com/stokerdata/stoker/format/feather/arrowbridge"
	"github.com/stokerdata/stoker/loader"
)

// Handler streams the data sets of a server.
type Handler struct {
	Server *ldr.Server
	// MaxClients bounds the streams at a time; 0 means 64.
	MaxClients int
	// Log is told of streams that fail; nil means nobody is.
	Log *slog.Logger

	clients atomic.Int64
}

const (
	defaultClients = 64
	contentType    = "application/vnd.apache.arrow.stream"
	bufferBytes    = 64 << 10 // Arrow writes column by column, of which many are small
)

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.clients.Add(-1)
	if n := h.clients.Add(1); n > int64(h.most()) {
		refuse(w, &ldr.Error{Code: "overloaded", Message: fmt.Sprintf("%d clients are there already", n-1)})
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "a stream is got", http.StatusMethodNotAllowed)
		return
	}
	q, err := parse(r)
	var ld *loader.Loader
	if err == nil {
		ld, err = h.Server.Loader(q)
	}
	var bridge *arrowbridge.Bridge
	if err == nil {
		bridge, err = arrowbridge.New(ld.Spec())
	}
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Stoker-Fingerprint", ld.State().Fingerprint)
	if err := stream(r.Context(), w, ld, bridge); err != nil {
		if h.Log != nil {
			h.Log.Warn("arrow stream", "url", r.URL.Path, "rank", q.Rank, "world", q.World, "error", err)
		}
		panic(http.ErrAbortHandler) // what net/http has for a body that must not look whole
	}
}

func (h *Handler) most() int {
	if h.MaxClients > 0 {
		return h.MaxClients
	}
	return defaultClients
}

// parse reads what the client wants.
func parse(r *http.Request) (q ldr.Request, err error) {
	q.Dataset = strings.TrimPrefix(r.URL.Path, "/")
	q.Token, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return q, badQuery("%v", err)
	}
	for key, list := range values {
		text := list[len(list)-1]
		n, wrong := strconv.ParseInt(text, 10, 64)
		switch key {
		case "rank":
			q.Rank = int(n)
		case "world":
			q.World = int(n)
		case "batch_size":
			q.BatchSize = int(n)
		case "epoch":
			q.Epoch = n
		case "epochs":
			q.Epochs = n
		case "next":
			q.Next = n
		case "fingerprint":
			q.Fingerprint, wrong = text, nil
		default:
			return q, badQuery("there is no %q, but rank, world, batch_size, epoch, epochs, next, fingerprint", key)
		}
		if wrong != nil {
			return q, badQuery("%s=%s is no number", key, text)
		}
	}
	return q, nil
}

func badQuery(format string, args ...any) error {
	return &ldr.Error{Code: "bad_hello", Message: fmt.Sprintf(format, args...), Fatal: true}
}

// refuse answers with an error, as JSON.
func refuse(w http.ResponseWriter, err error) {
	var e *ldr.Error
	if !errors.As(err, &e) {
		e = &ldr.Error{Code: "pipeline", Message: err.Error(), Fatal: true}
	}
	status, ok := map[string]int{
		"bad_hello": http.StatusBadRequest, "unauthenticated": http.StatusUnauthorized,
		"dataset_changed": http.StatusConflict, "overloaded": http.StatusServiceUnavailable,
	}[e.Code]
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(e)
}

// stream writes all batches.
func stream(ctx context.Context, w http.ResponseWriter, ld *loader.Loader, bridge *arrowbridge.Bridge) error {
	flush := http.NewResponseController(w).Flush
	buf := bufio.NewWriterSize(w, bufferBytes)
	out := ipc.NewWriter(buf, ipc.WithSchema(bridge.Schema()))
	for b, err := range ld.All(ctx) {
		if err != nil {
			return err
		}
		rec, err := bridge.Record(b)
		if err != nil {
			return err
		}
		err = out.Write(rec)
		rec.Release()
		if err == nil {
			err = buf.Flush()
		}
		if err == nil {
			err = flush()
		}
		if err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return buf.Flush()
}
