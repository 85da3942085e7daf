// Package stored writes and opens one data set in every format and codec that the
// library reads, for checks that go through all of them:
//
//	rows := stored.Rows{N: 100, Floats: 8, Group: 50}
//	for _, f := range stored.All() {
//		path := filepath.Join(dir, f.File)
//		err := f.Write(ctx, path, rows)
//		src, err := f.Open(path, rows)
//	}
//
// Who opens a source closes it, by itself or with its loader.
package stored
