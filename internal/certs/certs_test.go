package certs

import (
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestFingerprint(t *testing.T) {
	f := Of([]byte("x"))
	plain := strings.ToLower(strings.ReplaceAll(f.String(), ":", ""))
	for _, s := range []string{f.String(), plain, strings.ToUpper(plain), " " + f.String() + "\n", "sha256 Fingerprint=" + f.String()} {
		if g, err := ParseFingerprint(s); err != nil || !g.Is(f) {
			t.Errorf("%q: %v, %v", s, g, err)
		}
	}
	for _, s := range []string{"", "AB", plain[1:], plain + "00", strings.Replace(plain, plain[:1], "g", 1), "sha1=" + plain[:40]} {
		if g, err := ParseFingerprint(s); err == nil {
			t.Errorf("%q was taken for %v", s, g)
		}
	}
	if f.Is(Of([]byte("y"))) {
		t.Error("two are the same")
	}
}

// TestOwn makes a certificate once, for the names and for this machine, whose key
// nobody else reads.
func TestOwn(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	k, err := Own(dir, []string{"bedrock", "192.0.2.7", "", "localhost", "bédrock", "bed rock\x00", strings.Repeat("x", 300), "bedrock"}, now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := k.Certificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	for _, name := range []string{"bedrock", "192.0.2.7", "localhost", "127.0.0.1", "::1"} {
		if err := cert.VerifyHostname(name); err != nil {
			t.Error(err)
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now.Add(9 * 365 * 24 * time.Hour)}); err != nil {
			t.Error(err)
		}
	}
	if err := cert.VerifyHostname("barney"); err == nil {
		t.Error("it is good for another name")
	}
	if len(cert.DNSNames) != 2 {
		t.Errorf("it has the names %q", cert.DNSNames)
	}
	if k.Fingerprint() != Of(pair.Certificate[0]) {
		t.Error("another fingerprint")
	}
	if fi, err := os.Stat(filepath.Join(dir, OwnKey)); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", fi.Mode(), err)
	}
	again, err := Own(dir, []string{"barney"}, now)
	if err != nil || again.Fingerprint() != k.Fingerprint() {
		t.Errorf("made again: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, OwnKey)); err != nil {
		t.Fatal(err)
	}
	if _, err := Own(dir, nil, now); err == nil || !strings.Contains(err.Error(), "is there without") {
		t.Errorf("a certificate without its key: %v", err)
	}
}

// TestChanged takes other files when they come, and stays with what it has while
// they are wrong.
func TestChanged(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	k, err := Own(dir, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	l, err := Own(other, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	first := k.Fingerprint()
	changed := func(want bool, text string) {
		t.Helper()
		got, err := k.Changed()
		if got != want || (err != nil) != (text != "") || err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("changed: %v, %v, want %v, %q", got, err, want, text)
		}
	}
	move := func(name string) {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(other, name))
		if err != nil {
			t.Fatal(err)
		}
		aside := filepath.Join(dir, "aside")
		if err := os.WriteFile(aside, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(aside, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	changed(false, "")
	move(OwnCertificate) // the key comes a moment later
	changed(false, "does not match")
	if k.Fingerprint() != first {
		t.Error("half of a change was taken")
	}
	move(OwnKey)
	changed(true, "")
	if k.Fingerprint() != l.Fingerprint() {
		t.Error("the other one was not taken")
	}
	changed(false, "")
	if err := os.Remove(filepath.Join(dir, OwnKey)); err != nil {
		t.Fatal(err)
	}
	changed(false, "no such file")
	changed(false, "") // told once
	if k.Fingerprint() != l.Fingerprint() {
		t.Error("it was let go of")
	}
	if err := k.Reload(); err == nil {
		t.Error("read again from nothing")
	}
}

func TestWrong(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	if _, err := Files(name, name); !isNotExist(err) {
		t.Errorf("no files: %v", err)
	}
	for _, text := range []string{"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", strings.Repeat("x", maxFile+1)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Files(name, name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	var _ func(*tls.ClientHelloInfo) (*tls.Certificate, error) = (*Keeper)(nil).Certificate
}

func isNotExist(err error) bool { _, ok := err.(*fs.PathError); return ok && os.IsNotExist(err) }
