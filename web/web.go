package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed dist
var dist embed.FS

// Policy is the Content-Security-Policy of the page: its own files and nothing
// else, no markup made of strings, no frame around it.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// kinds are those of the page's files; what a system says of endings is not asked.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// asset is a file of the page as it is sent.
type asset struct {
	plain, gzipped []byte
	kind, tag      string
}

// assets are made when they are first asked for: a netelf that shows no page pays
// nothing for it.
var assets = sync.OnceValue(func() map[string]*asset {
	all := map[string]*asset{}
	err := fs.WalkDir(dist, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		a := &asset{plain: text, kind: kinds[path.Ext(name)], tag: base64.RawURLEncoding.EncodeToString(sum[:12])}
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a good one
		_, _ = z.Write(text)                                  // into memory
		_ = z.Close()
		if b.Len() < len(text) {
			a.gzipped = b.Bytes()
		}
		all[strings.TrimPrefix(name, "dist/")] = a
		return nil
	})
	if err != nil {
		panic(err) // the files are in the program
	}
	return all
})

// views are the paths that the page itself understands. Whoever loads one of them
// gets the page.
var views = []string{"/events", "/tail", "/e/", "/logs", "/login"}

// Handler answers for the page's files and for the addresses of its views.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page can only be read", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "" || isView(r.URL.Path) {
			name = "index.html"
		}
		a := assets()[name]
		if a == nil {
			http.NotFound(w, r)
			return
		}
		a.serve(w, r)
	})
}

func isView(p string) bool {
	for _, v := range views {
		if p == v || strings.HasSuffix(v, "/") && strings.HasPrefix(p, v) {
			return true
		}
	}
	return false
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", Policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "no-cache") // kept, and asked for again by its tag
	h.Set("Vary", "Accept-Encoding")
	body, tag := a.plain, `"`+a.tag+`"`
	zipped := a.gzipped != nil && takesGzip(r.Header.Get("Accept-Encoding"))
	if zipped {
		body, tag = a.gzipped, `"`+a.tag+`-z"`
	}
	h.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if zipped {
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // whoever left needs nothing more
	}
}

// takesGzip says whether a header Accept-Encoding has gzip (RFC 9110, 12.5.3).
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if coding = strings.TrimSpace(coding); coding != "*" && !strings.EqualFold(coding, "gzip") {
			continue
		}
		_, q, weighted := strings.Cut(weight, "=")
		n, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return !weighted || err == nil && n > 0
	}
	return false
}

// matches says whether a header If-None-Match names a tag.
func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if part = strings.TrimSpace(part); part == "*" || strings.TrimPrefix(part, "W/") == tag {
			return true
		}
	}
	return false
}
