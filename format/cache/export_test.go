package cache

import "context"

// Small makes segments of s small, so that a few rows fill several.
func (s *Source) Small(bytes int) { s.store.unit = bytes }

// Due returns the number of segments that are to be written.
func (s *Source) Due() int { return int(s.store.nDue.Load()) }

// Flush writes what is due.
func (s *Source) Flush(ctx context.Context) { s.folder.flush(ctx) }

// Lent returns the bytes of read buffers that nobody has given back.
func (s *Source) Lent() int64 {
	lent, _ := s.folder.bufs.Held()
	return lent
}
