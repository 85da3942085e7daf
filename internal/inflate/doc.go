// Package inflate decompresses zlib and bare deflate streams (RFC 1950 and
// RFC 1951) that lie in memory, such as the pixels of a PNG file, faster than
// readers of any stream can.
//
//	var z inflate.Reader // kept, so that its buffers are
//	err := z.Reset(data)
//	...
//	for range rows {
//		row, err := z.Next(rowBytes)
//		...
//	}
//	err = z.Close() // nothing is left, and the checksum is right
//
// A Reader keeps a window of its output and no more, however much a stream
// expands to. What it returns is lent until the next call. It reads bytes of its
// argument until Close, and is for one goroutine at a time.
package inflate
