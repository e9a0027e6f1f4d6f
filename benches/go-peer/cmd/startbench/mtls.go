package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// clientCertificate is what Terraform makes for a plugin process. A nil one
// stands for a connection without TLS. One serves all runs: making it is
// Terraform's cost, not the provider's.
type clientCertificate struct {
	pair tls.Certificate
	pem  string
}

func newClientCertificate(wanted bool) (*clientCertificate, error) {
	if !wanted {
		return nil, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "localhost", Organization: []string{"startbench"}},
		DNSNames:              []string{"localhost"},
		NotBefore:             time.Now().Add(-time.Minute),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &clientCertificate{
		pair: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem:  string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}, nil
}

func (c *clientCertificate) environment() []string {
	if c == nil {
		return nil
	}
	return []string{"PLUGIN_CLIENT_CERT=" + c.pem}
}

// config trusts exactly the server certificate of the handshake line.
func (c *clientCertificate) config(server string) (*tls.Config, error) {
	der, err := base64.RawStdEncoding.DecodeString(server)
	if err != nil || len(der) == 0 {
		return nil, fmt.Errorf("the handshake carries no server certificate: %q", server)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return &tls.Config{
		Certificates: []tls.Certificate{c.pair},
		RootCAs:      roots,
		ServerName:   "localhost",
		MinVersion:   tls.VersionTLS12,
	}, nil
}
