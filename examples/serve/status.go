package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/png"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	_ "embed"

	"github.com/stokerdata/stoker/examples/internal/sheet"
	"github.com/stokerdata/stoker/examples/serve/ldr"
	"github.com/stokerdata/stoker/loader"
)

// status is a page for people and one for Prometheus.
type status struct {
	srv      *ldr.Server
	listener net.Listener

	mu     sync.Mutex
	before map[int64]count // of each session, when the page was last made
	sheets map[string][]byte
}

// count is how far a session was at a time.
type count struct {
	at             time.Time
	samples, bytes int64
}

// newStatus listens at an address of this machine alone: the page shows samples
// and asks for no secret.
func newStatus(srv *ldr.Server, address string) (*status, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	if at := l.Addr().(*net.TCPAddr); !at.IP.IsLoopback() {
		l.Close()
		return nil, fmt.Errorf("status: %s can be reached from other machines", address)
	}
	return &status{srv: srv, listener: l, before: map[int64]count{}, sheets: map[string][]byte{}}, nil
}

func (s *status) url() string { return "http://" + s.listener.Addr().String() + "/" }

// serve answers until ctx is done.
func (s *status) serve(ctx context.Context) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /samples/{dataset}", s.samples)
	serveHTTP(ctx, s.listener, local(mux))
}

// serveHTTP answers until ctx is done, when it closes all connections.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(io.Discard, "", 0), // handlers tell what is worth it
	}
	var group sync.WaitGroup
	defer group.Wait()
	ended, end := context.WithCancel(ctx)
	defer end()
	group.Go(func() {
		<-ended.Done()
		srv.Close()
	})
	err := srv.Serve(l)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// local refuses requests to other names than this machine's, which a page of
// somebody else could make a browser send.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if ip := net.ParseIP(strings.Trim(host, "[]")); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this is the page of another machine", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// metric is one line of /metrics for each session, or one in all.
type metric struct {
	name, kind, help string
	of               func(s ldr.Session) float64
}

var sessionMetrics = []metric{
	{"epoch", "gauge", "Epoch that is streamed.", func(s ldr.Session) float64 { return float64(s.Epoch) }},
	{"batch", "gauge", "Number of the next batch in the epoch.", func(s ldr.Session) float64 { return float64(s.Next) }},
	{"batches_total", "counter", "Batches that were sent.", func(s ldr.Session) float64 { return float64(s.Batches) }},
	{"samples_total", "counter", "Samples that were sent.", func(s ldr.Session) float64 { return float64(s.Samples) }},
	{"bytes_total", "counter", "Bytes of batches that were sent.", func(s ldr.Session) float64 { return float64(s.Bytes) }},
	{"slots_held", "gauge", "Shared slots that the client has.", func(s ldr.Session) float64 { return float64(s.Held) }},
	{"starved_seconds_total", "counter", "Time that no batch was ready.", func(s ldr.Session) float64 { return s.Loader.Starved.Seconds() }},
	{"client_seconds_total", "counter", "Time that a batch was ready and the client had no room for it.", func(s ldr.Session) float64 { return s.Loader.Trained.Seconds() }},
	{"read_bytes_total", "counter", "Bytes that the source was asked to read.", func(s ldr.Session) float64 { return float64(s.Loader.ReadBytes) }},
	{"held_bytes", "gauge", "Memory of batches and open blocks.", func(s ldr.Session) float64 { return float64(s.Loader.HeldBytes) }},
	{"skipped_total", "counter", "Damaged samples that were left out or replaced.", func(s ldr.Session) float64 { return float64(s.Loader.SkippedTotal) }},
}

// metrics answers in the text format of Prometheus, version 0.0.4.
func (s *status) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	writeMetrics(w, s.srv.Stats())
}

