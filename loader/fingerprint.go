package loader

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/stokerdata/stoker/internal/describe"
)

// fingerprint identifies what decides the bytes of a stream: the layout of the
// data, the order, the pipeline and the seed. Functions and channels in a
// configuration count with their type alone.
func fingerprint(src Source, cfg Config, in Spec) string {
	h := sha256.New()
	fmt.Fprintf(h, "stoker %d\n%v\nseed %d, remainder %d, errors %v\n", describe.Contract, in, cfg.Seed, cfg.Remainder, cfg.OnError)
	var rows, bytes int64
	for _, b := range src.Blocks() {
		rows, bytes = rows+int64(b.Rows), bytes+b.Bytes
		fmt.Fprintf(h, "%d %d,", b.Rows, b.Bytes)
	}
	if f, ok := src.(interface{ Fingerprint() string }); ok {
		io.WriteString(h, f.Fingerprint())
	}
	describe.Write(h, cfg.Order)
	for _, t := range cfg.Transforms {
		describe.Write(h, t)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
