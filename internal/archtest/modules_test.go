package archtest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A dependency is another module, with what must be known to depend on it.
type dependency struct {
	module    string
	licence   string   // SPDX
	why       string   // what it does for us, in one line
	importers []string // packages that may import it, with those below them
}

// dependencies lists all modules that the code may import. The standard library
// comes first: a module is added when it does something hard that the standard
// library does not, under a licence of licences, and with a reason.
var dependencies = []dependency{
	{
		"github.com/andybalholm/brotli", "MIT",
		"brotli, a codec of Parquet pages",
		[]string{"format/parquet"},
	},
	{
		"github.com/apache/arrow/go/v15", "Apache-2.0",
		"writes the messages of Arrow IPC, the format of Feather files; its records are what the bridge to other programs is made of",
		[]string{"format/feather", "examples/serve/arrowstream"},
	},
	{
		"github.com/cespare/xxhash/v2", "MIT",
		"XXH64, the checksum of zstd frames, a piece at a time, which what the others bring along cannot",
		[]string{"internal/zstd"},
	},
	{
		"github.com/disintegration/imaging", "MIT",
		"lays out the pictures which the examples draw; it is fed our own pixels, never a file's",
		[]string{"examples"},
	},
	{
		"github.com/google/flatbuffers", "Apache-2.0",
		"lays out the schema of Arrow that a Parquet file carries; what files hold is read by our own verifier",
		[]string{"format/internal/arrowschema"},
	},
	{
		"github.com/klauspost/compress", "BSD-3-Clause",
		"zstd and snappy, which the standard library lacks, and a faster gzip",
		[]string{"format", "internal/zstd", "shard"},
	},
	{
		"github.com/parquet-go/parquet-go", "Apache-2.0",
		"reads and writes the metadata and pages of Parquet files",
		[]string{"format/parquet"},
	},
	{
		"github.com/pierrec/lz4/v4", "BSD-3-Clause",
		"compresses LZ4 for the tests of our own decoder, which it is compared with",
		[]string{"format/feather", "internal/lz4"},
	},
	{
		"github.com/zeebo/xxh3", "BSD-2-Clause",
		"XXH3, which tells a damaged shard from the one in its manifest, a damaged row of a cache, and the index of another file",
		[]string{"augment/vision/jpeg", "format/cache", "format/internal/lines", "shard"},
	},
	{
		"golang.org/x/image", "BSD-3-Clause",
		"decodes the streams of WebP and TIFF files; fonts that label the pictures which the examples draw",
		[]string{"augment/vision/internal/webp", "augment/vision/tiff", "examples"},
	},
	{
		"golang.org/x/sync", "BSD-3-Clause",
		"errgroup: goroutines that are waited for together",
		[]string{"loader", "shard"},
	},
	{
		"golang.org/x/sys", "BSD-3-Clause",
		"system calls that package syscall lacks: read-ahead advice, CPU features, memory shared between processes",
		[]string{"shard/internal/sysio", "internal", "examples/serve"},
	},
}

// licences lists what code under Apache-2.0 may be linked with, without asking.
var licences = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}

// pins lists the least versions of what go.mod must name, direct or not.
var pins = []struct{ module, atLeast, why string }{
	{"go", "1.26.5", "os.Root follows links out of its directory (GO-2026-4970)"},
	{"github.com/klauspost/compress", "1.18.7", "s2 reads out of bounds (GO-2026-5841)"},
	{"golang.org/x/image", "0.45.0", "its decoders panic or exhaust memory (GO-2026-4815 to GO-2026-6222)"},
}

// A requirement is one line of go.mod.
type requirement struct {
	module, version string
	indirect        bool
}

// modules finds what go.mod says and the tables above do not, and the other way round.
func modules(t *tree) (found []string) {
	reqs, err := parseMod(t.mod)
	if err != nil {
		return []string{err.Error()}
	}
	at := func(module string) int {
		return slices.IndexFunc(reqs, func(r requirement) bool { return r.module == module })
	}
	for _, r := range reqs {
		known := slices.ContainsFunc(dependencies, func(d dependency) bool { return d.module == r.module })
		if !known && !r.indirect && r.module != "go" {
			found = append(found, fmt.Sprintf("go.mod: %s is not among the dependencies", r.module))
		}
	}
	for _, d := range dependencies {
		if at(d.module) < 0 {
			found = append(found, fmt.Sprintf("go.mod: %s is among the dependencies and not required", d.module))
		}
		if d.why == "" || len(d.importers) == 0 || !slices.Contains(licences, d.licence) {
			found = append(found, fmt.Sprintf("dependencies: %s lacks a reason, an importer or a licence that fits", d.module))
		}
	}
	for _, p := range pins {
		if i := at(p.module); i >= 0 && older(reqs[i].version, p.atLeast) {
			found = append(found, fmt.Sprintf("go.mod: %s %s is older than %s: %s", p.module, reqs[i].version, p.atLeast, p.why))
		}
	}
	return found
}

// parseMod returns the requirements of a go.mod, the go line among them.
func parseMod(text string) (reqs []requirement, err error) {
	block := false
	for line := range strings.Lines(text) {
		code, comment, _ := strings.Cut(line, "//")
		words := strings.Fields(code)
		if len(words) > 0 && words[0] == "require" {
			words = words[1:]
			if block = len(words) == 1 && words[0] == "("; block {
				continue
			}
		} else if len(words) > 0 && words[0] == ")" {
			block = false
			continue
		} else if !block && len(words) > 0 && words[0] != "go" {
			if words[0] != "module" {
				return nil, fmt.Errorf("go.mod: a %s line, which users of the module would not get", words[0])
			}
			continue
		}
		if len(words) == 2 {
			reqs = append(reqs, requirement{words[0], strings.TrimPrefix(words[1], "v"), strings.TrimSpace(comment) == "indirect"})
		}
	}
	return reqs, nil
}

// older reports whether version a is older than b, by their numbers. What
// follows a - counts as older than the version it leads to.
func older(a, b string) bool {
	numbers, pre, isPre := strings.Cut(a, "-")
	as, bs := strings.Split(numbers, "."), strings.Split(b, ".")
	for i := range bs {
		if i >= len(as) {
			return bs[i] != "0"
		}
		x, errX := strconv.Atoi(as[i])
		y, errY := strconv.Atoi(bs[i])
		if errX != nil || errY != nil {
			return true
		}
		if c := cmp.Compare(x, y); c != 0 {
			return c < 0
		}
	}
	return isPre && pre != ""
}
