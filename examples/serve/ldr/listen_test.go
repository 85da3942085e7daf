package ldr

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"
)

// certificate returns one for localhost that nobody but this test trusts.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, pool
}

// TestTLS streams over a socket that other machines can reach, to who has the
// token and speaks TLS.
func TestTLS(t *testing.T) {
	cert, pool := certificate(t)
	srv := &Server{Datasets: datasets(t), Token: "s3cret", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}
	address, _ := start(t, srv, "tcp://:0")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	reach := func(token string) (*client, error) {
		nc, err := tls.Dial("tcp", "localhost:"+port, &tls.Config{RootCAs: pool, ServerName: "localhost"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		h := request(2)
		h.Dataset, h.Token = "all", token
		return connect(nc, h)
	}
	_, err = reach("guess")
	checkRefusal(t, err, "unauthenticated", "token")
	c, err := reach("s3cret")
	if err != nil {
		t.Fatal(err)
	}
	if rows, _ := c.drain(t, 0, 2); len(rows) != 34 {
		t.Errorf("%d batches", len(rows))
	}
	plain, err := net.Dial("tcp", "localhost:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if c, err := connect(plain, request(1)); err == nil {
		t.Errorf("served without TLS: %+v", c.w)
	}
}
