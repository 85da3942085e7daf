package ldr

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// vectors is testdata/vectors.json, which clients in other languages read too.
type vectors struct {
	Frames []vector `json:"frames"`
	Batch  struct {
		Rows   int                        `json:"rows"`
		Values map[string]json.RawMessage `json:"values"`
	} `json:"batch"`
	Refused []struct{ Name, From, Why, Hex string } `json:"refused"`
}

type vector struct {
	Name, From, Type, Hex, Body string
	Slot                        uint32
	Seq                         uint64
	Meta                        json.RawMessage
}

func readVectors(t testing.TB) (v vectors) {
	t.Helper()
	text, err := os.ReadFile("../testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil || len(v.Frames) == 0 || len(v.Refused) == 0 {
		t.Fatalf("%d frames: %v", len(v.Frames), err)
	}
	return v
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// metaOf returns what the meta of a frame is read into.
func metaOf(t frameType) any {
	switch t {
	case hello:
		return &helloMeta{}
	case welcome:
		return &welcomeMeta{}
	case batch:
		return &batchMeta{}
	case end:
		return &endMeta{}
	case failure:
		return &Error{}
	}
	return nil
}

// TestVectors reads every frame, and writes it back.
func TestVectors(t *testing.T) {
	for _, v := range readVectors(t).Frames {
		raw := unhex(t, v.Hex)
		r := bufio.NewReader(bytes.NewReader(raw))
		h, err := readHeader(r)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if h.typ.String() != v.Type || h.slot != v.Slot || h.seq != v.Seq || int(h.body) != len(v.Body)/2 {
			t.Errorf("%s: read %+v", v.Name, h)
		}
		if got := h.append(nil); !bytes.Equal(got, raw[:headerSize]) {
			t.Errorf("%s: written as %x", v.Name, got)
		}
		if m := metaOf(h.typ); h.meta > 0 {
			if err := readMeta(r, h, m); err != nil {
				t.Errorf("%s: %v", v.Name, err)
			}
			sameMeta(t, v, m)
		}
		if rest, _ := io.ReadAll(r); hex.EncodeToString(rest) != v.Body {
			t.Errorf("%s: body %x", v.Name, rest)
		}
	}
}

// sameMeta checks that m, written again, has all keys of the vector.
func sameMeta(t *testing.T, v vector, m any) {
	t.Helper()
	var want, got map[string]any
	again, err := json.Marshal(m)
	if err != nil || json.Unmarshal(again, &got) != nil || json.Unmarshal(v.Meta, &want) != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	for key, x := range want {
		if s, ok := x.(map[string]any); ok { // the state, whose zero values are left out
			for k := range s {
				if g := got[key].(map[string]any)[k]; g != nil && !reflect.DeepEqual(g, s[k]) {
					t.Errorf("%s: %s.%s is %v, want %v", v.Name, key, k, g, s[k])
				}
			}
			continue
		}
		if !reflect.DeepEqual(got[key], x) {
			t.Errorf("%s: %s is %v, want %v", v.Name, key, got[key], x)
		}
	}
}

// TestRefused reads frames that are none.
func TestRefused(t *testing.T) {
	for _, v := range readVectors(t).Refused {
		if err := readWhole(unhex(t, v.Hex)); !errors.Is(err, errFrame) {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

// readWhole reads a frame as a peer in the right state does.
func readWhole(raw []byte) error {
	r := bufio.NewReader(bytes.NewReader(raw))
	h, err := readHeader(r)
	if err != nil {
		return err
	}
	if m := metaOf(h.typ); m != nil && (h.meta > 0 || h.typ == hello || h.typ == welcome) {
		return readMeta(r, h, m)
	}
	return nil
}

// TestVectorBatch builds the batch of the vectors and lays it out.
func TestVectorBatch(t *testing.T) {
	v := readVectors(t)
	src := rowsOf(t, v.Batch.Values, v.Batch.Rows)
	cfg := loader.Config{BatchSize: 2}
	mem := slots{layout: newLayout(src.spec, 2)}
	cfg.Alloc = mem.alloc
	ld, err := loader.New(src, cfg)
	if err != nil {
		t.Fatal(err)
	}
	var w frameWriter
	checked := 0
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		image, _ := mem.image(b)
		for _, f := range v.Frames {
			if f.Type != "BATCH" || f.Body == "" {
				continue
			}
			img := image
			if f.Slot != inlineSlot {
				img = nil
			}
			w.layOut(header{typ: batch, slot: f.Slot, seq: f.Seq}, nil, img, b, mem.varying)
			if got := hex.EncodeToString(slices.Concat(w.pieces...)); got != f.Hex {
				t.Errorf("%s:\n%s, want\n%s", f.Name, got, f.Hex)
			}
			checked++
		}
	}
	if checked != 2 {
		t.Errorf("%d frames checked", checked)
	}
	var want welcomeMeta
	for _, f := range v.Frames {
		if f.Name == "WELCOME with shared slots" {
			if err := json.Unmarshal(f.Meta, &want); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !reflect.DeepEqual(mem.fields, want.Fields) || mem.size != want.Size {
		t.Errorf("layout %+v of %d bytes, want %+v of %d", mem.fields, mem.size, want.Fields, want.Size)
	}
}

// vectorRows is a source of the rows in the vectors.
type vectorRows struct {
	spec loader.Spec
	rows [][]loader.Tensor
}

func rowsOf(t *testing.T, values map[string]json.RawMessage, n int) *vectorRows {
	t.Helper()
	var image [][]uint8
	var label []int32
	var boxes [][][4]float32
	var text []string
	var crop [][][]uint8
	for name, to := range map[string]any{"image": &image, "label": &label, "boxes": &boxes, "text": &text, "crop": &crop} {
		if err := json.Unmarshal(values[name], to); err != nil {
			t.Fatal(name, err)
		}
	}
	src := &vectorRows{spec: loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(2, 2, 3), Kind: kind.Image},
		{Name: "label", DType: dtype.Int32, Kind: kind.Label, Names: []string{"cat", "dog"}},
		{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "crop", DType: dtype.Uint8, Shape: loader.Dims(-1, -1), Kind: kind.Mask},
	}}
	for i := range n {
		data := []any{image[i], label[i], boxes[i], []byte(text[i]), slices.Concat(crop[i]...)}
		dims := []loader.Shape{loader.Dims(2, 2, 3), loader.Dims(), loader.Dims(len(boxes[i]), 4), loader.Dims(len(text[i])), loader.Dims(len(crop[i]), len(crop[i][0]))}
		var row []loader.Tensor
		for f := range data {
			row = append(row, loader.Tensor{DType: src.spec[f].DType, Shape: dims[f], Data: littleEndian(t, data[f])})
		}
		src.rows = append(src.rows, row)
	}
	return src
}

func littleEndian(t *testing.T, x any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, x); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (s *vectorRows) Spec() loader.Spec      { return s.spec }
func (s *vectorRows) Blocks() []loader.Block { return []loader.Block{{Rows: len(s.rows)}} }
func (s *vectorRows) Open(context.Context, int) (loader.Rows, error) {
	return s, nil
}
func (s *vectorRows) Row(_ *loader.Worker, i int, smp *loader.Sample) error {
	for f, v := range s.rows[i] {
		smp.Set(f, v.DType, v.Shape, v.Data)
	}
	return nil
}
func (s *vectorRows) Close() error { return nil }

// FuzzFrame reads anything: a frame that is written back as it was, or an error.
func FuzzFrame(f *testing.F) {
	v := readVectors(f)
	for _, x := range v.Frames {
		f.Add(unhex(f, x.Hex))
	}
	for _, x := range v.Refused {
		f.Add(unhex(f, x.Hex))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := bufio.NewReader(bytes.NewReader(raw))
		for {
			h, err := readHeader(r)
			if err != nil {
				if err != io.EOF && !errors.Is(err, errFrame) {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Contains(raw, h.append(nil)) {
				t.Fatalf("%+v is not what came", h)
			}
			if m := metaOf(h.typ); m != nil {
				if err := readMeta(r, h, m); err != nil && !errors.Is(err, errFrame) {
					t.Fatal(err)
				}
			}
		}
	})
}

// FuzzHello opens sessions with anything: each begins somewhere or is refused.
func FuzzHello(f *testing.F) {
	for _, x := range readVectors(f).Frames {
		if x.Type == "HELLO" {
			f.Add([]byte(x.Meta))
		}
	}
	for _, name := range []string{"packed", "tokens"} {
		f.Add([]byte(`{"versions":[1],"dataset":"` + name + `","state":{"version":1,"position":6,"step":2,"fingerprint":"","batch":6,"world":1,"into":1,` +
			`"held":[{"bin":0,"rows":[1,2,3,4]},{"bin":1,"rows":[8,7,6,5,8],"closed":true,"gives":2,"given":1}]}}`))
	}
	srv := &Server{Datasets: datasets(f)}
	prints := map[string]string{}
	for name, d := range srv.Datasets {
		ld, err := loader.New(d.Source, d.Config)
		if err != nil {
			f.Fatal(err)
		}
		prints[name] = ld.State().Fingerprint
	}
	f.Fuzz(func(t *testing.T, meta []byte) {
		c := &conn{}
		h := header{typ: hello, meta: uint32(len(meta))}
		if readMeta(bytes.NewReader(meta), h, &c.hello) != nil || c.hello.complete() != nil {
			return
		}
		c.hello.Transports = []string{inBody}
		if c.hello.State != nil { // what a client knows
			c.hello.State.Fingerprint = prints[c.hello.Dataset]
			c.hello.State.Seed = srv.Datasets[c.hello.Dataset].Config.Seed
		}
		if c.hello.BatchSize > 1000 {
			return
		}
		x, err := srv.newSession(c)
		if err != nil {
			if strings.Contains(err.Error(), "panic") {
				t.Fatal(err)
			}
			return
		}
		n := 0
		for _, err := range x.ld.All(t.Context()) {
			if n++; err != nil || n == 3 {
				break
			}
		}
	})
}
