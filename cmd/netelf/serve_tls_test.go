//go:build unix

package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"netelf.example/internal/certs"
)

// TestServeTLS: what is older than TLS 1.2 is refused, HTTP/2 is spoken with who wants
// it, the certificate is the one that is said, and what is no TLS fills no log.
func TestServeTLS(t *testing.T) {
	s := serve(t, serveDir(t), "--http", "127.0.0.1:0")
	addr, fingerprint := s.https()
	dial := func(c *tls.Config) (*tls.Conn, error) {
		c.InsecureSkipVerify = true // it is looked at below
		return tls.DialWithDialer(&net.Dialer{Timeout: awaitTime}, "tcp", addr, c)
	}
	if c, err := dial(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Errorf("TLS 1.1 is spoken")
		_ = c.Close() // it was only to see
	}
	for _, protocol := range []string{"h2", "http/1.1"} {
		c, err := dial(&tls.Config{NextProtos: []string{protocol}})
		if err != nil {
			t.Fatal(err)
		}
		if state := c.ConnectionState(); state.NegotiatedProtocol != protocol || certs.Of(state.PeerCertificates[0].Raw).String() != fingerprint {
			t.Errorf("%s: %s, %v", protocol, state.NegotiatedProtocol, certs.Of(state.PeerCertificates[0].Raw))
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for range 50 {
		c, err := net.DialTimeout("tcp", addr, awaitTime)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetDeadline(time.Now().Add(awaitTime)); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") // what comes of it is read
		if b, _ := io.ReadAll(c); bytes.Contains(b, []byte("200 OK")) {
			t.Errorf("without TLS: %s", b)
		}
		_ = c.Close() // it is closed
	}
	s.stop()
	if n := strings.Count(s.stderr(), "\n"); n > 5 {
		t.Errorf("strangers made it say %d lines:\n%s", n, s.stderr())
	}
}

// TestStrangers lets through what is our own fault.
func TestStrangers(t *testing.T) {
	var b bytes.Buffer
	w := strangers{slog.New(slog.NewTextHandler(&b, nil))}
	for _, text := range []string{"http: TLS handshake error from 192.0.2.7:1: EOF\n", "http: panic serving 192.0.2.7:1: boom\ngoroutine 1\n"} {
		if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
			t.Error(n, err)
		}
	}
	if got := b.String(); strings.Contains(got, "handshake") || !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "boom") {
		t.Errorf("%s", got)
	}
}