func writeMetrics(w io.Writer, st ldr.Stats) {
	for _, m := range []struct {
		name, kind, help string
		value            int64
	}{
		{"clients_total", "counter", "Clients that were let in.", st.Clients},
		{"refused_total", "counter", "Connections that were not.", st.Refused},
		{"batches_total", "counter", "Batches that were sent.", st.Batches},
		{"samples_total", "counter", "Samples that were sent.", st.Samples},
		{"bytes_total", "counter", "Bytes of batches that were sent.", st.Bytes},
		{"sessions", "gauge", "Clients that are served.", int64(len(st.Sessions))},
	} {
		fmt.Fprintf(w, "# HELP stoker_%s %s\n# TYPE stoker_%s %s\nstoker_%s %d\n", m.name, m.help, m.name, m.kind, m.name, m.value)
	}
	sortSessions(st.Sessions)
	for _, m := range sessionMetrics {
		fmt.Fprintf(w, "# HELP stoker_session_%s %s\n# TYPE stoker_session_%s %s\n", m.name, m.help, m.name, m.kind)
		for _, x := range st.Sessions {
			fmt.Fprintf(w, "stoker_session_%s{session=\"%d\",dataset=\"%s\",rank=\"%d\",world=\"%d\"} %g\n",
				m.name, x.ID, escape.Replace(x.Dataset), x.Rank, x.World, m.of(x))
		}
	}
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func sortSessions(list []ldr.Session) {
	slices.SortFunc(list, func(a, b ldr.Session) int {
		return cmp.Or(cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.ID, b.ID))
	})
}

//go:embed status.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// row is a session on the page.
type row struct {
	ldr.Session
	Rate, Megabytes float64 // per second
	Stall           float64 // share of the time that no batch was ready, in percent
}

// page answers with all sessions and some samples.
func (s *status) page(w http.ResponseWriter, _ *http.Request) {
	st := s.srv.Stats()
	sortSessions(st.Sessions)
	data := struct {
		ldr.Stats
		Rows     []row
		Datasets []string
	}{Stats: st, Rows: s.rows(st.Sessions, time.Now()), Datasets: slices.Sorted(maps.Keys(s.srv.Datasets))}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	b.WriteTo(w)
}

// rows computes rates since the page was made before.
func (s *status) rows(sessions []ldr.Session, now time.Time) (list []row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[int64]count{}
	for _, x := range sessions {
		was, ok := s.before[x.ID]
		if !ok {
			was.at = x.Since
		}
		sec := max(now.Sub(was.at).Seconds(), 1e-3)
		r := row{Session: x, Rate: float64(x.Samples-was.samples) / sec, Megabytes: float64(x.Bytes-was.bytes) / 1e6 / sec}
		r.Stall = 100 * x.Loader.Starved.Seconds() / max(x.Loader.Elapsed.Seconds(), 1e-9)
		list = append(list, r)
		counts[x.ID] = count{now, x.Samples, x.Bytes}
	}
	s.before = counts
	return list
}

// samplesShown is how many samples of a data set the page shows.
const samplesShown = 16

// samples answers with a picture of the first samples of a data set, which is
// kept.
func (s *status) samples(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("dataset")
	d, ok := s.srv.Datasets[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	picture := s.sheets[name]
	s.mu.Unlock()
	if picture == nil {
		var err error
		if picture, err = drawSamples(r.Context(), name, d); err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		s.mu.Lock()
		s.sheets[name] = picture
		s.mu.Unlock()
	}
	w.Header().Set("Content-Type", "image/png")
	w.Write(picture)
}

// drawSamples runs the pipeline for one small batch.
func drawSamples(ctx context.Context, name string, d ldr.Dataset) ([]byte, error) {
	cfg := d.Config
	cfg.BatchSize, cfg.Epochs, cfg.Prefetch, cfg.Workers = min(cfg.BatchSize, samplesShown), 1, 1, 1
	ld, err := loader.New(d.Source, cfg) // not closed, as the source is served on
	if err != nil {
		return nil, err
	}
	for b, err := range ld.All(ctx) {
		if err != nil {
			return nil, err
		}
		var tiles []sheet.Tile
		for i := range b.Len() {
			tile, err := sheet.Sample(b, i, image.Pt(160, 160))
			if err != nil {
				return nil, err
			}
			tiles = append(tiles, tile)
		}
		var out bytes.Buffer
		s := sheet.Sheet{Title: name, Note: sheet.Pipeline(cfg.Transforms), Legend: sheet.Legend(ld.Spec())}
		if err := png.Encode(&out, s.Draw(tiles)); err != nil {
			return nil, err
		}
		return out.Bytes(), nil
	}
	return nil, errors.New("there are no samples")
}
