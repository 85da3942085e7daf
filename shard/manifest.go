package shard

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/zeebo/xxh3"
)

const (
	manifestVersion  = 1
	maxManifestBytes = 1 << 30 // some five million shards
	maxPathBytes     = 4096    // the longest of Linux
)

// An Algorithm names a hash.
type Algorithm string

const (
	XXH3   Algorithm = "xxh3-128" // finds damage, faster than disks
	SHA256 Algorithm = "sha-256"  // finds tampering too
)

// new returns a hash of the algorithm, or nil for an unknown one.
func (a Algorithm) new() hash.Hash {
	switch a {
	case XXH3:
		return xxh3128{xxh3.New()}
	case SHA256:
		return sha256.New()
	}
	return nil
}

// xxh3128 makes Sum give all 128 bits.
type xxh3128 struct{ *xxh3.Hasher }

func (h xxh3128) Size() int { return 16 }

func (h xxh3128) Sum(b []byte) []byte {
	sum := h.Sum128().Bytes()
	return append(b, sum[:]...)
}

// A Manifest says what the shards of a dataset are, in order. In a file it is
// JSON with one shard a line:
//
//	{"version": 1, "shards": [
//	{"path": "train-00000-of-00002.tar", "size": 1048576, "rows": 512, "algorithm": "xxh3-128", "hash": "…"},
//	{"path": "train-00001-of-00002.tar", "size": 1048576, "rows": 512, "algorithm": "xxh3-128", "hash": "…"}
//	]}
type Manifest struct {
	Shards []Entry
}

// An Entry is one shard of a [Manifest].
type Entry struct {
	Path      string    `json:"path"` // slash-separated, below the root of the dataset
	Size      int64     `json:"size"` // bytes
	Rows      int64     `json:"rows"` // samples; -1 when not counted
	Algorithm Algorithm `json:"algorithm"`
	Hash      string    `json:"hash"` // lower-case hex
}

// manifestFile is the form of a Manifest in a file.
type manifestFile struct {
	Version int     `json:"version"`
	Shards  []Entry `json:"shards"`
}

// LoadManifest reads the manifest at path. It may come from anyone: whatever is
// not a manifest of version 1 through and through is an error, also a path that
// is absolute, has "..", or comes twice.
func LoadManifest(path string) (*Manifest, error) {
	m, err := loadManifest(path)
	if err != nil {
		return nil, fmt.Errorf("shard: manifest %s: %w", path, err)
	}
	return m, nil
}

func loadManifest(path string) (*Manifest, error) {
	data, err := readFile(path, nil, maxManifestBytes)
	if err != nil {
		return nil, err
	}
	return parseManifest(data)
}

func parseManifest(data []byte) (*Manifest, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var file manifestFile
	if err := d.Decode(&file); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("content after the end")
	}
	if file.Version != manifestVersion {
		return nil, fmt.Errorf("version %d is not %d", file.Version, manifestVersion)
	}
	m := &Manifest{file.Shards}
	return m, m.check()
}

// check returns what is wrong with m.
func (m *Manifest) check() error {
	if len(m.Shards) > maxFiles {
		return fmt.Errorf("more than %d shards", maxFiles)
	}
	seen := make(map[string]struct{}, len(m.Shards))
	for i := range m.Shards {
		e := &m.Shards[i]
		if err := e.check(); err != nil {
			return fmt.Errorf("shard %d: %w", i, err)
		}
		if _, again := seen[e.Path]; again {
			return fmt.Errorf("shard %d: %q is listed twice", i, e.Path)
		}
		seen[e.Path] = struct{}{}
	}
	return nil
}

func (e *Entry) check() error {
	if len(e.Path) > maxPathBytes {
		return fmt.Errorf("path of %d bytes", len(e.Path))
	}
	if e.Path == "." || !fs.ValidPath(e.Path) || strings.ContainsAny(e.Path, "\\\x00") || !filepath.IsLocal(filepath.FromSlash(e.Path)) {
		return fmt.Errorf("path %q is not one of a file below the root", e.Path)
	}
	if e.Size < 0 || e.Rows < -1 {
		return fmt.Errorf("%q has size %d and rows %d", e.Path, e.Size, e.Rows)
	}
	h := e.Algorithm.new()
	if h == nil {
		return fmt.Errorf("%q has the unknown algorithm %q", e.Path, string(e.Algorithm))
	}
	if sum, err := hex.DecodeString(e.Hash); err != nil || len(sum) != h.Size() || e.Hash != strings.ToLower(e.Hash) {
		return fmt.Errorf("%q has no %s hash", e.Path, e.Algorithm)
	}
	return nil
}

// Write writes m to path, whole or not at all.
func (m *Manifest) Write(path string) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("shard: manifest %s: %w", path, err)
	}
	w, err := Create(path)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := m.encode(w); err != nil {
		return fmt.Errorf("shard: manifest %s: %w", path, err)
	}
	return w.Commit()
}

func (m *Manifest) encode(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "{\"version\": %d, \"shards\": [", manifestVersion)
	for i := range m.Shards {
		line, err := json.Marshal(&m.Shards[i])
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(line)
	}
	b.WriteString("\n]}\n")
	return b.Flush()
}

// Set returns the shards as files below root, to be read by a [Pool] that
// notices when their sizes are not the manifest's.
func (m *Manifest) Set(root string) Set {
	set := make(Set, len(m.Shards))
	for i, e := range m.Shards {
		set[i] = File{Path: filepath.Join(root, filepath.FromSlash(e.Path)), Size: e.Size}
	}
	return set
}

// relative returns the slash-separated path of file below root.
func relative(root, file string) (string, error) {
	rel, err := filepath.Rel(root, file)
	if err != nil {
		return "", err
	}
	return filepath.ToSlash(rel), nil
}
