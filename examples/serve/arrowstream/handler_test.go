package arrowstream_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/stokerdata/stoker/examples/serve/arrowstream"
	"github.com/stokerdata/stoker/examples/serve/ldr"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// rows is how many the data sets have; that with the text bad is no UTF-8 in one
// of them.
const rows = 100

func source(t testing.TB, bad int) loader.Source {
	t.Helper()
	images, labels, words := make([]uint8, rows*12), make([]int64, rows), make([]string, rows)
	for i := range labels {
		labels[i], images[12*i], words[i] = int64(i), uint8(i), fmt.Sprint("row ", i)
		if i == bad {
			words[i] = "\xff"
		}
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(2, 2, 3), Kind: kind.Image},
		{Name: "label", DType: dtype.Int64, Kind: kind.Label},
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
	}, mem.Of(images), mem.Of(labels), mem.Strings(words))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func serve(t testing.TB, h *arrowstream.Handler) string {
	t.Helper()
	cfg := loader.Config{BatchSize: 8, Seed: 5, Order: loader.Shuffle{}}
	h.Server.Datasets = map[string]ldr.Dataset{"train": {Source: source(t, -1), Config: cfg}, "bad": {Source: source(t, 50), Config: cfg}}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// labels reads a stream and returns the labels, and checks what goes with them.
func labels(t *testing.T, url string) (list []int64) {
	t.Helper()
	a, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK || a.Header.Get("Stoker-Fingerprint") == "" {
		text, _ := io.ReadAll(a.Body)
		t.Fatalf("%s: %s", a.Status, text)
	}
	r, err := ipc.NewReader(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	image := r.Schema().Field(0)
	if m := image.Metadata.ToMap(); m["ARROW:extension:name"] != "arrow.fixed_shape_tensor" || !strings.Contains(m["ARROW:extension:metadata"], "[2,2,3]") {
		t.Errorf("image is %v", image)
	}
	for r.Next() {
		rec := r.Record()
		pixels := rec.Column(0).(*array.FixedSizeList).ListValues().(*array.Uint8)
		text := rec.Column(2).(*array.LargeString)
		for i, v := range rec.Column(1).(*array.Int64).Int64Values() {
			if pixels.Value(12*i) != uint8(v) || text.Value(i) != fmt.Sprint("row ", v) {
				t.Fatalf("label %d beside %d and %q", v, pixels.Value(12*i), text.Value(i))
			}
			list = append(list, v)
		}
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return list
}

// TestStream reads what a loader of its own gives: all of it, and from the middle
// of one rank of two.
func TestStream(t *testing.T) {
	h := &arrowstream.Handler{Server: &ldr.Server{}}
	url := serve(t, h)
	for query, change := range map[string]struct {
		cfg  loader.Config
		skip int
	}{
		"":                        {loader.Config{}, 0},
		"?epochs=2&batch_size=30": {loader.Config{Epochs: 2, BatchSize: 30}, 0},
		"?rank=1&world=2&next=3":  {loader.Config{World: 2, Rank: 1}, 24},
	} {
		cfg := h.Server.Datasets["train"].Config
		cfg.Epochs, cfg.World, cfg.Rank = change.cfg.Epochs, change.cfg.World, change.cfg.Rank
		cfg.BatchSize = max(cfg.BatchSize, change.cfg.BatchSize)
		ld, err := loader.New(h.Server.Datasets["train"].Source, cfg)
		if err != nil {
			t.Fatal(err)
		}
		var want []int64
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, loader.View[int64](b.Tensor("label"))...)
		}
		if got := labels(t, url+"/train"+query); fmt.Sprint(got) != fmt.Sprint(want[change.skip:]) {
			t.Errorf("%s: got %v, want %v", query, got, want[change.skip:])
		}
	}
}

// TestRefusals answers with a status and the words of LDR/1.
func TestRefusals(t *testing.T) {
	url := serve(t, &arrowstream.Handler{Server: &ldr.Server{}})
	for query, want := range map[string]string{
		"/trein":                   "400 bad_hello",
		"/":                        "400 bad_hello",
		"/train?rank=1":            "400 bad_hello",
		"/train?next=14":           "400 bad_hello",
		"/train?next=1.5":          "400 bad_hello",
		"/train?rnk=0":             "400 bad_hello",
		"/train?%zz":               "400 bad_hello",
		"/train?fingerprint=00":    "409 dataset_changed",
		"/train?batch_size=999999": "200",
	} {
		a, err := http.Get(url + query)
		if err != nil {
			t.Fatal(err)
		}
		var e ldr.Error
		json.NewDecoder(a.Body).Decode(&e)
		a.Body.Close()
		if got := strings.TrimSpace(fmt.Sprintf("%d %s", a.StatusCode, e.Code)); got != want {
			t.Errorf("%s: got %s (%s), want %s", query, got, e.Message, want)
		}
	}
	if a, err := http.Post(url+"/train", "text/plain", nil); err != nil || a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %v, %v", a, err)
	}
}

// TestFailure cuts a stream that fails short, so that it does not look whole.
func TestFailure(t *testing.T) {
	url := serve(t, &arrowstream.Handler{Server: &ldr.Server{}})
	a, err := http.Get(url + "/bad")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if _, err := io.ReadAll(a.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the body ends with %v", err)
	}
}

// TestToken lets in who knows it.
func TestToken(t *testing.T) {
	url := serve(t, &arrowstream.Handler{Server: &ldr.Server{Token: "s3cret"}})
	for token, want := range map[string]int{"": 401, "Bearer guess": 401, "Basic s3cret": 401, "Bearer s3cret": 200} {
		r, err := http.NewRequest("GET", url+"/train", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", token)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, a.Body)
		a.Body.Close()
		if a.StatusCode != want {
			t.Errorf("%q: %d, want %d", token, a.StatusCode, want)
		}
	}
}

// TestLeave has clients that leave in the middle of an endless stream, as many as
// there may be, and then one more.
func TestLeave(t *testing.T) {
	url := serve(t, &arrowstream.Handler{Server: &ldr.Server{}, MaxClients: 3})
	before := runtime.NumGoroutine()
	for range 3 {
		var open []*http.Response
		for range 3 {
			a, err := http.Get(url + "/train?epochs=-1")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, a.Body, 10_000); err != nil {
				t.Fatal(err)
			}
			open = append(open, a)
		}
		a, err := http.Get(url + "/train")
		if err != nil || a.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("one too many: %v, %v", a, err)
		}
		a.Body.Close()
		for _, a := range open {
			a.Body.Close()
		}
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			a, err := http.Get(url + "/train?batch_size=100")
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
			if a.StatusCode == http.StatusOK {
				break
			}
			if time.Now().After(end) {
				t.Fatal("there is no room again")
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before+2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, there were %d", runtime.NumGoroutine(), before)
		}
	}
}
