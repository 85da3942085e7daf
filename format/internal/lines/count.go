package lines

import "bytes"

var (
	newline   = []byte("\n")
	emptyLine = []byte("\n\n")
	emptyCR   = []byte("\n\r\n")
)

func countLines(b []byte) int64 { return int64(bytes.Count(b, newline)) }

// lastLine returns the end of the last line of b.
func lastLine(b []byte) int { return bytes.LastIndexByte(b, '\n') + 1 }

// countRows returns the number of lines in b, unless some are empty or the last does
// not end.
func countRows(b []byte) (n int64, ok bool) {
	if len(b) == 0 || b[0] == '\n' || b[0] == '\r' || b[len(b)-1] != '\n' || bytes.Contains(b, emptyLine) || bytes.Contains(b, emptyCR) {
		return 0, false
	}
	return countLines(b), true
}
