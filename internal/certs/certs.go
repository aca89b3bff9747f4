// Package certs is the certificate of a server: of files that somebody else renews,
// or one that the server signs itself and keeps.
//
//	k, err := certs.Own("/var/lib/netelf", []string{"bedrock"}, time.Now())
//	…
//	config := &tls.Config{GetCertificate: k.Certificate}
//
// Clients know a self-signed certificate by its fingerprint: the SHA-256 of its DER,
// as 'openssl x509 -fingerprint -sha256' prints it. Own makes a P-256 key, for which
// every client of TLS 1.2 and 1.3 is good, and a certificate for ten years: it is
// known by its fingerprint, and a new one would have to be made known to everybody.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fingerprint is the SHA-256 of a certificate.
type Fingerprint [sha256.Size]byte

// Of is the fingerprint of a certificate in DER.
func Of(der []byte) Fingerprint { return sha256.Sum256(der) }

// String is pairs of hexadecimal digits with colons between them.
func (f Fingerprint) String() string {
	pairs := make([]string, len(f))
	for i, b := range f {
		pairs[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(pairs, ":")
}

// Is says whether the two are the same.
func (f Fingerprint) Is(g Fingerprint) bool { return subtle.ConstantTimeCompare(f[:], g[:]) == 1 }

// ParseFingerprint takes 64 hexadecimal digits, with colons between the pairs or
// without, and what openssl writes before them.
func ParseFingerprint(s string) (f Fingerprint, err error) {
	digits := s
	if _, behind, ok := strings.Cut(s, "="); ok {
		digits = behind
	}
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(digits), ":", ""))
	if err != nil || len(b) != len(f) {
		return f, errors.New("want the SHA-256 of a certificate, 64 hexadecimal digits, as AB:CD:…")
	}
	return Fingerprint(b), nil
}

// Limits and the life of an own certificate.
const (
	maxFile = 1 << 20 // bytes of a file
	ownLife = 10 * 365 * 24 * time.Hour
)

// The files of an own certificate.
const (
	OwnCertificate = "http.crt"
	OwnKey         = "http.key"
)

// Keeper has a certificate that may become another one while it is used. It is for
// many goroutines.
type Keeper struct {
	cert, key string

	mu    sync.Mutex // guards what follows
	have  *tls.Certificate
	files [2]fs.FileInfo // that it was read from
	err   error          // why the files, as they are now, were not taken
}

// Files is the certificate of two files in PEM.
func Files(cert, key string) (*Keeper, error) {
	k := &Keeper{cert: cert, key: key}
	if err := k.Reload(); err != nil {
		return nil, err
	}
	return k, nil
}

// Own is the certificate that lies in a folder, or is made there for these names.
func Own(dir string, names []string, now time.Time) (*Keeper, error) {
	cert, key := filepath.Join(dir, OwnCertificate), filepath.Join(dir, OwnKey)
	_, noCert := os.Stat(cert)
	_, noKey := os.Stat(key)
	switch {
	case errors.Is(noCert, fs.ErrNotExist): // the key is written first, so it may be there from a start that broke off
		if err := makeOwn(cert, key, names, now); err != nil {
			return nil, err
		}
	case errors.Is(noKey, fs.ErrNotExist):
		return nil, fmt.Errorf("%s is there without %s: remove it, and another one is made, or bring the key back", cert, key)
	}
	return Files(cert, key)
}

// makeOwn signs a certificate and writes its files, the certificate last.
func makeOwn(cert, key string, names []string, now time.Time) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "netelf"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(ownLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, DNSNames: []string{"localhost"},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else if isHost(name) && !slices.Contains(t.DNSNames, name) {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, private.Public(), private)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	if err := write(key, 0o600, &pem.Block{Type: "PRIVATE KEY", Bytes: secret}); err != nil {
		return err
	}
	return write(cert, 0o644, &pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// isHost says whether a certificate can have the name: a computer may be called
// anything.
func isHost(name string) bool {
	return name != "" && len(name) <= 253 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
	})
}

// write writes a file aside, syncs it, and gives it its name.
func write(name string, mode fs.FileMode, b *pem.Block) error {
	aside := name + ".new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	err = pem.Encode(f, b)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(aside, name)
}

// Reload reads the files again. Where they are wrong the certificate stays as it
// was, and the error says what is wrong.
func (k *Keeper) Reload() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.load()
}

func (k *Keeper) load() error {
	var now [2]fs.FileInfo
	for i, name := range []string{k.cert, k.key} {
		fi, err := os.Stat(name)
		if err != nil {
			return k.failed(err)
		}
		now[i] = fi
	}
	k.files = now
	cert, err := readFile(k.cert)
	if err != nil {
		return k.failed(err)
	}
	key, err := readFile(k.key)
	if err != nil {
		return k.failed(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return k.failed(fmt.Errorf("%s with %s: %w", k.cert, k.key, err))
	}
	k.have, k.err = &pair, nil
	return nil
}

// failed keeps an error. What is wrong with a key never has the key in it.
func (k *Keeper) failed(err error) error {
	k.err = err
	return err
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxFile)
	}
	return b, err
}

// Changed says whether the files are others than those that were read, and reads
// them if they are. The error is what is wrong with them; the certificate then stays
// as it was. It is cheap, and for a timer.
func (k *Keeper) Changed() (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, name := range []string{k.cert, k.key} {
		fi, err := os.Stat(name)
		if err != nil {
			again := k.err != nil && k.err.Error() == err.Error() // which is told once
			k.err = err
			if again {
				err = nil
			}
			return false, err
		}
		was := k.files[i]
		if was == nil || !os.SameFile(fi, was) || !fi.ModTime().Equal(was.ModTime()) || fi.Size() != was.Size() {
			err := k.load()
			return err == nil, err
		}
	}
	return false, nil
}

// Certificate is what tls.Config wants as GetCertificate.
func (k *Keeper) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.have, nil
}

// Fingerprint is that of the certificate now.
func (k *Keeper) Fingerprint() Fingerprint {
	k.mu.Lock()
	defer k.mu.Unlock()
	return Of(k.have.Certificate[0])
}
