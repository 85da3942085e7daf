package cache

// Small makes segments of s small, so that a few rows fill several.
func (s *Source) Small(bytes int) { s.store.unit = bytes }
