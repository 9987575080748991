package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"
)

// authority is the platform's own certificate authority. TLS is everywhere, also
// here: what is only tried without it fails where it matters.
type authority struct {
	l    layout
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

const lifetime = 365 * 24 * time.Hour

func (l layout) caFile() string { return l.path("pki", "ca.crt") }

// loadAuthority reads the authority, or makes it the first time.
func loadAuthority(l layout) (*authority, error) {
	certPEM, err := os.ReadFile(l.caFile())
	if errors.Is(err, fs.ErrNotExist) {
		return makeAuthority(l)
	} else if err != nil {
		return nil, err
	}
	keyPEM, err := os.ReadFile(l.path("pki", "ca.key"))
	if err != nil {
		return nil, err
	}
	certBlock, _ := pem.Decode(certPEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if certBlock == nil || keyBlock == nil {
		return nil, errors.New("the platform's certificate authority is damaged; make clean-up starts over")
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, err
	}
	return &authority{l, cert, key.(*ecdsa.PrivateKey)}, nil
}

func makeAuthority(l layout) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := template(pkix.Name{CommonName: "concordat-local-ca"})
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{l, cert, key}, writePair(l, "ca", der, key)
}

func template(subject pkix.Name) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // the reader never fails
	now := time.Now()
	return &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(lifetime)}
}

func writePair(l layout, name string, der []byte, key any) error {
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := replace(l.path("pki", name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600); err != nil {
		return err
	}
	if der == nil {
		return nil
	}
	return replace(l.path("pki", name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

// server makes a serving certificate for loopback and these names, once.
func (a *authority) server(name string, dns ...string) error {
	t := template(pkix.Name{CommonName: name})
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if name == "etcd" { // it is its own peer, and the apiserver's identity there
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	t.DNSNames = append(dns, "localhost")
	t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)}
	return a.issue(name, t)
}

// client makes a client certificate, once.
func (a *authority) client(name string, subject pkix.Name) error {
	t := template(subject)
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.issue(name, t)
}

// serving makes a certificate for a desk: cert-manager's part on a real cluster.
func (a *authority) serving(dns ...string) (certPEM, keyPEM []byte, err error) {
	t := template(pkix.Name{CommonName: "desk"})
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	t.DNSNames, t.IPAddresses = append(dns, "localhost"), []net.IP{net.IPv4(127, 0, 0, 1)}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), err
}

func (a *authority) issue(name string, t *x509.Certificate) error {
	if _, err := os.Stat(a.l.path("pki", name+".crt")); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	return writePair(a.l, name, der, key)
}

// serviceAccountKeys makes the pair with which kube-apiserver signs ServiceAccount tokens.
func (l layout) serviceAccountKeys() error {
	if _, err := os.Stat(l.path("pki", "sa.pub")); err == nil {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	if err := writePair(l, "sa", nil, key); err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	return replace(l.path("pki", "sa.pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o644)
}

// kubeconfig writes a kubeconfig for a client certificate, or for a token file.
func (l layout) kubeconfig(file, name, api, tokenFile string) error {
	ca, err := os.ReadFile(l.caFile())
	if err != nil {
		return err
	}
	user := fmt.Sprintf("tokenFile: %q", tokenFile)
	if tokenFile == "" {
		user = fmt.Sprintf("client-certificate: %q, client-key: %q", l.path("pki", name+".crt"), l.path("pki", name+".key"))
	}
	return replace(file, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: concordat, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: %s, user: {%s}}]
contexts: [{name: concordat, context: {cluster: concordat, user: %s}}]
current-context: concordat
`, api, base64.StdEncoding.EncodeToString(ca), name, user, name), 0o600)
}
