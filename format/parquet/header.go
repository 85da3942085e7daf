package parquet

// pageType is parquet.thrift's PageType.
type pageType int32

const (
	dataPage       pageType = 0
	indexPage      pageType = 1
	dictionaryPage pageType = 2
	dataPageV2     pageType = 3
)

// encoding is parquet.thrift's Encoding.
type encoding int32

const (
	plain                encoding = 0
	plainDictionary      encoding = 2
	rle                  encoding = 3
	bitPacked            encoding = 4
	deltaBinaryPacked    encoding = 5
	deltaLengthByteArray encoding = 6
	deltaByteArray       encoding = 7
	rleDictionary        encoding = 8
	byteStreamSplit      encoding = 9
)

var encodingNames = [...]string{"PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED",
	"DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"}

// String returns the name that parquet.thrift uses.
func (e encoding) String() string {
	if e < 0 || int(e) >= len(encodingNames) {
		return "unknown encoding"
	}
	return encodingNames[e]
}

func (e encoding) indexed() bool { return e == rleDictionary || e == plainDictionary }

// pageHeader is parquet.thrift's PageHeader, less what only searches need.
type pageHeader struct {
	typ          pageType
	uncompressed int32 // bytes
	compressed   int32 // bytes, as stored
	crc          uint32
	hasCRC       bool
	has          pageType // the kind of page that the header describes

	values    int32
	nulls     int32 // v2 only
	rows      int32 // v2 only
	encoding  encoding
	defLevels encoding // v1 only
	repLevels encoding // v1 only
	defBytes  int32    // v2 only
	repBytes  int32    // v2 only
	plainBody bool     // v2 only: the values are not compressed
}

// readPageHeader reads a page header from the front of c.
func readPageHeader(c *compact) (h pageHeader) {
	h.typ, h.has = -1, -1
	h.uncompressed, h.compressed = -1, -1
	h.values, h.encoding = -1, -1
	c.fields(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == thriftI32:
			h.typ = pageType(c.int32())
		case id == 2 && typ == thriftI32:
			h.uncompressed = c.int32()
		case id == 3 && typ == thriftI32:
			h.compressed = c.int32()
		case id == 4 && typ == thriftI32:
			h.crc, h.hasCRC = uint32(c.int32()), true
		case id == 5 && typ == thriftStruct:
			h.has = dataPage
			c.fields(h.dataField(c))
		case id == 7 && typ == thriftStruct:
			h.has = dictionaryPage
			c.fields(h.dictionaryField(c))
		case id == 8 && typ == thriftStruct:
			h.has = dataPageV2
			c.fields(h.dataFieldV2(c))
		default:
			return false
		}
		return true
	})
	return h
}

func (h *pageHeader) dataField(c *compact) func(int16, byte) bool {
	return func(id int16, typ byte) bool {
		if typ != thriftI32 {
			return false
		}
		switch id {
		case 1:
			h.values = c.int32()
		case 2:
			h.encoding = encoding(c.int32())
		case 3:
			h.defLevels = encoding(c.int32())
		case 4:
			h.repLevels = encoding(c.int32())
		default:
			return false
		}
		return true
	}
}

func (h *pageHeader) dictionaryField(c *compact) func(int16, byte) bool {
	return func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == thriftI32:
			h.values = c.int32()
		case id == 2 && typ == thriftI32:
			h.encoding = encoding(c.int32())
		default:
			return false
		}
		return true
	}
}

func (h *pageHeader) dataFieldV2(c *compact) func(int16, byte) bool {
	h.rows = -1
	return func(id int16, typ byte) bool {
		if id == 7 && (typ == thriftTrue || typ == thriftFalse) {
			h.plainBody = typ == thriftFalse
			return true
		}
		if typ != thriftI32 || id > 6 {
			return false
		}
		x := c.int32()
		switch id {
		case 1:
			h.values = x
		case 2:
			h.nulls = x
		case 3:
			h.rows = x
		case 4:
			h.encoding = encoding(x)
		case 5:
			h.defBytes = x
		case 6:
			h.repBytes = x
		}
		return true
	}
}
