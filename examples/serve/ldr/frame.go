package ldr

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// frameType says what a frame is for.
type frameType uint16

// The types of PROTOCOL.md.
const (
	hello frameType = 1 + iota
	welcome
	credit
	batch
	end
	failure // ERROR
	ping
	bye
)

var frameNames = [...]string{hello: "HELLO", welcome: "WELCOME", credit: "CREDIT", batch: "BATCH", end: "END", failure: "ERROR", ping: "PING", bye: "BYE"}

func (t frameType) String() string {
	if t < hello || t > bye {
		return fmt.Sprintf("frame of type %d", uint16(t))
	}
	return frameNames[t]
}

const (
	magic      = 0x3152444c // "LDR1"
	headerSize = 32
	maxMeta    = 1 << 20
	maxBody    = 1 << 40
	inlineSlot = 0xffffffff
)

// header is the head of a frame.
type header struct {
	typ  frameType
	slot uint32
	seq  uint64
	meta uint32 // bytes
	body uint64 // bytes
}

// append appends the 32 bytes of h.
func (h header) append(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, magic)
	b = le.AppendUint16(b, uint16(h.typ))
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, h.meta)
	b = le.AppendUint32(b, h.slot)
	b = le.AppendUint64(b, h.seq)
	return le.AppendUint64(b, h.body)
}

// errFrame marks bytes that are no frame of the protocol.
var errFrame = errors.New("ldr: bad frame")

// parseHeader reads a header, and checks all that does not depend on the state
// of the connection.
func parseHeader(b []byte) (h header, err error) {
	le := binary.LittleEndian
	h = header{
		typ: frameType(le.Uint16(b[4:])), slot: le.Uint32(b[12:]), seq: le.Uint64(b[16:]),
		meta: le.Uint32(b[8:]), body: le.Uint64(b[24:headerSize]),
	}
	talks := h.typ == hello || h.typ == welcome || h.typ == batch || h.typ == end || h.typ == failure
	switch flags := le.Uint16(b[6:]); {
	case le.Uint32(b) != magic:
		err = fmt.Errorf("%w: it begins %q", errFrame, b[:4])
	case h.typ < hello || h.typ > bye:
		err = fmt.Errorf("%w: unknown type %d", errFrame, h.typ)
	case flags != 0:
		err = fmt.Errorf("%w: %v has flags %#x", errFrame, h.typ, flags)
	case h.meta > maxMeta || h.meta > 0 && !talks:
		err = fmt.Errorf("%w: %v has %d bytes of meta", errFrame, h.typ, h.meta)
	case h.body > maxBody || h.body > 0 && h.typ != batch:
		err = fmt.Errorf("%w: %v has %d bytes of body", errFrame, h.typ, h.body)
	}
	return h, err
}

// readHeader reads the next header. The error is io.EOF if there is none.
func readHeader(r *bufio.Reader) (header, error) {
	b, err := r.Peek(headerSize) // no copy, and no allocation per frame
	if err != nil {
		if err == io.EOF && len(b) > 0 {
			err = fmt.Errorf("%w: %d bytes of a header", errFrame, len(b))
		}
		return header{}, err
	}
	h, err := parseHeader(b)
	r.Discard(headerSize)
	return h, err
}

// readMeta reads the meta of a frame into v. Memory grows with the bytes that
// came, not with those that were announced.
func readMeta(r io.Reader, h header, v any) error {
	b, err := io.ReadAll(io.LimitReader(r, int64(h.meta)))
	switch {
	case err != nil:
		return err
	case len(b) < int(h.meta):
		return fmt.Errorf("%w: %v of %d bytes ends after %d", errFrame, h.typ, h.meta, len(b))
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %v: %w", errFrame, h.typ, err)
	}
	return nil
}
