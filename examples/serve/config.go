package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/stokerdata/stoker/examples/internal/recipe"
	"github.com/stokerdata/stoker/examples/serve/ldr"
)

// tokenVariable is the environment variable that holds the token, if no file does.
const tokenVariable = "STOKER_TOKEN"

// file is what a file of -config says. Paths in it begin where it lies.
type file struct {
	// Datasets are what is served, by name.
	Datasets map[string]recipe.Dataset
	// Listen lists addresses as ldr.Server.Listen has them; none means a Unix
	// socket in the user's own directory for such.
	Listen []string
	// Arrow lists addresses of the same kind at which batches are served as Arrow
	// streams over HTTP.
	Arrow []string
	// Status is the address of the status page; empty means none.
	Status string
	// TokenFile holds the secret of clients; else $STOKER_TOKEN does.
	TokenFile string
	// CertFile and KeyFile are the server's certificate, for TCP.
	CertFile, KeyFile string
	// MaxClients is that of ldr.Server.
	MaxClients int
}

// readFile reads the file at path.
func (f *file) readFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := recipe.Read(text, f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// single makes f serve the data set of the flags.
func (f *file) single(data, source, transforms, order string, batch int, seed uint64) error {
	var d recipe.Dataset
	if data != "" {
		source = fmt.Sprintf(`{"any": {"Data": %q}}`, filepath.ToSlash(data))
	}
	if order != "" && !strings.HasPrefix(order, "{") {
		order = fmt.Sprintf("%q", order)
	}
	for _, part := range [][2]string{{"Source", source}, {"Transforms", transforms}, {"Order", order}} {
		if part[1] == "" {
			continue
		}
		if err := recipe.Read(fmt.Appendf(nil, `{"%s": %s}`, part[0], part[1]), &d); err != nil {
			return fmt.Errorf("-%s: %w", strings.ToLower(part[0]), err)
		}
	}
	d.BatchSize, d.Seed = batch, seed
	f.Datasets = map[string]recipe.Dataset{"data": d}
	return nil
}

// server opens all sources, which the caller closes.
func (f *file) server(dir string) (*ldr.Server, error) {
	srv := &ldr.Server{Datasets: map[string]ldr.Dataset{}, MaxClients: f.MaxClients, Token: os.Getenv(tokenVariable)}
	err := f.secrets(srv, dir)
	if len(f.Datasets) == 0 {
		err = errors.Join(err, errors.New("there are no Datasets"))
	}
	for name, d := range f.Datasets {
		at := "Datasets." + name
		if d.Rank != 0 || d.World != 0 || d.Epochs != 0 || d.Resume != nil {
			err = errors.Join(err, fmt.Errorf("%s: Rank, World, Epochs and Resume are those of each client", at))
			continue
		}
		src, wrong := d.Source.Open(dir)
		if wrong != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", at, wrong))
			continue
		}
		srv.Datasets[name] = ldr.Dataset{Source: src, Config: d.Config}
	}
	if err == nil {
		err = srv.Check()
	}
	if err != nil {
		closeSources(srv)
		return nil, err
	}
	return srv, nil
}

func closeSources(srv *ldr.Server) {
	for _, d := range srv.Datasets {
		if c, ok := d.Source.(io.Closer); ok {
			c.Close()
		}
	}
}

// secrets reads token and certificate.
func (f *file) secrets(srv *ldr.Server, dir string) error {
	if f.TokenFile != "" {
		text, err := os.ReadFile(below(dir, f.TokenFile))
		if err != nil {
			return fmt.Errorf("TokenFile: %w", err)
		}
		if srv.Token = strings.TrimSpace(string(text)); srv.Token == "" {
			return fmt.Errorf("TokenFile: %s is empty", f.TokenFile)
		}
	}
	if f.CertFile == "" && f.KeyFile == "" {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(below(dir, f.CertFile), below(dir, f.KeyFile))
	if err != nil {
		return fmt.Errorf("CertFile and KeyFile: %w", err)
	}
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}
	return nil
}

// listen listens at all addresses, or at none.
func listen(srv *ldr.Server, dir string, addresses []string) (list []net.Listener, err error) {
	for _, a := range addresses {
		if !strings.HasPrefix(a, "tcp://") {
			a = below(dir, a)
		}
		l, err := srv.Listen(a)
		if err != nil {
			closeAll(list)
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

func closeAll(list []net.Listener) {
	for _, l := range list {
		l.Close()
	}
}

// defaultSocket lies in a directory of the user.
func defaultSocket() string {
	dir := cmp.Or(os.Getenv("XDG_RUNTIME_DIR"), filepath.Join(os.TempDir(), fmt.Sprintf("stoker-%d", os.Getuid())))
	return filepath.Join(dir, "stoker", "serve.sock")
}

func below(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
