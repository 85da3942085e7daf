package arrowschema

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/flat"
	"github.com/stokerdata/stoker/loader"
)

// Key names the metadata of a Parquet file that hold the schema of the table it was
// made of.
const Key = "ARROW:schema"

const (
	goesOn   = 1<<32 - 1 // first word of a message since Arrow 0.15
	version5 = 4         // MetadataVersion
	isSchema = 1         // MessageHeader
)

var errMessage = errors.New("is no message of Arrow with a schema")

// Metadata returns what follows the length with which b, a message of Arrow, begins.
func Metadata(b []byte) ([]byte, error) {
	if len(b) >= 8 && binary.LittleEndian.Uint32(b) == goesOn {
		b = b[4:]
	}
	if len(b) < 4 {
		return nil, fmt.Errorf("metadata of %d bytes: %w", len(b), loader.ErrCorrupt)
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if b = b[4:]; n == 0 || n > int64(len(b)) {
		return nil, fmt.Errorf("metadata of %d bytes where there are %d: %w", n, len(b), loader.ErrCorrupt)
	}
	return b[:n], nil
}

// Parse reads the value of Key. Errors wrap loader.ErrCorrupt.
func Parse(text string, lim format.Limits) (*Schema, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	if b, err = Metadata(b); err != nil {
		return nil, err
	}
	root := flat.New(b).Root()
	t, ok := root.Table(2)
	if root.Err() == nil && (!ok || root.Int8(1, 0) != isSchema) {
		root.Fail(errMessage)
	}
	s, err := Read(t, lim)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	return s, nil
}

// Text returns s as the value of Key. Of fields it takes numbers, durations, texts,
// bytes, dictionaries and lists of them; other types have more to be told.
func (s *Schema) Text() string {
	b := flatbuffers.NewBuilder(1 << 10)
	fields := putFields(b, s.Fields)
	b.StartObject(4)
	b.PrependUOffsetTSlot(1, fields, 0)
	schema := b.EndObject()
	b.StartObject(5)
	b.PrependInt16Slot(0, version5, 0)
	b.PrependByteSlot(1, isSchema, 0)
	b.PrependUOffsetTSlot(2, schema, 0)
	b.Finish(b.EndObject())
	message := b.FinishedBytes()
	n := (len(message) + 7) &^ 7
	out := binary.LittleEndian.AppendUint32(nil, goesOn)
	out = binary.LittleEndian.AppendUint32(out, uint32(n))
	out = append(append(out, message...), make([]byte, n-len(message))...)
	return base64.StdEncoding.EncodeToString(out)
}

// putFields puts a vector of Field tables.
func putFields(b *flatbuffers.Builder, fields []Field) flatbuffers.UOffsetT {
	list := make([]flatbuffers.UOffsetT, len(fields))
	for i := range fields {
		list[i] = putField(b, &fields[i])
	}
	return putVector(b, list)
}

func putVector(b *flatbuffers.Builder, list []flatbuffers.UOffsetT) flatbuffers.UOffsetT {
	b.StartVector(4, len(list), 4)
	for i := len(list) - 1; i >= 0; i-- {
		b.PrependUOffsetT(list[i])
	}
	return b.EndVector(len(list))
}

// putField puts a Field table.
func putField(b *flatbuffers.Builder, f *Field) flatbuffers.UOffsetT {
	name, children, typ := b.CreateString(f.Name), putFields(b, f.Children), putType(b, f)
	var pairs, dict flatbuffers.UOffsetT
	if d := f.Dict; d != nil {
		index := putType(b, &Field{Type: Int, Size: d.Size, Signed: d.Signed})
		b.StartObject(2)
		b.PrependInt64Slot(0, d.ID, 0)
		b.PrependUOffsetTSlot(1, index, 0)
		dict = b.EndObject()
	}
	if f.Extension != "" {
		pairs = putVector(b, []flatbuffers.UOffsetT{putPair(b, ExtensionKey, f.Extension), putPair(b, ExtensionDataKey, f.ExtensionData)})
	}
	b.StartObject(7)
	b.PrependUOffsetTSlot(0, name, 0)
	b.PrependBoolSlot(1, f.Nullable, false)
	b.PrependByteSlot(2, byte(f.Type), 0)
	b.PrependUOffsetTSlot(3, typ, 0)
	b.PrependUOffsetTSlot(4, dict, 0)
	b.PrependUOffsetTSlot(5, children, 0)
	b.PrependUOffsetTSlot(6, pairs, 0)
	return b.EndObject()
}

// putType puts the table with the parameters of the type.
func putType(b *flatbuffers.Builder, f *Field) flatbuffers.UOffsetT {
	b.StartObject(2)
	switch f.Type {
	case Int:
		b.PrependInt32Slot(0, int32(f.Size), 0)
		b.PrependBoolSlot(1, f.Signed, false)
	case Float:
		b.PrependInt16Slot(0, int16(f.Size/32), 0)
	case Duration:
		b.PrependInt16Slot(0, int16(f.Unit), 1)
	case FixedSizeBinary, FixedSizeList:
		b.PrependInt32Slot(0, int32(f.Size), 0)
	}
	return b.EndObject()
}

// putPair puts a KeyValue table.
func putPair(b *flatbuffers.Builder, key, value string) flatbuffers.UOffsetT {
	k, v := b.CreateString(key), b.CreateString(value)
	b.StartObject(2)
	b.PrependUOffsetTSlot(0, k, 0)
	b.PrependUOffsetTSlot(1, v, 0)
	return b.EndObject()
}
