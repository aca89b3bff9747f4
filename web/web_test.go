package web_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"netelf.example/web"
)

var update = flag.Bool("update", false, "write dist/licenses.txt")

// files are all that the page is made of, by path and kind.
var files = map[string]string{
	"/":             "text/html; charset=utf-8",
	"/app.js":       "text/javascript; charset=utf-8",
	"/app.css":      "text/css; charset=utf-8",
	"/icon.svg":     "image/svg+xml",
	"/licenses.txt": "text/plain; charset=utf-8",
}

// ask asks for a path; header are name and value, one after the other.
func ask(t *testing.T, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	web.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFiles(t *testing.T) {
	for path, kind := range files {
		t.Run(path, func(t *testing.T) {
			r := ask(t, "GET", path)
			plain := body(t, r)
			if r.StatusCode != http.StatusOK || len(plain) == 0 || r.Header.Get("Content-Type") != kind {
				t.Fatalf("status %d, %d bytes, %s", r.StatusCode, len(plain), r.Header.Get("Content-Type"))
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": web.Policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
				"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-cache",
				"Vary": "Accept-Encoding", "Content-Length": fmt.Sprint(len(plain)),
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}

			h := ask(t, "HEAD", path)
			if got := body(t, h); len(got) != 0 || h.StatusCode != http.StatusOK || h.Header.Get("Content-Length") != r.Header.Get("Content-Length") {
				t.Errorf("HEAD: status %d, %d bytes, length %s", h.StatusCode, len(got), h.Header.Get("Content-Length"))
			}

			z := ask(t, "GET", path, "Accept-Encoding", "br, gzip")
			packed := body(t, z)
			if z.Header.Get("Content-Encoding") != "gzip" {
				t.Fatalf("Content-Encoding %q", z.Header.Get("Content-Encoding"))
			}
			g, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(g); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("unpacked %d bytes, %v; want those of the plain file", len(got), err)
			}
			if len(packed) >= len(plain) || z.Header.Get("ETag") == r.Header.Get("ETag") {
				t.Errorf("%d bytes for %d, tags %s and %s", len(packed), len(plain), z.Header.Get("ETag"), r.Header.Get("ETag"))
			}

			for _, x := range []*http.Response{r, z} {
				coding := x.Header.Get("Content-Encoding")
				for _, match := range []string{x.Header.Get("ETag"), `"other", W/` + x.Header.Get("ETag"), "*"} {
					n := ask(t, "GET", path, "Accept-Encoding", coding, "If-None-Match", match)
					if got := body(t, n); n.StatusCode != http.StatusNotModified || len(got) != 0 || n.Header.Get("Content-Encoding") != "" || n.Header.Get("ETag") != x.Header.Get("ETag") {
						t.Errorf("If-None-Match %s: status %d, %d bytes, encoding %q", match, n.StatusCode, len(got), n.Header.Get("Content-Encoding"))
					}
				}
			}
			if n := ask(t, "GET", path, "If-None-Match", `"other"`); n.StatusCode != http.StatusOK {
				t.Errorf("another tag: status %d", n.StatusCode)
			}
		})
	}
}

func TestEncodingRefused(t *testing.T) {
	for _, accept := range []string{"", "identity", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"} {
		if r := ask(t, "GET", "/app.js", "Accept-Encoding", accept); r.Header.Get("Content-Encoding") != "" {
			t.Errorf("Accept-Encoding %q: %s", accept, r.Header.Get("Content-Encoding"))
		}
	}
	for _, accept := range []string{"gzip", "deflate, gzip;q=0.5", "GZIP", "*"} {
		if r := ask(t, "GET", "/app.js", "Accept-Encoding", accept); r.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding %q: not packed", accept)
		}
	}
}

func TestViews(t *testing.T) {
	page := body(t, ask(t, "GET", "/"))
	for _, path := range []string{"/events", "/events?q=%3Cscript%3E", "/tail", "/logs", "/login", "/e/bedrock/System/5", "/e/bedrock/a%2Fb/5"} {
		r := ask(t, "GET", path)
		if got := body(t, r); r.StatusCode != http.StatusOK || !bytes.Equal(got, page) || r.Header.Get("Content-Security-Policy") != web.Policy {
			t.Errorf("%s: status %d, %d bytes", path, r.StatusCode, len(got))
		}
	}
	for _, path := range []string{"/event", "/events/", "/events/x", "/e", "/dist/app.js", "/index.html/", "/../web.go", "/v1/about", "/app.js.map", "/src/main.tsx", "/%00"} {
		r := ask(t, "GET", path)
		if r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", path, r.StatusCode)
		}
	}
}

func TestMethods(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE"} {
		r := ask(t, method, "/")
		if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d, allow %q", method, r.StatusCode, r.Header.Get("Allow"))
		}
	}
}

// TestPolicy keeps the policy from becoming weaker by and by.
func TestPolicy(t *testing.T) {
	for _, must := range []string{"default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"} {
		if !strings.Contains(web.Policy, must) {
			t.Errorf("%s is not in %s", must, web.Policy)
		}
	}
	for _, mustNot := range []string{"unsafe", "http:", "https:", "*", "blob:"} {
		if strings.Contains(web.Policy, mustNot) {
			t.Errorf("%s is in %s", mustNot, web.Policy)
		}
	}
}

// TestLoad is what a browser gets before it can show the page.
func TestLoad(t *testing.T) {
	const most = 100_000
	sum := 0
	for path := range files {
		if path != "/licenses.txt" {
			sum += len(body(t, ask(t, "GET", path, "Accept-Encoding", "gzip")))
		}
	}
	if sum > most {
		t.Errorf("the page has %d bytes, compressed: more than %d", sum, most)
	}
	t.Logf("%d bytes", sum)
}

// TestSource looks for what makes markup, code or addresses of strings: the policy
// forbids it, and nobody shall have to find out in a browser.
func TestSource(t *testing.T) {
	never := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySet|\beval\(|new Function|srcdoc|createContextualFragment|DOMParser|style=`)
	sources, err := filepath.Glob("src/*.ts*")
	if err != nil || len(sources) < 10 {
		t.Fatal(len(sources), err)
	}
	for _, name := range sources {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := never.Find(text); found != nil {
			t.Errorf("%s has %s", name, found)
		}
	}
}

// TestLicenses holds what goes with the page to the licences of what is in it.
func TestLicenses(t *testing.T) {
	names, err := filepath.Glob("vendor/*/LICENSE")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var want bytes.Buffer
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&want, "== %s ==\n\n%s\n", filepath.Base(filepath.Dir(name)), bytes.TrimSpace(text))
		want.WriteByte('\n')
	}
	const file = "dist/licenses.txt"
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not what vendor has: go test ./web -run TestLicenses -update", file)
	}
}
