package ldr

import (
	"fmt"
	"os"
	"sync"

	"github.com/stokerdata/stoker/loader"
)

// layout says where the fields of a batch lie in its image: as loader.Config.Alloc
// has it, in the order of the spec at multiples of 64.
type layout struct {
	fields  []fieldMeta
	size    int   // bytes of the image
	first   int   // index of the field that begins it, -1 if there is none
	varying []int // indices of the fields that are not in it
}

const columnAlign = 64

func newLayout(spec loader.Spec, rows int) layout {
	l := layout{first: -1}
	for f, field := range spec {
		if field.Name == "" {
			continue
		}
		m := fieldMeta{
			Name: field.Name, DType: field.DType.String(), Shape: make([]int, field.Shape.Rank()), Kind: field.Kind.String(),
			Canvas: field.Canvas, Follows: field.Follows, Names: field.Names, Mirror: field.Mirror, Rate: field.Rate,
		}
		for i := range m.Shape {
			m.Shape[i] = field.Shape.Dim(i)
		}
		if !field.Shape.Fixed() {
			l.varying = append(l.varying, f)
			l.fields = append(l.fields, m)
			continue
		}
		m.Offset = new(l.size)
		if n := rows * field.Shape.Len() * field.DType.Size(); n > 0 {
			if l.first < 0 {
				l.first = f
			}
			l.size = (l.size + n + columnAlign - 1) &^ (columnAlign - 1)
		}
		l.fields = append(l.fields, m)
	}
	return l
}

// slots is the memory in which the loader of one connection builds its batches:
// shared with the client, or of this process alone.
type slots struct {
	layout
	n, stride int
	shared    []byte   // nil if it is not
	file      *os.File // what the client is sent, until then

	mu    sync.Mutex
	given [][]byte
}

const pageSize = 4096

// share makes memory that the client can map. The caller closes s.
func (s *slots) share(n int) (err error) {
	s.n, s.stride = n, (s.size+pageSize-1)&^(pageSize-1)
	s.shared, s.file, err = shareMemory(s.n * s.stride)
	return err
}

// alloc is a loader.Config.Alloc.
func (s *slots) alloc(bytes int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var m []byte
	switch k := len(s.given); {
	case bytes != s.size:
		panic(fmt.Sprintf("ldr: a batch of %d bytes has an image of %d", bytes, s.size))
	case s.shared == nil:
		m = make([]byte, bytes)
	case k == s.n:
		panic(fmt.Sprintf("ldr: the loader builds in more than %d slots", s.n))
	default:
		m = s.shared[k*s.stride:][:bytes:bytes]
	}
	s.given = append(s.given, m)
	return m
}

// image returns the memory that b was built in and the number of the slot.
func (s *slots) image(b *loader.Batch) ([]byte, int) {
	if s.first < 0 {
		return nil, 0
	}
	data := b.Column(s.first).Data
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, m := range s.given {
		if &m[0] == &data[0] {
			return m, k
		}
	}
	panic("ldr: a batch was built elsewhere")
}

// closeFile lets go of the file; what is mapped stays.
func (s *slots) closeFile() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

// close gives the memory back, which nobody uses any more.
func (s *slots) close() {
	s.closeFile()
	if s.shared != nil {
		unshareMemory(s.shared)
		s.shared = nil
	}
}
