package ldr

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"time"
)

// client is a client as PROTOCOL.md has it.
type client struct {
	net  net.Conn
	r    *bufio.Reader
	w    welcomeMeta
	mem  []byte // shared slots
	ping int    // PINGs that came
	echo uint64 // seq of the last one that answers
}

// request is a HELLO for so many epochs.
func request(epochs int64) helloMeta {
	return helloMeta{Request: Request{Epochs: epochs}, Versions: []int{version}, Transports: []string{viaSlots, inBody}}
}

func sendFrame(c net.Conn, h header, meta any) error {
	var b []byte
	if meta != nil {
		b, _ = json.Marshal(meta)
	}
	h.meta = uint32(len(b))
	_, err := c.Write(append(h.append(nil), b...))
	return err
}

// connect says HELLO; the error is the server's ERROR or the connection's.
func connect(nc net.Conn, h helloMeta) (*client, error) {
	nc.SetDeadline(time.Now().Add(20 * time.Second)) // no test hangs
	c := &client{net: nc}
	sendFrame(nc, header{typ: hello}, h) // if it cannot be sent, the answer says why
	fd := -1
	first, err := []byte(nil), error(nil)
	if u, ok := nc.(*net.UnixConn); ok {
		first, fd, err = readFile(u)
	}
	if err != nil {
		return nil, err
	}
	c.r = bufio.NewReader(io.MultiReader(bytes.NewReader(first), nc))
	head, meta, err := c.frame()
	if err != nil {
		return nil, err
	}
	if head.typ != welcome {
		return nil, fmt.Errorf("%v in the place of WELCOME", head.typ)
	}
	if err := json.Unmarshal(meta, &c.w); err != nil {
		return nil, err
	}
	if c.w.Transport == viaSlots {
		c.mem, err = mapFile(fd, c.w.Slots*c.w.Stride)
	}
	return c, err
}

func (c *client) close() {
	c.net.Close()
	unmap(c.mem)
}

// frame reads a frame but a PING, without its body.
func (c *client) frame() (header, []byte, error) {
	for {
		h, err := readHeader(c.r)
		if err != nil {
			return h, nil, err
		}
		meta := make([]byte, h.meta)
		if _, err := io.ReadFull(c.r, meta); err != nil {
			return h, nil, err
		}
		switch h.typ {
		case failure:
			var r Error
			if err := json.Unmarshal(meta, &r); err != nil {
				return h, nil, err
			}
			return h, nil, &r
		case ping:
			if c.ping++; h.seq != 0 {
				c.echo = h.seq
			}
			continue
		}
		return h, meta, nil
	}
}

func (c *client) credit(slot uint32) error {
	return sendFrame(c.net, header{typ: credit, slot: slot}, nil)
}

// received is a batch, or the end of an epoch.
type received struct {
	header
	batchMeta
	end  endMeta
	rows int
	body []byte
	img  []byte
}

// next reads a batch or an END.
func (c *client) next() (*received, error) {
	h, meta, err := c.frame()
	if err != nil {
		return nil, err
	}
	got := &received{header: h, rows: c.w.BatchSize}
	if h.typ == end {
		return got, json.Unmarshal(meta, &got.end)
	}
	if h.typ != batch {
		return nil, fmt.Errorf("%v in the place of BATCH", h.typ)
	}
	if len(meta) > 0 {
		if err := json.Unmarshal(meta, &got.batchMeta); err != nil {
			return nil, err
		}
		if got.Rows > 0 {
			got.rows = got.Rows
		}
	}
	got.body = make([]byte, h.body)
	if _, err := io.ReadFull(c.r, got.body); err != nil {
		return nil, err
	}
	if h.slot == inlineSlot {
		got.img, got.body = got.body[:c.w.Size], got.body[c.w.Size:]
	} else {
		got.img = c.mem[int(h.slot)*c.w.Stride:][:c.w.Size]
	}
	return got, nil
}

var sizes = map[string]int{"bool": 1, "uint8": 1, "int32": 4, "int64": 8, "float32": 4, "float64": 8}

// value is one row of a field.
type value struct {
	shape string
	data  string
}

// values returns the rows of all fields, as strings that stay.
func (c *client) values(got *received) (map[string][]value, error) {
	all := map[string][]value{}
	body := got.body
	at := 0
	part := func(n int) []byte {
		at = (at + 7) &^ 7
		b := body[at : at+n]
		at += n
		return b
	}
	for _, f := range c.w.Fields {
		size, unit := sizes[f.DType], sizes[f.DType]
		if f.Offset != nil {
			for _, d := range f.Shape {
				size *= d
			}
			for i := range got.rows {
				row := got.img[*f.Offset+i*size:][:size]
				all[f.Name] = append(all[f.Name], value{fmt.Sprint(f.Shape), string(row)})
			}
			continue
		}
		lead := true
		for _, d := range f.Shape[1:] {
			if lead = lead && d >= 0; lead {
				unit *= d
			}
		}
		if !lead {
			unit = size
		}
		offsets := part(8 * (got.rows + 1))
		var dims []byte
		if !lead {
			dims = part(8 * got.rows * len(f.Shape))
		}
		i64 := func(b []byte, i int) int { return int(binary.LittleEndian.Uint64(b[8*i:])) }
		data := part(unit * i64(offsets, got.rows))
		for i := range got.rows {
			shape := append([]int(nil), f.Shape...)
			shape[0] = i64(offsets, i+1) - i64(offsets, i)
			for d := range shape {
				if !lead {
					shape[d] = i64(dims, i*len(shape)+d)
				}
			}
			all[f.Name] = append(all[f.Name], value{fmt.Sprint(shape), string(data[unit*i64(offsets, i) : unit*i64(offsets, i+1)])})
		}
	}
	if at != len(body) {
		return nil, fmt.Errorf("%d bytes of body, %d read", len(body), at)
	}
	return all, nil
}

// dial returns a client of a server that a test has started.
func dial(t testing.TB, address string, h helloMeta) *client {
	t.Helper()
	nc := plug(t, address)
	c, err := connect(nc, h)
	if err != nil {
		nc.Close()
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

// plug connects and says nothing.
func plug(t testing.TB, address string) net.Conn {
	t.Helper()
	network := "tcp"
	if address[0] == '/' {
		network = "unix"
	}
	nc, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// needSlots skips a test that is about shared slots where there are none.
func needSlots(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("there are no shared slots")
	}
}
